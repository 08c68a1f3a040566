"""Settings, logging and data files that operators edit. Reads the environment; imports nothing of the product."""
