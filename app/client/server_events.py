"""Server-sent events: bytes, in whatever pieces they arrive, to events.

After the WHATWG's "Server-sent events" (HTML standard, section 9.2.6). The `retry` field is
left out: how soon to come back is decided by `patience.py`.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

# A CR at the very end may be the first half of a CRLF whose second half is still on its way.
LINE_END = re.compile(r"\r\n|\n|\r(?!\Z)")


@dataclass(frozen=True)
class ServerEvent:
    """`id` is the last one the stream has named, this event's or an earlier one's; empty before the first."""

    id: str
    type: str
    data: str


class EventReader:
    """Takes one stream's bytes and gives its events as they become complete."""

    def __init__(self, last_id: str = "") -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")(errors="replace")
        self._rest = ""
        self._last_id = last_id
        self._type = ""
        self._data: list[str] = []

    def feed(self, chunk: bytes) -> list[ServerEvent]:
        *lines, self._rest = LINE_END.split(self._rest + self._decoder.decode(chunk))
        return [event for line in lines if (event := self._take(line)) is not None]

    @property
    def last_id(self) -> str:
        """The last id that the stream has named, with an event or alone."""
        return self._last_id

    def _take(self, line: str) -> ServerEvent | None:
        """One line; comments (the heartbeats) and unknown fields are passed over."""
        if not line:
            event = ServerEvent(self._last_id, self._type or "message", "\n".join(self._data)) if self._data else None
            self._type, self._data = "", []
            return event
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            self._data.append(value)
        elif field == "event":
            self._type = value
        elif field == "id" and "\0" not in value:
            self._last_id = value
        return None
