"""The log as a machine reads it, for tests."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from config.logging import configure_logging
from config.settings import load_settings


class LogLines:
    """What this process has logged since; `text` is all of it."""

    def __init__(self, stream: io.StringIO) -> None:
        self._stream = stream

    @property
    def text(self) -> str:
        return self._stream.getvalue()

    def of(self, event: str) -> list[dict[str, Any]]:
        return [line for line in lines_in(self.text.splitlines()) if line["event"] == event]


@contextmanager
def logged() -> Iterator[LogLines]:
    """The lines of the product's own logging in this process, for as long as the block."""
    stream = io.StringIO()
    configure_logging(load_settings({"LOG_FORMAT": "json"}), stream)
    try:
        yield LogLines(stream)
    finally:
        configure_logging(load_settings({}))


def lines_in(lines: Iterable[str]) -> list[dict[str, Any]]:
    """Those that are JSON objects: Celery and gunicorn print a few of their own before they know our logging."""
    return [json.loads(line) for line in lines if line.startswith("{")]
