"""Addresses that carry their own permission: who has one may fetch that file for a while, without a key.

    <path>?expires=<epoch seconds>&signature=<HMAC-SHA-256, hex>

Signed are method, path, expiry and organisation, so that nothing of it can be changed or used elsewhere. The
organisation is not in the address: whoever checks it knows whose file the path names.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, field

from app.domain.errors import BadSignature

EXPIRES, SIGNATURE = "expires", "signature"
# Addresses change only so often within their time; else each look at an unchanged job would give it another ETag.
STEPS_IN_TTL = 4
# The same secret may come to sign other things, and none of them must pass for an address.
PURPOSE = "sceneworks address 1"

_EXPIRES = re.compile(r"[0-9]{1,12}")


@dataclass(frozen=True)
class Signer:
    """An address lasts at least `ttl_s` seconds, and up to a quarter longer."""

    secret: bytes = field(repr=False)
    ttl_s: int

    def signed(self, path: str, org_id: int, now_s: float) -> str:
        """The address under which anyone may GET `path`, a file of the organisation, for a while."""
        step_s = max(1, self.ttl_s // STEPS_IN_TTL)
        expires = str((int(now_s) // step_s + 1) * step_s + self.ttl_s)
        return f"{path}?{EXPIRES}={expires}&{SIGNATURE}={self._sign('GET', path, expires, org_id)}"

    def check(self, method: str, path: str, org_id: int, expires: str, signature: str, now_s: float) -> None:
        """Raise BadSignature unless this is what was signed, and still good. HEAD asks for less than GET does."""
        method = "GET" if method == "HEAD" else method
        expected = self._sign(method, path, expires, org_id)
        # Bytes, for a str that is not ASCII cannot be compared in constant time.
        is_right = hmac.compare_digest(expected.encode(), signature.encode(errors="replace"))
        if not is_right or not _EXPIRES.fullmatch(expires):
            raise BadSignature("The signature of this address is not good. Take the address as the job has it.")
        if int(expires) <= now_s:
            raise BadSignature("This address is out of date. The job has a new one.")

    def _sign(self, method: str, path: str, expires: str, org_id: int) -> str:
        text = "\n".join((PURPOSE, method, path, expires, str(org_id)))
        return hmac.new(self.secret, text.encode(errors="replace"), hashlib.sha256).hexdigest()
