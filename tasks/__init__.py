"""Celery tasks: unpack an id, call one service. No rules, no database."""
