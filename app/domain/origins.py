"""Web origins, as browsers write them in `Origin` (RFC 6454): scheme, host, and the port if it is not the usual."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

# A name in ASCII, an IPv4 address, or the inside of an IPv6 one.
_HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]*:[0-9a-f:.]*")
USUAL_PORTS = {"http": 80, "https": 443}


def parse_origins(raw: str) -> frozenset[str]:
    """`https://studio.example, http://localhost:3000`; ValueError for what is none, `*` and `null` among it."""
    return frozenset(parse_origin(part.strip()) for part in raw.split(",") if part.strip())


def parse_origin(text: str) -> str:
    if text == "*":
        raise ValueError("* would open every organisation's jobs to every page; name the origins")
    parts = urlsplit(text)
    host = parts.hostname or ""
    try:
        port = parts.port
    except ValueError:
        port = -1
    is_bare = parts.path in ("", "/") and not (parts.query or parts.fragment or parts.username is not None)
    if parts.scheme not in USUAL_PORTS or not is_bare or port == -1 or not _HOST.fullmatch(host):
        raise ValueError(f"{text!r} is no origin; write scheme://host or scheme://host:port, and nothing behind it")
    written = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{written}" + ("" if port in (None, USUAL_PORTS[parts.scheme]) else f":{port}")
