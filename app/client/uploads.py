"""A file as a multipart form, streamed from the disk: a long film score need not fit in memory."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.client.errors import FileUnreadable

CHUNK_BYTES = 256 * 1024


@dataclass(frozen=True)
class FileForm:
    """One form field `file`. `chunks()` may be called again for another try."""

    path: Path
    size_bytes: int
    boundary: str

    @property
    def headers(self) -> dict[str, str]:
        length = len(self._head()) + self.size_bytes + len(self._tail())
        return {"Content-Type": f"multipart/form-data; boundary={self.boundary}", "Content-Length": str(length)}

    def chunks(self) -> Iterator[bytes]:
        """The body. Raises FileUnreadable, also when the file is no longer as long as it was."""
        yield self._head()
        left = self.size_bytes
        try:
            with self.path.open("rb") as file:
                while left and (chunk := file.read(min(CHUNK_BYTES, left))):
                    left -= len(chunk)
                    yield chunk
        except OSError as error:
            raise FileUnreadable(f"{self.path} cannot be read: {reason(error)}.") from error
        if left:
            raise FileUnreadable(f"{self.path} became shorter while it was sent.")
        yield self._tail()

    def _head(self) -> bytes:
        # Escaped as browsers do it; a name that is not valid UTF-8 must not keep its file from being sent.
        name = os.fsencode(self.path.name).decode("utf-8", errors="replace")
        for character, escape in (('"', "%22"), ("\r", "%0D"), ("\n", "%0A")):
            name = name.replace(character, escape)
        disposition = f'Content-Disposition: form-data; name="file"; filename="{name}"'
        return f"--{self.boundary}\r\n{disposition}\r\nContent-Type: application/octet-stream\r\n\r\n".encode()

    def _tail(self) -> bytes:
        return f"\r\n--{self.boundary}--\r\n".encode()


def form_of(path: Path) -> FileForm:
    """Raises FileUnreadable when there is no such file."""
    try:
        return FileForm(path, path.stat().st_size, boundary=secrets.token_hex(16))
    except OSError as error:
        raise FileUnreadable(f"{path} cannot be read: {reason(error)}.") from error


def reason(error: OSError) -> str:
    """What the system says, as the end of a sentence."""
    said = error.strerror or str(error)
    return said[:1].lower() + said[1:]
