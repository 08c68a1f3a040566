"""Secrets that must be read again (a webhook's, to sign with it) as they stand in the database: encrypted.

Fernet (AES-128-CBC with HMAC-SHA256) under a key that HKDF-SHA256 derives from the farm's secret, so that a copy of the
database alone signs nothing. All hosts of a farm have the same secret already, for signed downloads.
"""

from __future__ import annotations

import base64

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.domain.errors import ServiceUnavailable

PURPOSE = b"sceneworks webhook secrets"


class SealBroken(ServiceUnavailable):
    """What was sealed under another SCENEWORKS_SECRET, or altered, cannot be read."""

    code = "SECRET_UNREADABLE"


class Sealer:
    """Seals and opens under the farm's secret."""

    def __init__(self, secret: bytes) -> None:
        key = HKDF(algorithm=SHA256(), length=32, salt=None, info=PURPOSE).derive(secret)
        self._fernet = Fernet(base64.urlsafe_b64encode(key))

    def seal(self, plain: str) -> str:
        return self._fernet.encrypt(plain.encode()).decode("ascii")

    def open(self, sealed: str) -> str:
        """SealBroken when it was sealed under another secret."""
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken:
            raise SealBroken(
                "A secret in the database was sealed under another SCENEWORKS_SECRET than this process has."
            ) from None
