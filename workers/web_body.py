"""The body of a request as gunicorn reads it: one that breaks HTTP's own rules is the caller's fault, and said so."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, BinaryIO, TypeVar

from gunicorn.http.errors import NoMoreData, ParseException

from app.api.problems import MalformedBody

T = TypeVar("T")

# A size of a chunk that is none, a chunk that does not end; and a caller that has gone in the middle of one.
FAULTS = (ParseException, NoMoreData)


class ReadableBody:
    """A file as WSGI wants it; MalformedBody where gunicorn cannot read on."""

    def __init__(self, body: BinaryIO) -> None:
        self._body = body

    def read(self, *size_bytes: int) -> bytes:
        return _translated(self._body.read, *size_bytes)

    def readline(self, *size_bytes: int) -> bytes:
        return _translated(self._body.readline, *size_bytes)

    def readlines(self, *hint_bytes: int) -> list[bytes]:
        return _translated(self._body.readlines, *hint_bytes)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readline, b"")


def with_readable_bodies(application: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    """A WSGI application that gets its bodies so."""

    def call(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        environ["wsgi.input"] = ReadableBody(environ["wsgi.input"])
        return application(environ, start_response)

    return call


def _translated(read: Callable[..., T], *arguments: int) -> T:
    try:
        return read(*arguments)
    except FAULTS as error:
        raise MalformedBody("The body breaks off, or is not in chunks as its Transfer-Encoding says.") from error
