"""Secrets that are read again stand encrypted in the database, and only under the farm's own secret."""

from __future__ import annotations

import pytest

from app.services.sealing import SealBroken, Sealer

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_what_is_sealed_is_read_again_and_shows_nothing() -> None:
    sealer = Sealer(b"of this farm")
    sealed = sealer.seal(SECRET)
    assert SECRET[6:] not in sealed
    assert sealed != sealer.seal(SECRET)
    assert Sealer(b"of this farm").open(sealed) == SECRET


def test_another_farm_reads_nothing() -> None:
    sealed = Sealer(b"of this farm").seal(SECRET)
    with pytest.raises(SealBroken, match="SCENEWORKS_SECRET"):
        Sealer(b"of another").open(sealed)


def test_what_was_altered_is_not_read() -> None:
    sealer = Sealer(b"of this farm")
    sealed = sealer.seal(SECRET)
    with pytest.raises(SealBroken):
        sealer.open(sealed[:-2] + ("AA" if sealed[-2:] != "AA" else "BB"))
