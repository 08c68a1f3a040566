"""Processes: what is started, how it is wired, and how it ends. No rules of the product."""
