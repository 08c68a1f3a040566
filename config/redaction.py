"""Secrets out of texts that leave the process or are kept: logs, events, answers, the audit log, the books' errors."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

HIDDEN = "[redacted]"

# Each keeps enough of the front that a person sees what kind of secret stood there.
_SECRETS = re.compile(
    r"""
      (?P<prefix> \bsw_live_ | \bwhsec_ | \bsk-(?:proj-|ant-)? ) [A-Za-z0-9._~+/=-]{6,}
    | (?P<vendors> \b(?: sk_ | hf_ | r8_ | AIza ) ) [A-Za-z0-9_-]{20,}
    | (?P<header> \bBearer\s+ | \bxi-api-key["'\s:=]+ ) [A-Za-z0-9._~+/=-]{12,}
    | (?P<scheme> \b[a-z][a-z0-9+.-]*:// ) [^\s/@"']*:[^\s/@"']+ (?= @ )
    """,
    re.VERBOSE | re.IGNORECASE,
)
# A cookie, or a parameter of an address, known by its name: `farm_session=…`, `X-Amz-Signature=…`.
_NAMED = re.compile(
    r"""
      ( (?: session | signature | csrf | (?:\b|[_-])(?:sig|token|secret|password|api[_-]?key) ) (?:_id)? = )
      [A-Za-z0-9._~+/%-]{8,}=*
    """,
    re.VERBOSE | re.IGNORECASE,
)
# A server of one's own may take a key of any form; what is shorter would take ordinary words out of texts.
SHORTEST_OWN = 8
_own: re.Pattern[str] | None = None


def hide_own(secrets: Iterable[str | None]) -> None:
    """From now on these very texts are hidden too: the keys with which this process was configured."""
    global _own
    known = sorted({it for it in secrets if it is not None and len(it) >= SHORTEST_OWN}, key=len, reverse=True)
    _own = re.compile("|".join(map(re.escape, known))) if known else None


def redact(text: str) -> str:
    """`text` without API keys, webhook secrets, tokens of sessions, signatures, and passwords in URLs."""
    hidden = _SECRETS.sub(lambda found: f"{found[found.lastgroup or 0]}{HIDDEN}", text)
    # Most texts have no such sign, and events are redacted by the thousand.
    if "=" in hidden:
        hidden = _NAMED.sub(rf"\1{HIDDEN}", hidden)
    return hidden if _own is None else _own.sub(HIDDEN, hidden)


def redact_all(value: Any) -> Any:
    """A JSON value with every text in it, names of fields too, redacted."""
    match value:
        case str():
            return redact(str(value))
        case dict():
            return {redact_all(name): redact_all(item) for name, item in value.items()}
        case list() | tuple():
            return [redact_all(item) for item in value]
    return value
