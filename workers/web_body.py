"""The body of a request as gunicorn reads it: one that breaks HTTP's own rules is the caller's fault, and said so.

Behind an answer gunicorn reads away what is left of a body, but no more than 64 KiB; beyond that it closes a connection
whose answer has just said that it stays open, and the caller's next request dies with it. So such an answer says close.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, BinaryIO, TypeVar

from gunicorn.http.errors import NoMoreData, ParseException

from app.api.problems import MalformedBody

T = TypeVar("T")

# A size of a chunk that is none, a chunk that does not end; and a caller that has gone in the middle of one.
FAULTS = (ParseException, NoMoreData)
# Well below what gunicorn reads away by itself.
MOST_LEFT_BYTES = 32 * 1024


class ReadableBody:
    """A file as WSGI wants it; MalformedBody where gunicorn cannot read on. `length_bytes` None: it is in chunks."""

    def __init__(self, body: BinaryIO, length_bytes: int | None) -> None:
        self._body = body
        self._length_bytes = length_bytes
        self._read_bytes = 0
        self._is_at_end = False

    @property
    def leaves_much(self) -> bool:
        """Whether more is unread than the server reads away; of chunks nobody knows before the last."""
        if self._is_at_end:
            return False
        return self._length_bytes is None or self._length_bytes - self._read_bytes > MOST_LEFT_BYTES

    def read(self, *size_bytes: int) -> bytes:
        return self._counted(_translated(self._body.read, *size_bytes), size_bytes)

    def readline(self, *size_bytes: int) -> bytes:
        return self._counted(_translated(self._body.readline, *size_bytes), size_bytes)

    def readlines(self, *hint_bytes: int) -> list[bytes]:
        lines = _translated(self._body.readlines, *hint_bytes)
        self._counted(b"".join(lines), hint_bytes)
        return lines

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readline, b"")

    def _counted(self, piece: bytes, asked: tuple[int, ...]) -> bytes:
        self._read_bytes += len(piece)
        # Asked for no bytes it gives none at any place.
        self._is_at_end = self._is_at_end or (not piece and asked != (0,))
        return piece


def with_readable_bodies(application: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    """A WSGI application that gets its bodies so, and whose answers say when the connection ends with them."""

    def call(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        body = environ["wsgi.input"] = ReadableBody(environ["wsgi.input"], _length_bytes(environ))

        def start(*answer: Any) -> Any:
            if body.leaves_much:
                # Gunicorn's own response; a header `Connection` of the application's it would pass over.
                start_response.__self__.force_close()
            return start_response(*answer)

        return application(environ, start)

    return call


def _length_bytes(environ: dict[str, Any]) -> int | None:
    """None for chunks; a request that names neither has no body."""
    if "HTTP_TRANSFER_ENCODING" in environ:
        return None
    return int(environ.get("CONTENT_LENGTH") or 0)


def _translated(read: Callable[..., T], *arguments: int) -> T:
    try:
        return read(*arguments)
    except FAULTS as error:
        raise MalformedBody("The body breaks off, or is not in chunks as its Transfer-Encoding says.") from error
