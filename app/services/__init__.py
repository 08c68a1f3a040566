"""One use case a file. A service opens its own transactions; nothing here knows HTTP or Celery."""
