"""An organisation's keys: made, listed, rotated and revoked by whoever administers it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from app.domain.access import ALL_SCOPES, Scope
from app.models import ApiKey
from app.models.database import Database, now_s
from tests.api_server import Api, data_of, error_of, serve


@pytest.fixture
def api(database: Database, tmp_path: Path) -> Iterator[Api]:
    with serve(database, tmp_path / "home") as api:
        yield api


def make(api: Api, name: str = "shop", *scopes: Scope) -> dict[str, Any]:
    answer = api.post("/api/keys", {"name": name, "scopes": [*scopes] or ["jobs:read"]})
    assert answer.status == 201, answer.data
    return data_of(answer)


def rotate(api: Api, key: dict[str, Any], **body: str) -> Any:
    return api.post(f"/api/keys/{key['id']}/rotate", body)


def as_(api: Api, key: dict[str, Any]) -> Api:
    return replace(api, key=key["key"])


def ids(api: Api, query: str = "") -> list[str]:
    return [key["id"] for key in data_of(api.get(f"/api/keys{query}"))["items"]]


def test_a_key_is_shown_once_and_does_what_its_scopes_say(api: Api) -> None:
    made = make(api, "shop", Scope.JOBS_WRITE, Scope.JOBS_READ)
    assert made["scopes"] == ["jobs:read", "jobs:write"] and made["last_used_at"] is None
    assert as_(api, made).get("/api/jobs").status == 200
    assert as_(api, made).get("/api/keys").status == 403
    listed = api.get("/api/keys")
    secret = made["key"].split("_")[3]
    assert made["id"] in listed.data.decode() and secret not in listed.data.decode()
    assert next(key for key in data_of(listed)["items"] if key["id"] == made["id"])["last_used_at"] is not None


def test_nobody_gives_away_what_they_have_not(api: Api) -> None:
    administrator = api.limited(Scope.ADMIN, Scope.JOBS_READ)
    refused = administrator.post("/api/keys", {"name": "more", "scopes": ["jobs:read", "jobs:write"]})
    assert (refused.status, error_of(refused)["details"]) == (403, {"scope": "jobs:write"})
    # A rotation would hand out the same by another door.
    everything = make(api, "everything", *ALL_SCOPES)
    assert rotate(administrator, everything).status == 403
    assert make(administrator, "less", Scope.ADMIN)["scopes"] == ["admin"]


def test_a_rotated_key_and_its_successor_are_good_together_until_the_old_one_ends(api: Api) -> None:
    old = make(api, "shop", Scope.JOBS_READ)
    new = data_of(rotate(api, old))
    assert (new["name"], new["scopes"]) == ("shop", ["jobs:read"])
    assert as_(api, old).get("/api/jobs").status == as_(api, new).get("/api/jobs").status == 200
    ends_at = datetime.fromisoformat(
        next(key for key in data_of(api.get("/api/keys"))["items"] if key["id"] == old["id"])["expires_at"]
    )
    assert abs(ends_at - datetime.now(UTC) - timedelta(hours=24)) < timedelta(minutes=5)
    for key in (old, new):
        assert error_of(rotate(api, key))["error_code"] == "CONFLICT"
    with api.farm.database.begin() as session:
        session.execute(update(ApiKey).where(ApiKey.id == old["id"]).values(expires_at=now_s()))
    assert as_(api, old).get("/api/jobs").status == 401
    third = data_of(rotate(api, new))
    assert as_(api, third).get("/api/jobs").status == 200
    assert error_of(rotate(api, old))["message"].startswith("This key has ended")


def test_a_key_in_wrong_hands_is_replaced_at_once(api: Api) -> None:
    old = make(api)
    new = data_of(rotate(api, old, old_ends_at="2026-01-31T09:30:00Z"))
    assert (as_(api, old).get("/api/jobs").status, as_(api, new).get("/api/jobs").status) == (401, 200)


def test_a_rotation_lets_no_key_live_longer(api: Api) -> None:
    old = make(api)
    first = data_of(rotate(api, old))
    assert api.ask("DELETE", f"/api/keys/{first['id']}").status == 200
    before = stored(api, old)
    rotate(api, old, old_ends_at="2999-01-01T00:00:00Z")
    assert stored(api, old) == before


def stored(api: Api, key: dict[str, Any]) -> float | None:
    with api.farm.database.read() as session:
        return session.scalar(select(ApiKey.expires_at).where(ApiKey.id == key["id"]))


def test_of_two_rotations_at_once_one_is_refused(api: Api) -> None:
    old = make(api)
    with ThreadPoolExecutor(4) as callers:
        answers = list(callers.map(lambda _: rotate(api, old).status, range(4)))
    assert sorted(answers) == [201, 409, 409, 409]


def test_a_name_is_taken_once_however_often_it_is_asked_for(api: Api) -> None:
    with ThreadPoolExecutor(4) as callers:
        body = {"name": "shop", "scopes": ["jobs:read"]}
        answers = list(callers.map(lambda _: api.post("/api/keys", body).status, range(4)))
    assert sorted(answers) == [201, 409, 409, 409]
    assert make(api.stranger(), "shop")["name"] == "shop"
    mine = next(key for key in data_of(api.get("/api/keys"))["items"] if key["name"] == "shop")
    api.ask("DELETE", f"/api/keys/{mine['id']}")
    assert make(api, "shop")["id"] != mine["id"]


def test_a_revoked_key_lets_nobody_in_and_stays_in_the_list(api: Api) -> None:
    made = make(api)
    first, again = (data_of(api.ask("DELETE", f"/api/keys/{made['id']}")) for _ in range(2))
    assert first["revoked_at"] is not None and again == first
    assert as_(api, made).get("/api/jobs").status == 401
    assert made["id"] in ids(api)
    assert rotate(api, made).status == 409


def test_a_stream_that_a_key_opened_closes_when_it_is_revoked_over_the_api(api: Api) -> None:
    made, job = make(api), api.accept()
    stream = as_(api, made).stream(job["id"])
    assert stream.status == 200
    api.ask("DELETE", f"/api/keys/{made['id']}")
    # It would go on with heartbeats for as long as the job lives; the client's timeout is 30 s.
    assert b"video.queued" in stream.read()


def test_anothers_keys_are_as_absent_as_those_that_never_were(api: Api) -> None:
    made, stranger = make(api), api.stranger()
    for method, path in (("DELETE", f"/api/keys/{made['id']}"), ("POST", f"/api/keys/{made['id']}/rotate")):
        theirs = error_of(stranger.ask(method, path))
        never = error_of(stranger.ask(method, path.replace(made["id"], "000000000000")))
        assert theirs["error_code"] == "NOT_FOUND" and theirs["message"] == never["message"]
    assert made["id"] not in ids(stranger)
    assert stranger.get(f"/api/keys?starting_after={made['id']}").status == 400
    assert as_(api, made).get("/api/jobs").status == 200


def test_pages_walk_both_ways_and_skip_none(api: Api) -> None:
    for number in range(4):
        make(api, f"key {number}")
    everything = ids(api)
    assert len(everything) == 5
    first = data_of(api.get("/api/keys?limit=2"))
    assert ([key["id"] for key in first["items"]], first["has_more"]) == (everything[:2], True)
    rest = data_of(api.get(f"/api/keys?limit=3&starting_after={everything[1]}"))
    assert ([key["id"] for key in rest["items"]], rest["has_more"]) == (everything[2:], False)
    assert ids(api, f"?limit=2&ending_before={everything[3]}") == everything[1:3]
    assert api.get(f"/api/keys?starting_after={everything[0]}&ending_before={everything[1]}").status == 422


def test_the_farms_own_keys_are_left_to_the_farm(api: Api) -> None:
    local = next(key for key in data_of(api.get("/api/keys"))["items"] if key["name"] == "local.key")
    assert rotate(api, local).status == 409
    assert error_of(api.post("/api/keys", {"name": "local.key", "scopes": ["admin"]}))["details"]["field"] == "name"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "x", "scopes": []}, "scopes"),
        ({"name": "x", "scopes": ["root"]}, "scopes.0"),
        ({"name": " ", "scopes": ["admin"]}, "name"),
        ({"name": "a\u0007b", "scopes": ["admin"]}, "name"),
        ({"name": "x", "scopes": ["admin"], "user_id": "usr_nobody"}, "user_id"),
        ({"scopes": ["admin"]}, "name"),
    ],
)
def test_a_request_that_is_wrong_names_its_field(api: Api, body: dict[str, Any], field: str) -> None:
    assert error_of(api.post("/api/keys", body))["details"]["field"] == field
