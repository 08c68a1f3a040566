"""What the product asks of a store of bytes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol, Self


@dataclass(frozen=True)
class Blob:
    """Stored bytes: their SHA-256 in hex, their number, and what they are."""

    sha256: str
    size_bytes: int
    media_type: str

    def to_json(self) -> dict[str, Any]:
        return {"sha256": self.sha256, "size_bytes": self.size_bytes, "media_type": self.media_type}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        return cls(value["sha256"], value["size_bytes"], value["media_type"])


class Storage(Protocol):
    def put(self, source: Path, media_type: str) -> Blob:
        """Store a file's bytes durably before returning; StorageFull when there is no room.

        What is stored under their name and has another size was damaged, and is replaced. Bytes that are there already
        count as touched now: `remove` leaves them alone for a while, in which their user can say that they are needed.
        """

    def remove(self, sha256: str, untouched_for_s: float) -> bool:
        """Remove them if no `put` has touched them for so long; whether they are gone, or were not there.

        Only for bytes that nobody needs, and safe beside a `put` of the very same ones, if from there to the row that
        needs them it is less than `untouched_for_s`. TransientError when storage cannot be changed now.
        """

    def has(self, sha256: str, size_bytes: int) -> bool:
        """Whether they are there, all of them; what is within is not looked at."""

    def path(self, sha256: str) -> Path:
        """A local, read-only file with the bytes; NotFound when there are none.

        ServiceUnavailable when nobody can say now whether they are there.
        """

    def open(self, sha256: str) -> BinaryIO:
        """The bytes, seekable; fails as `path` does."""

    def note(self, key: str, content: bytes) -> None:
        """Keep a few bytes, for a month at most, under a SHA-256 of the caller's choosing; StorageFull for no room.

        They appear whole or not at all, and survive the process, though perhaps no power cut.
        """

    def read_note(self, key: str) -> bytes | None: ...

    def drop_note(self, key: str) -> None:
        """Forget it; nothing happens when there is none."""

    def check(self) -> None:
        """Raise ServiceUnavailable, saying why, when nothing can be stored now."""

    def sweep(self) -> int:
        """Remove what writers that were killed have left half-written, and notes, long ago; how many files."""
