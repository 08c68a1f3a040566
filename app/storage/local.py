"""Artifacts in a folder, on one host's disk or on one that every host of the farm mounts."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import tempfile
import time
from pathlib import Path
from typing import BinaryIO

from app.domain.errors import NotFound, ServiceUnavailable, StorageFull, TransientError
from app.storage.protocol import Blob

CHUNK_BYTES = 1024 * 1024
# Nobody takes a day to write a file; a whole one, for another host's clock may be off by hours.
ABANDONED_AFTER_S = 86_400.0
FORGOTTEN_AFTER_S = 30 * 86_400.0
IS_SHA256 = re.compile(r"[0-9a-f]{64}")


class LocalStorage:
    """`<root>/ab/cd/<sha256>`; a file appears under its name whole, synced, or not at all."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._incoming = root / "incoming"
        self._notes = root / "notes"

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
                # One of another size was cut short by a failing disk or a copy: these bytes mend it.
                if _size_bytes(final) == size_bytes and _is_renewed(final):
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

    def remove(self, sha256: str, untouched_for_s: float) -> bool:
        place = self._place(sha256)
        try:
            # The folder is not made: where it is missing the disk is not mounted, and says nothing about its bytes.
            descriptor, aside_name = tempfile.mkstemp(dir=self._incoming)
            os.close(descriptor)
            aside = Path(aside_name)
            try:
                # By the clock that gives files their times, which on a network disk is not this host's.
                touched_by_s = aside.stat().st_mtime - untouched_for_s
                if place.stat().st_mtime > touched_by_s:
                    return False
                # Moved first and looked at again: a put may have found it between the look and the removal.
                os.replace(place, aside)
                if aside.stat().st_mtime > touched_by_s:
                    os.replace(aside, place)
                    return False
                return True
            except FileNotFoundError:
                return True
            finally:
                aside.unlink(missing_ok=True)
        except OSError as error:
            raise storage_error(error) from error

    def has(self, sha256: str, size_bytes: int) -> bool:
        return _size_bytes(self._place(sha256)) == size_bytes

    def path(self, sha256: str) -> Path:
        place = self._place(sha256)
        try:
            if _size_bytes(place) is not None:
                return place
            # All of it missing is a disk that is not mounted, not bytes that are lost.
            self.root.stat()
        except OSError as error:
            raise ServiceUnavailable(f"The storage cannot be read now: {error.strerror}.") from error
        raise NotFound("These bytes are not in storage.", sha256=sha256)

    def open(self, sha256: str) -> BinaryIO:
        return open(self.path(sha256), "rb")

    def note(self, key: str, content: bytes) -> None:
        # Not synced: it outlives its process, and after a power cut it may be gone or empty.
        place = self._note_place(key)
        try:
            for folder in (self._incoming, self._notes):
                folder.mkdir(parents=True, exist_ok=True)
            descriptor, temp_name = tempfile.mkstemp(dir=self._incoming)
            try:
                with open(descriptor, "wb") as target:
                    target.write(content)
                os.replace(temp_name, place)
            except BaseException:
                Path(temp_name).unlink(missing_ok=True)
                raise
        except OSError as error:
            raise storage_error(error) from error

    def read_note(self, key: str) -> bytes | None:
        try:
            return self._note_place(key).read_bytes()
        except FileNotFoundError:
            return None

    def drop_note(self, key: str) -> None:
        self._note_place(key).unlink(missing_ok=True)

    def check(self) -> None:
        try:
            self._incoming.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self._incoming) as probe:
                probe.write(b"\0" * 4096)
                probe.flush()
        except OSError as error:
            raise ServiceUnavailable(f"Nothing can be stored now: {error.strerror}.") from error

    def sweep(self) -> int:
        removed = 0
        for folder, after_s in ((self._incoming, ABANDONED_AFTER_S), (self._notes, FORGOTTEN_AFTER_S)):
            for leftover in folder.glob("*"):
                with contextlib.suppress(FileNotFoundError):
                    if time.time() - leftover.stat().st_mtime > after_s:
                        leftover.unlink()
                        removed += 1
        return removed

    def _place(self, sha256: str) -> Path:
        return self.root / sha256[:2] / sha256[2:4] / _checked(sha256)

    def _note_place(self, key: str) -> Path:
        return self._notes / _checked(key)


def _size_bytes(place: Path) -> int | None:
    try:
        return place.stat().st_size
    except FileNotFoundError:
        return None


def _is_renewed(place: Path) -> bool:
    """Whether the file has now as its time. One that was removed meanwhile has not, nor has another user's."""
    try:
        os.utime(place)
    except (FileNotFoundError, PermissionError):
        return False
    return True


def _checked(sha256: str) -> str:
    if not IS_SHA256.fullmatch(sha256):
        raise NotFound("This is not the name of stored bytes.")
    return sha256


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
