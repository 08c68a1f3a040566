"""Secrets out of texts that leave the process: logs, events, answers."""

from __future__ import annotations

import re

HIDDEN = "[redacted]"

# Each keeps enough of the front that a person sees what kind of secret stood there.
_SECRETS = re.compile(
    r"""
      (?P<prefix> \bsw_live_ | \bwhsec_ | \bsk-(?:proj-|ant-)? ) [A-Za-z0-9._~+/=-]{6,}
    | (?P<header> \bBearer\s+ | \bxi-api-key["'\s:=]+ ) [A-Za-z0-9._~+/=-]{12,}
    | (?P<signed> [?&]signature= ) [A-Za-z0-9_-]{16,}
    | (?P<scheme> \b[a-z][a-z0-9+.-]*:// ) [^\s/@"']*:[^\s/@"']+ (?= @ )
    """,
    re.VERBOSE | re.IGNORECASE,
)


def redact(text: str) -> str:
    """`text` with API keys, webhook secrets, bearer tokens, and signatures and passwords in URLs taken out."""
    return _SECRETS.sub(lambda found: f"{found[found.lastgroup or 0]}{HIDDEN}", text)
