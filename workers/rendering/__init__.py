"""The parts of scripts/render, one idea a file. Nothing here knows the database or Celery:
the command speaks to a farm over HTTP, as every other client does.
"""
