"""Artifacts in a folder, on one host's disk or on one that every host of the farm mounts."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import tempfile
from pathlib import Path
from typing import BinaryIO

from app.domain.errors import NotFound, ServiceUnavailable, StorageFull, TransientError
from app.storage.protocol import Blob

CHUNK_BYTES = 1024 * 1024
IS_SHA256 = re.compile(r"[0-9a-f]{64}")


class LocalStorage:
    """`<root>/ab/cd/<sha256>`; a file appears under its name whole, synced, or not at all."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._incoming = root / "incoming"

    def put(self, source: Path, media_type: str) -> Blob:
        digest = hashlib.sha256()
        size_bytes = 0
        try:
            self._incoming.mkdir(parents=True, exist_ok=True)
            descriptor, temp_name = tempfile.mkstemp(dir=self._incoming)
            try:
                with open(descriptor, "wb") as target, open(source, "rb") as data:
                    while chunk := data.read(CHUNK_BYTES):
                        digest.update(chunk)
                        size_bytes += len(chunk)
                        target.write(chunk)
                    target.flush()
                    os.fsync(target.fileno())
                blob = Blob(digest.hexdigest(), size_bytes, media_type)
                final = self._place(blob.sha256)
                if final.exists():
                    os.unlink(temp_name)
                    return blob
                final.parent.mkdir(parents=True, exist_ok=True)
                os.chmod(temp_name, 0o644)
                os.replace(temp_name, final)
                sync_folder(final.parent)
                return blob
            except BaseException:
                Path(temp_name).unlink(missing_ok=True)
                raise
        except OSError as error:
            raise storage_error(error) from error

    def has(self, sha256: str) -> bool:
        return self._place(sha256).is_file()

    def path(self, sha256: str) -> Path:
        place = self._place(sha256)
        if not place.is_file():
            raise NotFound("These bytes are not in storage.", sha256=sha256)
        return place

    def open(self, sha256: str) -> BinaryIO:
        return open(self.path(sha256), "rb")

    def check(self) -> None:
        try:
            self._incoming.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self._incoming) as probe:
                probe.write(b"\0" * 4096)
                probe.flush()
        except OSError as error:
            raise ServiceUnavailable(f"Nothing can be stored now: {error.strerror}.") from error

    def _place(self, sha256: str) -> Path:
        if not IS_SHA256.fullmatch(sha256):
            raise NotFound("This is not the name of stored bytes.")
        return self.root / sha256[:2] / sha256[2:4] / sha256


def storage_error(error: OSError) -> TransientError:
    """An OS error while writing, in the product's words."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageFull("The storage is full. Free some space; the work resumes by itself.")
    return TransientError(f"The storage cannot be written: {error.strerror}.")


def sync_folder(folder: Path) -> None:
    """Make a rename inside `folder` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
