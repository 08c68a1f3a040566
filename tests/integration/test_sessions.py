"""People who sign in with a browser: their cookie, its end, and requests that they did not mean."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from http.cookies import Morsel, SimpleCookie
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from argon2.profiles import CHEAPEST
from sqlalchemy import func, select, update
from urllib3 import BaseHTTPResponse

from app.domain.access import Role
from app.models import SignIn, SignInAttempt, User
from app.models.database import Database, now_s
from app.services.passwords import hash_password
from app.services.sessions import csrf_token
from app.services.sign_in_limit import FROM_ONE_HOST
from app.services.users import UserView
from tests.api_server import Api, data_of, error_of, serve
from tests.farms import make_org
from tests.people import PASSWORD, browse, browser, make_user, signed_in


@pytest.fixture
def api(database: Database, tmp_path: Path) -> Iterator[Api]:
    with serve(database, tmp_path / "home") as api:
        yield api


@pytest.fixture
def org(api: Api) -> int:
    return make_org(api.farm.database, "Atlas Films")


def sign_in(api: Api, email: str, password: str = PASSWORD, **headers: str) -> BaseHTTPResponse:
    return replace(api, key=None).post("/api/session", {"email": email, "password": password}, **headers)


def cookie_of(answer: BaseHTTPResponse) -> Morsel[str]:
    (cookie,) = SimpleCookie(answer.headers["Set-Cookie"]).values()
    return cookie


def change_rows(api: Api, **values: Any) -> None:
    with api.farm.database.begin() as session:
        session.execute(update(SignIn).values(**values))


def test_a_password_opens_a_session_that_says_who_one_is(api: Api, org: int) -> None:
    make_user(api.farm.database, org, Role.ADMIN, email="mara@example.com", password=PASSWORD)
    answer = sign_in(api, " Mara@Example.COM ")
    assert answer.status == 201 and answer.headers["Cache-Control"] == "no-store"
    told, cookie = data_of(answer), cookie_of(answer)
    assert (told["org"], told["user"]["email"], told["user"]["role"]) == ("Atlas Films", "mara@example.com", "admin")
    assert "admin" in told["scopes"] and told["is_operator"] is False
    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["secure"]) == (True, "Lax", "/", "")
    page = browser(api, cookie.value)
    assert data_of(page.get("/api/session")) == told
    assert page.accept()["status"] == "queued"
    with api.farm.database.read() as session:
        stored = session.scalars(select(SignIn.token_sha256)).one()
    assert cookie.value not in stored


def test_a_password_is_the_same_however_a_keyboard_writes_its_letters(api: Api, org: int) -> None:
    make_user(api.farm.database, org, email="jose@example.com", password="jos\u00e9 y la monta\u00f1a")
    assert sign_in(api, "jose@example.com", "jose\u0301 y la montan\u0303a").status == 201


def test_over_https_the_cookie_is_bound_to_its_host_and_goes_over_nothing_else(
    database: Database, tmp_path: Path
) -> None:
    with serve(database, tmp_path / "home", {"SCENEWORKS_URL": "https://farm.example"}) as api:
        make_user(database, make_org(database), email="mara@example.com", password=PASSWORD)
        cookie = cookie_of(sign_in(api, "mara@example.com"))
        assert cookie.key == "__Host-sceneworks" and cookie["secure"] is True and cookie["domain"] == ""
        own = replace(api, key=None)
        assert own.get("/api/session", Cookie=f"__Host-sceneworks={cookie.value}").status == 200
        # Without the prefix it could have been set by whoever answers under another name of the same domain.
        assert own.get("/api/session", Cookie=f"sceneworks={cookie.value}").status == 401


def test_whoever_cannot_sign_in_is_told_the_same(api: Api, org: int) -> None:
    database = api.farm.database
    make_user(database, org, email="mara@example.com", password=PASSWORD)
    make_user(database, org, email="new@example.com")
    make_user(database, org, email="gone@example.com", password=PASSWORD)
    with database.begin() as session:
        session.execute(update(User).where(User.email == "gone@example.com").values(disabled_at=now_s()))
    answers = [
        sign_in(api, "mara@example.com", "wrong horse battery"),
        sign_in(api, "nobody@example.com"),
        sign_in(api, "no address"),
        sign_in(api, "new@example.com"),
        sign_in(api, "gone@example.com"),
    ]
    assert {answer.status for answer in answers} == {401}
    assert len({error_of(answer)["message"] for answer in answers}) == 1
    assert not any("Set-Cookie" in answer.headers for answer in answers)


def test_guessing_ends_after_a_few_tries_and_stays_ended_for_the_right_one(api: Api, org: int) -> None:
    make_user(api.farm.database, org, email="mara@example.com", password=PASSWORD)
    # Together, so that a count which is read before it is written would let them all through.
    with ThreadPoolExecutor(8) as guessers:
        guesses = list(guessers.map(lambda n: sign_in(api, "mara@example.com", f"guess {n}").status, range(14)))
    assert sorted(guesses) == [401] * FROM_ONE_HOST + [429] * 4
    refused = sign_in(api, "mara@example.com")
    assert refused.status == 429 and 0 < int(refused.headers["Retry-After"]) <= 900
    assert sign_in(api, "nobody@example.com").status == 401
    with api.farm.database.begin() as session:
        session.execute(update(SignInAttempt).values(since=SignInAttempt.since - 900))
    assert sign_in(api, "mara@example.com").status == 201
    with api.farm.database.read() as session:
        assert session.scalar(select(func.count()).select_from(SignInAttempt)) == 0


def test_a_hash_of_weaker_days_is_made_anew_at_the_next_sign_in(api: Api, org: int) -> None:
    make_user(api.farm.database, org, email="mara@example.com")
    weak = hash_password(PASSWORD, PasswordHasher.from_parameters(CHEAPEST))
    with api.farm.database.begin() as session:
        session.execute(update(User).values(password_hash=weak))
    assert sign_in(api, "mara@example.com").status == 201
    with api.farm.database.read() as session:
        stored = session.scalars(select(User.password_hash)).one()
    assert stored is not None and stored != weak and "m=65536" in stored
    assert sign_in(api, "mara@example.com").status == 201


def test_a_session_ends_when_its_time_is_over_or_nobody_used_it(api: Api) -> None:
    page = signed_in(api, Role.MEMBER)
    assert page.get("/api/jobs").status == 200
    for ended in ({"expires_at": now_s()}, {"last_used_at": now_s() - 12 * 3600}, {"ended_at": now_s()}):
        with api.farm.database.read() as session:
            before = {name: getattr(session.scalars(select(SignIn)).one(), name) for name in ended}
        change_rows(api, **ended)
        assert page.get("/api/jobs").status == 401, ended
        change_rows(api, **before)
        assert page.get("/api/jobs").status == 200
    change_rows(api, last_used_at=now_s() - 11 * 3600)
    assert page.get("/api/jobs").status == 200
    with api.farm.database.read() as session:
        assert session.scalar(select(SignIn.last_used_at > now_s() - 60))


def test_signing_out_ends_the_session_and_its_open_streams(api: Api) -> None:
    page = signed_in(api, Role.MEMBER)
    job = page.accept()
    stream = page.stream(job["id"])
    assert stream.status == 200
    answer = page.ask("DELETE", "/api/session")
    assert data_of(answer) == {"ended": True} and cookie_of(answer)["max-age"] == "0"
    assert b"video.queued" in stream.read()
    assert page.get("/api/jobs").status == 401
    # With a key there is no session to end.
    assert data_of(api.ask("DELETE", "/api/session")) == {"ended": False}


@pytest.mark.parametrize("change", [{"disabled": True}, {"password": "another horse battery"}])
def test_who_is_shut_out_or_given_another_password_is_signed_out_everywhere(api: Api, change: dict[str, Any]) -> None:
    user = make_user(api.farm.database, make_org(api.farm.database))
    first, second = browse(api, user), browse(api, user)
    stream = first.stream(first.accept()["id"])
    own_admin = signed_in(api, Role.ADMIN, org_of(api, user.id))
    assert own_admin.patch(f"/api/users/{user.id}", change).status == 200
    assert b"video.queued" in stream.read()
    assert (first.get("/api/jobs").status, second.get("/api/jobs").status) == (401, 401)
    assert own_admin.get("/api/jobs").status == 200


def org_of(api: Api, user_id: str) -> int:
    with api.farm.database.read() as session:
        return session.execute(select(User.org_id).where(User.public_id == user_id)).scalar_one()


def test_signing_in_again_ends_the_session_that_the_browser_had(api: Api, org: int) -> None:
    user = make_user(api.farm.database, org, email="mara@example.com", password=PASSWORD)
    before = browse(api, user)
    after = browser(api, cookie_of(sign_in(api, "mara@example.com", Cookie=f"sceneworks={before.token}")).value)
    assert (before.get("/api/jobs").status, after.get("/api/jobs").status) == (401, 200)


def test_what_changes_something_needs_the_sessions_token(api: Api) -> None:
    page, body = signed_in(api, Role.MEMBER), {"text": "A river runs to the sea."}
    other = signed_in(api, Role.MEMBER)
    for headers in ({"X-CSRF-Token": ""}, {"X-CSRF-Token": csrf_token(other.token)}, {"X-CSRF-Token": "ü"}):
        refused = page.post("/api/videos", body, **headers)
        assert (refused.status, error_of(refused)["details"]) == (403, {"header": "X-CSRF-Token"}), headers
    assert data_of(page.get("/api/jobs"))["items"] == []
    assert page.post("/api/videos", body).status == 202


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 202),
    ],
)
def test_a_page_of_another_site_changes_nothing_even_with_the_token(
    api: Api, headers: dict[str, str], status: int
) -> None:
    page, body = signed_in(api, Role.MEMBER), {"text": "A river runs to the sea."}
    assert page.post("/api/videos", body, **headers).status == status
    assert page.post("/api/videos", body, Origin=page.url).status == 202
    # A key is nothing that a browser adds by itself.
    assert api.post("/api/videos", body, **headers).status == 202
    # Nor can another site sign a visitor in as somebody of its own.
    assert sign_in(api, "nobody@example.com", **headers).status == (401 if status == 202 else 403)


def test_with_a_key_and_a_cookie_the_key_counts(api: Api) -> None:
    page, job = signed_in(api, Role.MEMBER, make_org(api.farm.database)), api.accept()
    both = replace(page, key=api.key)
    assert both.get(f"/api/jobs/{job['id']}").status == 200
    assert both.post("/api/videos", {"text": "A river."}, **{"X-CSRF-Token": ""}).status == 202
    assert data_of(both.get("/api/session"))["csrf_token"] is None
    # A bad key is a mistake to tell of, not a reason to look for something else that is good.
    assert replace(page, key="sw_live_wrong").get("/api/session").status == 401


@pytest.mark.parametrize("cookie", ["sceneworks=", "sceneworks=x", f"sceneworks={'A' * 43}", "other=x"])
def test_a_cookie_that_is_no_session_lets_nobody_in(api: Api, cookie: str) -> None:
    assert error_of(replace(api, key=None).get("/api/jobs", Cookie=cookie))["error_code"] == "UNAUTHORIZED"


def test_admin_users_run_the_farm_whatever_the_database_says(database: Database, tmp_path: Path) -> None:
    with serve(database, tmp_path / "home", {"ADMIN_USERS": "Boss@farm.example, x@farm.example"}) as api:
        boss = signed_in_as(api, "boss@farm.example")
        assert data_of(boss.get("/api/session"))["user"]["role"] == "operator"
        assert boss.get("/api/admin/pools").status == 200
        # In another organisation whoever administers it chooses the addresses, and must not choose this.
        stranger = api.stranger()
        taken = stranger.post("/api/users", {"email": "x@farm.example", "name": "X", "role": "reviewer"})
        assert (taken.status, error_of(taken)["error_code"]) == (409, "CONFLICT")


def signed_in_as(api: Api, email: str) -> Api:
    """A reviewer of the farm's own organisation, by the database."""
    answer = api.post("/api/users", {"email": email, "name": "Boss", "role": "reviewer"})
    assert answer.status == 201, answer.data
    with api.farm.database.read() as session:
        assert session.scalars(select(User.role)).one() == "reviewer"
    return browse(api, UserView(**{**data_of(answer), "created_at": 0.0, "disabled_at": None}))


