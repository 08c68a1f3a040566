"""`scripts/keys`, part by part: its options, what each command does, how it tells of it. Nothing here speaks HTTP."""
