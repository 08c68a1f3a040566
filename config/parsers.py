"""How a setting is read from the text of its variable: each parser raises ValueError with what the value must be."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import TypeVar
from urllib.parse import unquote, urlsplit

from app.domain.people import read_email
from app.domain.rates import OFF

T = TypeVar("T")

# 128 bits in hexadecimal digits.
MIN_SECRET_LENGTH = 32


def whole_number(low: int, high: int) -> Callable[[str], int]:
    def parse(raw: str) -> int:
        try:
            value = int(raw)
        except ValueError:
            raise ValueError("must be a whole number") from None
        if not low <= value <= high:
            raise ValueError(f"must be between {low} and {high}")
        return value

    return parse


def or_off(parse: Callable[[str], T]) -> Callable[[str], T | None]:
    """`parse`, or None for `off`."""
    return lambda raw: None if raw.lower() == OFF else parse(raw)


def seconds(low: float, high: float) -> Callable[[str], float]:
    def parse(raw: str) -> float:
        try:
            value = float(raw)
        except ValueError:
            raise ValueError("must be a number of seconds") from None
        if not low <= value <= high:
            raise ValueError(f"must be between {low:g} and {high:g} seconds")
        return value

    return parse


def one_of(*choices: str) -> Callable[[str], str]:
    def parse(raw: str) -> str:
        if raw.lower() not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return raw.lower()

    return parse


def by_name(parse: Callable[[str], Mapping[str, T]], known: Collection[str]) -> Callable[[str], Mapping[str, T]]:
    """`parse`, which refuses names that are not `known`: a limit under a misspelt one would hold for nothing."""

    def parse_known(raw: str) -> Mapping[str, T]:
        values = parse(raw)
        unknown = [repr(name) for name in values if name not in known]
        if unknown:
            raise ValueError(f"unknown: {', '.join(unknown)}; known are {', '.join(filter(None, known))}")
        return values

    return parse_known


def parse_http_url(raw: str) -> str | None:
    parts = urlsplit(raw)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be an http:// or https:// address")
    return raw.rstrip("/")


def parse_emails(raw: str) -> frozenset[str]:
    try:
        return frozenset(read_email(part) for part in raw.split(",") if part.strip())
    except ValueError:
        raise ValueError("must be e-mail addresses, with commas between them") from None


def parse_database_url(raw: str) -> str:
    scheme = urlsplit(raw).scheme
    if scheme in ("postgres", "postgresql", "postgresql+psycopg2"):
        return "postgresql+psycopg2" + raw[len(scheme) :]
    if scheme == "sqlite" and raw.startswith("sqlite:////"):
        return raw
    raise ValueError("must be postgresql://… or sqlite:////absolute/path")


def parse_redis_url(raw: str) -> str | None:
    if urlsplit(raw).scheme not in ("redis", "rediss", "redis+socket"):
        raise ValueError("must be redis://…, rediss://… or redis+socket:///path")
    return raw


def parse_secret(raw: str) -> str | None:
    if len(raw) < MIN_SECRET_LENGTH:
        raise ValueError(f"must have at least {MIN_SECRET_LENGTH} characters, by chance alone")
    return raw


def parse_folder(raw: str) -> Path | None:
    folder = Path(raw)
    # The farm's programs run in a folder of their own, so that a relative path would not be what was meant.
    if not folder.is_absolute() or not folder.is_dir():
        raise ValueError("must be the absolute path of a folder that is there")
    return folder


def parse_storage_url(raw: str) -> Path:
    parts = urlsplit(raw)
    if parts.scheme == "file" and parts.netloc in ("", "localhost") and parts.path.startswith("/"):
        return Path(unquote(parts.path))
    raise ValueError("must be file:///absolute/folder, shared by every host of the farm")


def networks(raw: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """Networks with commas between them: `127.0.0.0/8,10.1.2.3,fd00::/8`."""
    try:
        return tuple(ip_network(part.strip()) for part in raw.split(",") if part.strip())
    except ValueError as error:
        raise ValueError(f"must be networks such as 127.0.0.0/8, with commas between them ({error})") from None
