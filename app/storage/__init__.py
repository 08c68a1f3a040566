"""Content-addressed bytes: a file is named by the SHA-256 of what it holds, so it never changes."""
