"""The people of an organisation, looked after by its administrators."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.domain.access import Role, Scope
from app.models.database import Database
from tests.api_server import Api, data_of, error_of, local_org_id, serve
from tests.farms import make_org
from tests.people import browse, make_user, signed_in

NOOR = {"email": "noor@example.com", "name": "Noor", "role": "member"}


@pytest.fixture
def api(database: Database, tmp_path: Path) -> Iterator[Api]:
    with serve(database, tmp_path / "home") as api:
        yield api


@pytest.fixture
def org(api: Api) -> int:
    return make_org(api.farm.database, "Atlas Films")


def test_a_user_is_added_listed_and_changed(api: Api, org: int) -> None:
    admin = signed_in(api, Role.ADMIN, org)
    added = data_of(admin.post("/api/users", {**NOOR, "email": "Noor@Example.com"}))
    assert (added["email"], added["role"], added["has_password"]) == ("noor@example.com", "member", False)
    assert [user["id"] for user in data_of(admin.get("/api/users"))["items"]][0] == added["id"]
    changed = data_of(admin.patch(f"/api/users/{added['id']}", {"role": "reviewer", "name": "Noor A."}))
    assert changed == {**added, "role": "reviewer", "name": "Noor A."}
    disabled = data_of(admin.patch(f"/api/users/{added['id']}", {"disabled": True}))
    assert disabled["disabled_at"] is not None
    again = data_of(admin.patch(f"/api/users/{added['id']}", {"disabled": True, "password": "a better password"}))
    assert (again["disabled_at"], again["has_password"]) == (disabled["disabled_at"], True)
    assert data_of(admin.patch(f"/api/users/{added['id']}", {"disabled": False}))["disabled_at"] is None


def test_another_role_counts_from_the_next_request_on(api: Api, org: int) -> None:
    admin, user = signed_in(api, Role.ADMIN, org), make_user(api.farm.database, org, Role.REVIEWER)
    page = browse(api, user)
    assert page.post("/api/videos", {"text": "A river."}).status == 403
    admin.patch(f"/api/users/{user.id}", {"role": "member"})
    assert page.post("/api/videos", {"text": "A river."}).status == 202


def test_an_operator_is_made_and_changed_by_operators_alone(api: Api, org: int) -> None:
    admin, operator = signed_in(api, Role.ADMIN, org), signed_in(api, Role.OPERATOR, org)
    as_operator = {**NOOR, "role": "operator"}
    assert admin.post("/api/users", as_operator).status == 403
    made = data_of(operator.post("/api/users", as_operator))
    for change in ({"role": "member"}, {"disabled": True}, {"password": "a better password"}, {"name": "x"}):
        assert admin.patch(f"/api/users/{made['id']}", change).status == 403, change
    member = make_user(api.farm.database, org)
    assert admin.patch(f"/api/users/{member.id}", {"role": "operator"}).status == 403
    assert operator.patch(f"/api/users/{made['id']}", {"role": "member"}).status == 200
    # The farm's own keys with `admin` are operators' too.
    assert api.post("/api/users", {**as_operator, "email": "ops@example.com"}).status == 201


def test_nobody_makes_somebody_who_may_do_more(api: Api) -> None:
    administrator = api.limited(Scope.ADMIN, Scope.JOBS_READ)
    refused = administrator.post("/api/users", {**NOOR, "role": "admin", "password": "a better password"})
    assert (refused.status, error_of(refused)["details"]) == (403, {"scope": "jobs:write"})
    assert administrator.post("/api/users", {**NOOR, "role": "reviewer"}).status == 201


def test_the_last_who_administers_cannot_shut_themselves_out(api: Api, org: int) -> None:
    last = make_user(api.farm.database, org, Role.ADMIN)
    page = browse(api, last)
    for change in ({"role": "member"}, {"disabled": True}):
        refused = page.patch(f"/api/users/{last.id}", change)
        assert (refused.status, error_of(refused)["error_code"]) == (409, "CONFLICT")
    assert page.patch(f"/api/users/{last.id}", {"name": "Noor A.", "role": "admin"}).status == 200
    other = make_user(api.farm.database, org, Role.ADMIN)
    assert page.patch(f"/api/users/{last.id}", {"role": "member"}).status == 200
    # Whoever is shut out is nobody who stays.
    assert browse(api, other).patch(f"/api/users/{other.id}", {"role": "reviewer"}).status == 409


def test_a_key_of_an_admin_user_does_what_its_owner_may(database: Database, tmp_path: Path) -> None:
    with serve(database, tmp_path / "home", {"ADMIN_USERS": "olaf@example.com"}) as api:
        local = local_org_id(api)
        olaf = make_user(database, local, Role.REVIEWER, email="olaf@example.com")
        made = data_of(api.post("/api/keys", {"name": "olaf", "scopes": ["jobs:read", "admin"], "user_id": olaf.id}))
        told = data_of(replace(api, key=made["key"]).get("/api/session"))
        assert (told["user"]["role"], told["scopes"], told["is_operator"]) == (
            "operator",
            ["jobs:read", "admin"],
            True,
        )


def test_an_address_is_taken_once_on_the_whole_farm(api: Api, org: int) -> None:
    assert api.post("/api/users", NOOR).status == 201
    said = set()
    # Whose user it is cannot be told from the answer.
    for caller in (api, api.stranger(), signed_in(api, Role.ADMIN, org)):
        taken = caller.post("/api/users", NOOR)
        assert (taken.status, error_of(taken)["error_code"]) == (409, "CONFLICT")
        said.add(error_of(taken)["message"])
    assert len(said) == 1


def test_anothers_users_are_as_absent_as_those_that_never_were(api: Api, org: int) -> None:
    user, stranger = make_user(api.farm.database, org), api.stranger()
    theirs = error_of(stranger.patch(f"/api/users/{user.id}", {"name": "x"}))
    never = error_of(stranger.patch("/api/users/usr_0000000000000000", {"name": "x"}))
    assert theirs["error_code"] == "NOT_FOUND" and theirs["message"] == never["message"]
    assert data_of(stranger.get("/api/users"))["items"] == []
    assert stranger.get(f"/api/users?starting_after={user.id}").status == 400
    refused = stranger.post("/api/keys", {"name": "x", "scopes": ["admin"], "user_id": user.id})
    assert error_of(refused)["details"]["field"] == "user_id"


def test_pages_walk_both_ways(api: Api, org: int) -> None:
    admin = signed_in(api, Role.ADMIN, org)
    for _ in range(3):
        make_user(api.farm.database, org)
    everybody = [user["id"] for user in data_of(admin.get("/api/users"))["items"]]
    assert len(everybody) == 4
    older = data_of(admin.get(f"/api/users?limit=2&starting_after={everybody[0]}"))
    newer = data_of(admin.get(f"/api/users?limit=2&ending_before={everybody[3]}"))
    assert [user["id"] for user in older["items"]] == [user["id"] for user in newer["items"]] == everybody[1:3]
    assert older["has_more"] and newer["has_more"]


def test_a_persons_key_knows_whose_it_is(api: Api, org: int) -> None:
    admin, user = signed_in(api, Role.ADMIN, org), make_user(api.farm.database, org)
    made = data_of(admin.post("/api/keys", {"name": "noor", "scopes": ["jobs:read", "admin"], "user_id": user.id}))
    told = data_of(replace(api, key=made["key"]).get("/api/session"))
    assert (told["user"]["id"], told["key_id"], told["scopes"]) == (user.id, made["id"], ["jobs:read"])


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"email": "nobody"}, "email"),
        ({"name": "  "}, "name"),
        ({"role": "king"}, "role"),
        ({"password": "short"}, "password"),
        ({"id": "usr_1"}, "id"),
    ],
)
def test_a_request_that_is_wrong_names_its_field_and_never_its_value(
    api: Api, change: dict[str, Any], field: str
) -> None:
    refused = api.post("/api/users", {**NOOR, **change})
    assert refused.status == 422 and error_of(refused)["details"]["field"] == field
    assert "short" not in refused.data.decode() and "nobody" not in refused.data.decode()
