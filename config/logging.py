"""Logs as events with keys: one line each, for people or as JSON, without secrets.

    configure_logging(settings)     once in each process
    log = structlog.get_logger()
    log.info("step_finished", job_id=…, elapsed_s=…)

What is bound with `structlog.contextvars` (the correlation id) is on every line. Lines that libraries
write through the standard library take the same way.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from config.redaction import hide_own, redact
from config.settings import Settings

# Of these the lines below warning are about their own works, not about ours.
CHATTY = ("urllib3", "httpx", "httpcore", "openai", "PIL", "numba", "kombu", "amqp", "werkzeug")

# What could end a line, move the cursor or colour the terminal of whoever reads the log.
_NAMED = {ord("\n"): "\\n", ord("\r"): "\\r", ord("\t"): "\\t"}
_CONTROLS = {
    code: f"\\u{code:04x}" for code in (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029, *range(0xD800, 0xE000))
} | _NAMED


def configure_logging(settings: Settings, stream: TextIO = sys.stdout) -> None:
    """Send every log line of this process to `stream`, as `settings` want them. Calling it again starts over."""
    hide_own([settings.api_key, settings.openai_api_key])
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        without_secrets,
    ]
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_rendering(settings.log_format, stream),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in CHATTY:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))


def _rendering(log_format: str, stream: TextIO) -> list[Processor]:
    if log_format == "json":
        return [structlog.processors.JSONRenderer()]
    # Tracebacks are text already, so the renderer must not print them a second time in its own way.
    renderer = structlog.dev.ConsoleRenderer(
        colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback, pad_event_to=24
    )
    return [on_one_line, renderer]


def without_secrets(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Every text in the event, however deep, without API keys, webhook secrets and passwords."""
    return {key: _in_texts(value, redact) for key, value in event.items()}


def on_one_line(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """No value can start a line of its own and pass for another event; the traceback, which is ours, may."""
    return {
        key: value if key == "exception" else _in_texts(value, lambda text: text.translate(_CONTROLS))
        for key, value in event.items()
    }


def _in_texts(value: Any, change: Callable[[str], str]) -> Any:
    match value:
        case str():
            return change(str(value))
        case dict():
            return {_in_texts(key, change): _in_texts(item, change) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_in_texts(item, change) for item in value]
        case None | bool() | int() | float():
            return value
        case _ if isinstance(value, logging.LogRecord):
            return value
    return change(repr(value))
