"""Pure rules: states, plans, policies, text and time. Standard library only.

Nothing here reads a clock, a file, the environment or a database.
"""
