"""Signatures as the Standard Webhooks specification has them (https://www.standardwebhooks.com).

What is signed is `id.timestamp.body`, by HMAC-SHA256 under the bytes that the secret stands for; a signature reads
`v1,` and its base64.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence

PREFIX = "whsec_"
VERSION = "v1"
OWN_BYTES = 32
FEWEST_BYTES, MOST_BYTES = 24, 64
ID_HEADER, TIMESTAMP_HEADER, SIGNATURE_HEADER = "webhook-id", "webhook-timestamp", "webhook-signature"
TOLERANCE_S = 300


def new_secret() -> str:
    """`whsec_` and the base64 of 32 random bytes."""
    return PREFIX + base64.b64encode(secrets.token_bytes(OWN_BYTES)).decode("ascii")


def check_secret(text: str) -> str:
    """A secret that somebody brings, with its `whsec_`. ValueError, in words for people, when it cannot be one."""
    if f"{VERSION}," in text:
        raise ValueError("This is a signature and no secret: a secret is whsec_ and base64.")
    encoded = text.removeprefix(PREFIX)
    try:
        size = len(base64.b64decode(encoded, validate=True))
    except (binascii.Error, ValueError):
        raise ValueError("A secret is whsec_ and the base64 of 24 to 64 bytes; this is not base64.") from None
    if not FEWEST_BYTES <= size <= MOST_BYTES:
        raise ValueError(f"A secret is whsec_ and the base64 of 24 to 64 bytes; these are {size}.")
    return PREFIX + encoded


def sign(keys: Sequence[str], message_id: str, timestamp_s: int, body: bytes) -> str:
    """The header `webhook-signature`: a signature under each of the secrets, in their order, one space between."""
    content = f"{message_id}.{timestamp_s}.".encode() + body
    return " ".join(f"{VERSION},{_signature(key, content)}" for key in keys)


def verify(key: str, headers: Mapping[str, str], body: bytes, now_s: float) -> None:
    """ValueError, in words for people, unless one of the signatures is of this secret and the timestamp is of now.

    `headers` by their names in lower case. For a receiver of our own; customers have the public libraries.
    """
    missing = [name for name in (ID_HEADER, TIMESTAMP_HEADER, SIGNATURE_HEADER) if name not in headers]
    if missing:
        raise ValueError(f"there is no header {missing[0]}")
    timestamp = headers[TIMESTAMP_HEADER]
    if not (timestamp.isascii() and timestamp.isdigit()):
        raise ValueError("the timestamp is no number of seconds")
    if abs(now_s - int(timestamp)) > TOLERANCE_S:
        raise ValueError(f"the timestamp is more than {TOLERANCE_S} seconds away")
    wanted = sign([key], headers[ID_HEADER], int(timestamp), body)
    if not any(hmac.compare_digest(wanted.encode(), given.encode()) for given in headers[SIGNATURE_HEADER].split(" ")):
        raise ValueError("no signature is of this secret")


def _signature(key: str, content: bytes) -> str:
    digest = hmac.new(base64.b64decode(key.removeprefix(PREFIX)), content, hashlib.sha256).digest()
    return base64.b64encode(digest).decode("ascii")
