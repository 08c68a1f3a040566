"""Bytes in a folder: whole or not at all, once, and nothing half-written left for ever."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.domain.errors import NotFound, ServiceUnavailable, TransientError
from app.storage.local import ABANDONED_AFTER_S, FORGOTTEN_AFTER_S, LocalStorage


@pytest.fixture
def storage(tmp_path: Path) -> LocalStorage:
    return LocalStorage(tmp_path / "storage")


def source_of(folder: Path, content: bytes) -> Path:
    file = folder / "source"
    file.write_bytes(content)
    return file


def test_bytes_come_back_under_their_hash_and_are_kept_once(storage: LocalStorage, tmp_path: Path) -> None:
    blobs = [storage.put(source_of(tmp_path, b"rain"), "text/plain") for _ in range(2)]
    assert {blob.sha256 for blob in blobs} == {hashlib.sha256(b"rain").hexdigest()}
    assert storage.path(blobs[0].sha256).read_bytes() == b"rain"
    assert [path.name for path in storage.root.rglob("*") if path.is_file()] == [blobs[0].sha256]


@pytest.mark.parametrize("size_bytes", [0, 3, 5])
def test_a_file_of_another_size_does_not_count_and_is_mended_by_the_next_put(
    storage: LocalStorage, tmp_path: Path, size_bytes: int
) -> None:
    blob = storage.put(source_of(tmp_path, b"rain"), "text/plain")
    assert storage.has(blob.sha256, blob.size_bytes)
    os.truncate(storage.path(blob.sha256), size_bytes)
    assert not storage.has(blob.sha256, blob.size_bytes)
    assert storage.put(source_of(tmp_path, b"rain"), "text/plain") == blob
    assert storage.has(blob.sha256, blob.size_bytes)
    assert storage.path(blob.sha256).read_bytes() == b"rain"


def test_a_storage_that_is_away_does_not_say_that_bytes_are_lost(storage: LocalStorage) -> None:
    with pytest.raises(ServiceUnavailable):
        storage.path("0" * 64)


def test_what_is_not_there_is_not_found(storage: LocalStorage) -> None:
    storage.check()
    assert not storage.has("0" * 64, 0)
    for name in ("0" * 64, "../../etc/passwd"):
        with pytest.raises(NotFound):
            storage.path(name)


def test_a_source_that_cannot_be_read_leaves_nothing_behind(storage: LocalStorage, tmp_path: Path) -> None:
    with pytest.raises(Exception, match="cannot be written"):
        storage.put(tmp_path / "missing", "text/plain")
    assert [path for path in storage.root.rglob("*") if path.is_file()] == []


def test_a_sweep_removes_what_was_abandoned_and_nothing_that_is_being_written(storage: LocalStorage) -> None:
    storage.check()
    incoming = storage.root / "incoming"
    abandoned, fresh = incoming / "abandoned", incoming / "fresh"
    for file in (abandoned, fresh):
        file.write_bytes(b"half")
    long_ago = time.time() - ABANDONED_AFTER_S - 60
    os.utime(abandoned, (long_ago, long_ago))
    assert storage.sweep() == 1
    assert list(incoming.iterdir()) == [fresh]


def test_a_note_is_replaced_whole_and_dropped(storage: LocalStorage) -> None:
    key = "a" * 64
    assert storage.read_note(key) is None
    for content in (b"first", b"second"):
        storage.note(key, content)
    assert storage.read_note(key) == b"second"
    for _ in range(2):
        storage.drop_note(key)
    assert [path for path in storage.root.rglob("*") if path.is_file()] == []
    with pytest.raises(NotFound):
        storage.note("../../etc/passwd", b"")


def test_a_note_that_nobody_has_dropped_goes_after_a_month(storage: LocalStorage) -> None:
    old, young = "a" * 64, "b" * 64
    for key, age_s in ((old, FORGOTTEN_AFTER_S + 60), (young, FORGOTTEN_AFTER_S - 3600)):
        storage.note(key, b"received")
        os.utime(storage.root / "notes" / key, (time.time() - age_s,) * 2)
    assert storage.sweep() == 1
    assert (storage.read_note(old), storage.read_note(young)) == (None, b"received")


def test_bytes_are_removed_when_nobody_has_put_them_for_a_while(storage: LocalStorage, tmp_path: Path) -> None:
    blob = storage.put(source_of(tmp_path, b"rain"), "text/plain")
    assert not storage.remove(blob.sha256, 3600.0)
    age(storage.path(blob.sha256), 3660.0)
    storage.put(source_of(tmp_path, b"rain"), "text/plain")
    assert not storage.remove(blob.sha256, 3600.0)
    assert storage.path(blob.sha256).read_bytes() == b"rain"
    age(storage.path(blob.sha256), 3660.0)
    # Who removes them once more finds that they are gone.
    for _ in range(2):
        assert storage.remove(blob.sha256, 3600.0)
    assert [path for path in storage.root.rglob("*") if path.is_file()] == []


def test_a_storage_that_is_away_does_not_say_that_bytes_are_removed(storage: LocalStorage) -> None:
    with pytest.raises(TransientError):
        storage.remove("0" * 64, 0.0)


def test_bytes_that_are_put_while_they_are_removed_are_there_afterwards(storage: LocalStorage, tmp_path: Path) -> None:
    source = source_of(tmp_path, b"rain")
    blob = storage.put(source, "text/plain")
    place, rounds = storage.path(blob.sha256), 3000
    began_s = time.perf_counter()
    storage.put(source, "text/plain")
    put_takes_s = time.perf_counter() - began_s
    met = threading.Barrier(2)

    def put() -> None:
        met.wait()
        storage.put(source, "text/plain")

    with ThreadPoolExecutor(1) as pool:
        for moment in range(rounds):
            age(place, 3660.0)
            done = pool.submit(put)
            met.wait()
            # Each time a little later, until every moment of a put has been met.
            until_s = time.perf_counter() + moment / rounds * put_takes_s * 1.5
            while time.perf_counter() < until_s:
                time.sleep(0)
            storage.remove(blob.sha256, 3600.0)
            done.result()
            assert storage.has(blob.sha256, blob.size_bytes)


def age(file: Path, age_s: float) -> None:
    os.utime(file, (time.time() - age_s,) * 2)
