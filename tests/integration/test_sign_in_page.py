"""The form at /login and the way out at /logout, as HTTP: what a browser's own rules do not already keep away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

import pytest
from urllib3 import BaseHTTPResponse

from app.api.sign_in_page import own_path
from app.domain.access import Role
from app.models.database import Database
from app.services.sessions import csrf_token
from tests.api_server import Api, error_of, serve
from tests.farms import make_org
from tests.people import PASSWORD, make_user, signed_in

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def api(database: Database, tmp_path: Path) -> Iterator[Api]:
    with serve(database, tmp_path / "home") as api:
        yield replace(api, key=None)


def send(api: Api, path: str, fields: dict[str, str], **headers: str) -> BaseHTTPResponse:
    return api.ask("POST", path, body=urlencode(fields).encode(), headers={**FORM, **headers}, redirect=False)


def test_the_form_signs_in_and_sends_on(api: Api) -> None:
    make_user(api.farm.database, make_org(api.farm.database), email="mara@example.com", password=PASSWORD)
    answer = send(api, "/login", {"email": "mara@example.com", "password": PASSWORD, "next": "/docs#errors"})
    assert (answer.status, answer.headers["Location"]) == (303, "/docs#errors")
    assert "HttpOnly" in answer.headers["Set-Cookie"] and answer.headers["Cache-Control"] == "no-store"


def test_only_this_page_may_send_a_form_and_only_to_the_farm(api: Api) -> None:
    assert "form-action 'self'" in api.get("/login").headers["Content-Security-Policy"]
    for path in ("/docs", "/"):
        assert "form-action 'none'" in api.get(path, Accept="text/html").headers["Content-Security-Policy"]


def test_what_was_typed_is_shown_as_text(api: Api) -> None:
    answer = send(api, "/login", {"email": '"><script>alert(1)</script>', "password": "x", "next": '"><script>'})
    assert answer.status == 401 and b"<script" not in answer.data


def test_too_many_tries_are_told_on_the_page(api: Api) -> None:
    answers = [send(api, "/login", {"email": "mara@example.com", "password": "x"}) for _ in range(11)]
    assert [answer.status for answer in answers] == [401] * 10 + [429]
    assert b"Too many sign-ins" in answers[-1].data and int(answers[-1].headers["Retry-After"]) > 0


def test_a_form_with_files_is_refused_before_it_is_read(api: Api) -> None:
    answer = api.ask("POST", "/login", fields={"email": "x", "password": ("a.txt", b"x" * 1000)})
    assert error_of(answer)["error_code"] == "UNSUPPORTED_CONTENT_TYPE"


def test_signing_out_takes_the_sessions_token(database: Database, api: Api) -> None:
    page = signed_in(api, Role.REVIEWER, make_org(database))
    assert send(page, "/logout", {}).status == 403
    assert send(page, "/logout", {"csrf_token": csrf_token(page.token)}, Origin="https://evil.example").status == 403
    assert page.get("/api/session").status == 200
    assert send(page, "/logout", {"csrf_token": csrf_token(page.token)}).headers["Location"] == "/login"
    assert page.get("/api/session").status == 401


@pytest.mark.parametrize(
    ("given", "path"),
    [
        (None, "/"),
        ("/", "/"),
        ("/docs?a=1#b", "/docs?a=1#b"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("/a\\b", "/"),
        ("https://evil.example", "/"),
        ("/a\r\nSet-Cookie: x=1", "/"),
        ("docs", "/"),
    ],
)
def test_the_way_on_stays_on_the_farm(given: str | None, path: str) -> None:
    assert own_path(given) == path
