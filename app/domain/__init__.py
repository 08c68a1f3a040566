"""Pure rules: states, plans, policies, text and time. Standard library only, but for ICU and BudouX (0017).

Nothing here reads a clock, a file, the environment or a database.
"""
