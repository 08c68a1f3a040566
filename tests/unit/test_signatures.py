"""Signed addresses: what they hold, how long they last, and that nothing of them can be changed."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from app.domain.errors import BadSignature
from app.domain.signatures import Signer

SIGNER = Signer(b"0" * 32, ttl_s=3600)
PATH = "/api/jobs/vid_1/artifacts/video.mp4"
NOW_S = 1_770_000_123.4


def parts_of(address: str) -> tuple[str, str, str]:
    parts = urlsplit(address)
    query = parse_qs(parts.query)
    return parts.path, query["expires"][0], query["signature"][0]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_an_address_is_good_for_the_time_that_was_said(method: str) -> None:
    path, expires, signature = parts_of(SIGNER.signed(PATH, 7, NOW_S))
    assert path == PATH
    assert NOW_S + 3600 <= int(expires) <= NOW_S + 3600 * 1.25
    for now in (NOW_S, NOW_S + 3599.9, int(expires) - 0.1):
        SIGNER.check(method, path, 7, expires, signature, now)
    with pytest.raises(BadSignature, match="out of date"):
        SIGNER.check(method, path, 7, expires, signature, int(expires))


def test_an_address_stays_the_same_for_a_quarter_of_its_time() -> None:
    addresses = [SIGNER.signed(PATH, 7, NOW_S + second) for second in range(3600)]
    assert len(set(addresses)) == 5
    assert addresses == sorted(addresses, key=lambda address: parts_of(address)[1])


@pytest.mark.parametrize(
    "changed",
    [
        {"method": "POST"},
        {"method": "DELETE"},
        {"path": "/api/jobs/vid_1/artifacts/poster.jpg"},
        {"path": "/api/jobs/vid_2/artifacts/video.mp4"},
        {"org_id": 8},
        {"org_id": 0},
        {"expires": "1779999999"},
        {"expires": ""},
        {"expires": "never"},
        {"expires": "9" * 400},
        {"signature": ""},
        {"signature": "0" * 64},
        {"signature": "é" * 64},
        {"signature": "\ud800"},
    ],
)
def test_nothing_of_it_can_be_changed(changed: dict[str, object]) -> None:
    path, expires, signature = parts_of(SIGNER.signed(PATH, 7, NOW_S))
    given = {"method": "GET", "path": path, "org_id": 7, "expires": expires, "signature": signature, **changed}
    with pytest.raises(BadSignature, match="not good"):
        SIGNER.check(**given, now_s=NOW_S)  # type: ignore[arg-type]


def test_another_secret_signs_otherwise_and_none_is_shown() -> None:
    path, expires, signature = parts_of(Signer(b"1" * 32, 3600).signed(PATH, 7, NOW_S))
    with pytest.raises(BadSignature):
        SIGNER.check("GET", path, 7, expires, signature, NOW_S)
    assert "0000" not in repr(SIGNER)
