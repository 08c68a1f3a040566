"""Names for rows that people see: a prefix that says what it is, and 80 random bits."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from typing import Any

# Crockford's base 32, lower case: no letter that is read as a digit.
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_ID = re.compile(rf"[a-z]{{3}}_[{ALPHABET}]{{16}}")


def new_id(prefix: str) -> str:
    """`vid_` + 16 characters of Crockford's base 32 (80 bits)."""
    # Each of the 32 letters stands for five bits, so that no byte is better for one than for another.
    return f"{prefix}_" + "".join([ALPHABET[byte % 32] for byte in secrets.token_bytes(16)])


def is_id(text: str) -> bool:
    """Whether `new_id` could have made it: nobody can put a word of his own into one."""
    return _ID.fullmatch(text) is not None


def canonical_hash(value: Any) -> str:
    """SHA-256, in hex, of a JSON value written in one way: sorted keys, no spaces, UTF-8."""
    written = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(written.encode()).hexdigest()
