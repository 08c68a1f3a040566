"""Gunicorn's configuration: `gunicorn --config python:config.gunicorn workers.web:application`.

WEB_WORKERS   processes (1); each has its own connections to the database
WEB_THREADS   requests that one process serves at a time (32); an open event stream is one of them
WEB_AT_ONCE   of those, how many it works on at once (3), in the order in which they came: see `workers.turns`
"""

from __future__ import annotations

import gc
from typing import Any

from gunicorn.glogging import Logger
from gunicorn.workers.base import Worker

from config.logging import configure_logging
from config.settings import Settings, load_settings


class FarmLogger(Logger):
    """Gunicorn's own lines in the farm's format; no access log, for the API writes one line a request itself."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True


def post_worker_init(worker: Worker) -> None:
    """Let a process that is stopping end its event streams, and leave threads for everything else beside them."""
    streams = worker.wsgi.extensions["streams"]
    streams.limit = max(1, threads * 3 // 4)
    streams.is_closing = lambda: not worker.alive
    # What the application is made of stays for good; a collection that need not look at it holds threads up for less.
    gc.collect()
    gc.freeze()


def bind_address(settings: Settings) -> str:
    """Gunicorn tells an IPv6 address by its brackets."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"{host}:{settings.port}"


_settings = load_settings()
configure_logging(_settings)

bind = bind_address(_settings)
workers = _settings.web_workers
threads = _settings.web_threads
# Gunicorn's threads: sync workers would serve one event stream and nothing else.
worker_class = "workers.web_worker.WebWorker"
# Streams end by themselves within a poll; what else runs longer than this is cut off, and is safe to be.
graceful_timeout = 3
keepalive = 15
loglevel = _settings.log_level
logger_class = FarmLogger
# Its place is one for all farms of a user, who would take it from each other.
control_socket_disable = True