def test_a_new_password_lets_in_whoever_guessed_at_the_old_one_too_often(api: Api, org: int) -> None:
    mara = make_user(api.farm.database, org, email="mara@example.com", password=PASSWORD)
    for _ in range(FROM_ONE_HOST):
        sign_in(api, "mara@example.com", "wrong horse battery")
    assert sign_in(api, "mara@example.com").status == 429
    admin = signed_in(api, Role.ADMIN, org)
    assert admin.patch(f"/api/users/{mara.id}", {"password": "a better password"}).status == 200
    assert sign_in(api, "mara@example.com", "a better password").status == 201


def change_password(page: Api, current: str, password: str) -> BaseHTTPResponse:
    return page.ask("PUT", "/api/session/password", json={"current": current, "password": password})


NEXT = "quiet river, early train"


def test_a_person_changes_their_password_and_is_signed_out_everywhere_else(api: Api, org: int) -> None:
    mara = make_user(api.farm.database, org, email="mara@example.com", password=PASSWORD)
    here, elsewhere = browse(api, mara), browse(api, mara)
    changed = change_password(here, PASSWORD, NEXT)
    assert data_of(changed)["user"]["email"] == "mara@example.com"
    assert (here.get("/api/session").status, elsewhere.get("/api/session").status) == (200, 401)
    assert (sign_in(api, "mara@example.com").status, sign_in(api, "mara@example.com", NEXT).status) == (401, 201)
    # It was the current one, and is so no more.
    assert error_of(change_password(here, PASSWORD, NEXT))["details"]["field"] == "current"


def test_a_password_is_not_changed_by_guessing_nor_with_a_key(api: Api, org: int) -> None:
    mara = make_user(api.farm.database, org, email="mara@example.com", password=PASSWORD)
    page = browse(api, mara)
    assert change_password(page, PASSWORD, "short").status == 422
    guesses = [change_password(page, f"guess {n}", NEXT).status for n in range(FROM_ONE_HOST + 1)]
    assert guesses == [422] * FROM_ONE_HOST + [429]
    # The right one is not let through either: a guess must not be worth more than another.
    assert change_password(page, PASSWORD, NEXT).status == 429
    assert error_of(change_password(api, PASSWORD, NEXT))["error_code"] == "FORBIDDEN"
    assert replace(page, key=None).ask("PUT", "/api/session/password", headers={"X-CSRF-Token": "x"}).status == 403
