"""The long soak: `scripts/chaos`. Faults at random while jobs flow, and a verdict on what must hold."""
