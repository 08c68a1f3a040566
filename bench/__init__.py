"""Side-by-side benchmarks: each compares in one run, and prints one JSON object, last, with `--json`."""
