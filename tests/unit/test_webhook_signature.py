"""Signatures as the specification has them: held against its vector and both public libraries."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest
import standardwebhooks
import svix
from hypothesis import assume, given
from hypothesis import strategies as st

from app.domain.webhook_signature import check_secret, new_secret, sign, verify

SECRET = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
VECTOR = ("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
KEYS = st.binary(min_size=24, max_size=64).map(lambda key: "whsec_" + base64.b64encode(key).decode())
IDS = st.text("abcdefghijkmnpqrstvwxyz0123456789", min_size=16, max_size=16).map("msg_".__add__)


def headers(message_id: str, timestamp_s: int, signature: str) -> dict[str, str]:
    return {"webhook-id": message_id, "webhook-timestamp": str(timestamp_s), "webhook-signature": signature}


def test_the_vector_of_the_specification() -> None:
    assert sign([SECRET], *VECTOR) == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(st.lists(KEYS, min_size=1, max_size=2), IDS, st.dictionaries(st.text(max_size=8), st.text(max_size=40)))
def test_what_is_signed_is_verified_by_the_public_libraries(keys: list[str], id_: str, told: dict[str, str]) -> None:
    now_s = int(datetime.now(UTC).timestamp())
    body = repr(told).encode("utf-8", "surrogatepass").hex().join('""').encode()
    sent = headers(id_, now_s, sign(keys, id_, now_s, body))
    assert "  " not in sent["webhook-signature"]
    for key in keys:
        standardwebhooks.Webhook(key).verify(body, sent)
        svix.Webhook(key).verify(body, sent)
        verify(key, sent, body, now_s)


@given(KEYS, KEYS)
def test_another_secret_verifies_nothing(key: str, other: str) -> None:
    # HMAC fills short keys up with zeros.
    assume(base64.b64decode(key[6:]).ljust(64, b"\0") != base64.b64decode(other[6:]).ljust(64, b"\0"))
    sent = headers("msg_a", 1000, sign([key], "msg_a", 1000, b"{}"))
    with pytest.raises(ValueError, match="no signature"):
        verify(other, sent, b"{}", 1000)


@pytest.mark.parametrize(
    ("changed", "body", "now_s", "why"),
    [
        ({}, b"{ }", 1000, "no signature"),
        ({"webhook-id": "msg_b"}, b"{}", 1000, "no signature"),
        ({"webhook-timestamp": "1001"}, b"{}", 1000, "no signature"),
        ({"webhook-timestamp": "soon"}, b"{}", 1000, "no number"),
        ({}, b"{}", 1301, "300 seconds"),
        ({}, b"{}", 699, "300 seconds"),
    ],
)
def test_what_was_altered_or_is_old_is_refused(changed: dict[str, str], body: bytes, now_s: int, why: str) -> None:
    key = new_secret()
    sent = headers("msg_a", 1000, sign([key], "msg_a", 1000, b"{}")) | changed
    with pytest.raises(ValueError, match=why):
        verify(key, sent, body, now_s)


def test_a_secret_of_ones_own() -> None:
    assert check_secret(SECRET) == f"whsec_{SECRET}" == check_secret(f"whsec_{SECRET}")
    assert check_secret(new_secret()).startswith("whsec_")
    assert len({new_secret() for _ in range(100)}) == 100


@pytest.mark.parametrize(
    "text", ["", "whsec_", "whsec_abc", "whsec_ä" * 8, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", "x" * 31]
)
def test_what_is_no_secret_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match="secret is whsec_"):
        check_secret(text)


@pytest.mark.parametrize("size", [23, 65])
def test_a_secret_of_another_length_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match=f"these are {size}"):
        check_secret("whsec_" + base64.b64encode(bytes(size)).decode())
