"""Passwords as Argon2id hashes. One check takes 64 MiB and tens of milliseconds of every core: that is its use."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

from app.domain.errors import ServiceUnavailable

# RFC 9106, section 4, the second recommended option.
HASHER = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)
# Strangers may ask for checks: more at once would be gigabytes, and slower for each of them.
AT_ONCE = 2
WAIT_S = 10.0

_places = threading.BoundedSemaphore(AT_ONCE)


@dataclass(frozen=True)
class Check:
    """`new_hash` is what to store instead, where the parameters have risen since."""

    is_right: bool
    new_hash: str | None = None


def hash_password(password: str, hasher: PasswordHasher = HASHER) -> str:
    """`password` as `app.domain.people.read_password` gives it; that of a check as `typed_password` does."""
    with _place():
        return hasher.hash(password)


def check_password(stored: str | None, password: str) -> Check:
    """With None, for a user who is not there or has no password, it takes as long, and is wrong."""
    with _place():
        try:
            HASHER.verify(_NOBODYS if stored is None else stored, password)
        except (VerificationError, InvalidHashError):
            return Check(False)
        if stored is None:
            return Check(False)
        return Check(True, HASHER.hash(password) if HASHER.check_needs_rehash(stored) else None)


@contextmanager
def _place() -> Iterator[None]:
    if not _places.acquire(timeout=WAIT_S):
        raise ServiceUnavailable("Too many passwords are being checked at once. Try again in a moment.")
    try:
        yield
    finally:
        _places.release()


def _nobodys_hash() -> str:
    """A hash with today's parameters that no password has, made without the work of making one."""
    of = RFC_9106_LOW_MEMORY
    salt, digest = "A" * -(-of.salt_len * 8 // 6), "A" * -(-of.hash_len * 8 // 6)
    return f"$argon2id$v={of.version}$m={of.memory_cost},t={of.time_cost},p={of.parallelism}${salt}${digest}"


_NOBODYS = _nobodys_hash()
