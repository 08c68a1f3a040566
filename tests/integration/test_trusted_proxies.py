"""Whose request it is, behind proxies: as many of them are believed as the operator has."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask, request, request_started

from app.models.database import Database
from config.settings import SettingsError, load_settings
from tests.api_server import serve

CLAIMED = "198.51.100.7"
CALLER = "203.0.113.9"
OUTER_PROXY = "192.0.2.1"


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, f"{CLAIMED}, {CALLER}", "127.0.0.1"),
        (1, f"{CLAIMED}, {CALLER}", CALLER),
        (1, None, "127.0.0.1"),
        (2, f"{CLAIMED}, {CALLER}, {OUTER_PROXY}", CALLER),
        # It has not come by way of both, so neither's word is taken for it.
        (2, CALLER, "127.0.0.1"),
    ],
)
def test_the_callers_address_is_what_trusted_proxies_say(
    database: Database, tmp_path: Path, proxies: int, forwarded: str | None, address: str
) -> None:
    seen: list[tuple[str | None, str]] = []

    def note(sender: Flask, **_: object) -> None:
        seen.append((request.remote_addr, request.scheme))

    with serve(database, tmp_path / "home", {"TRUSTED_PROXIES": str(proxies)}) as api:
        with request_started.connected_to(note, api.flask):
            given = {} if forwarded is None else {"X-Forwarded-For": forwarded}
            assert api.get("/api/jobs", **given, **{"X-Forwarded-Proto": "https"}).status == 200
    assert [addressed for addressed, _ in seen] == [address]
    assert [scheme for _, scheme in seen] == ["https" if proxies == 1 else "http"]


@pytest.mark.parametrize("wrong", ["-1", "many", "11"])
def test_a_number_of_proxies_that_makes_no_sense_stops_the_start(wrong: str) -> None:
    with pytest.raises(SettingsError, match="TRUSTED_PROXIES: "):
        load_settings({"TRUSTED_PROXIES": wrong})
