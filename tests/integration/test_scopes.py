"""What a key may do, by its scopes; and that no route is without a rule."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import update

from app.api.policy import check_policy
from app.domain.access import Scope
from app.models import ApiKey
from app.models.database import Database, now_s
from app.services.api_keys import key_id_of
from tests.api_server import Api, error_of, serve


@pytest.fixture
def api(database: Database, tmp_path: Path) -> Iterator[Api]:
    with serve(database, tmp_path / "home") as api:
        yield api


def test_a_key_does_what_its_scopes_allow_and_is_told_which_one_it_lacks(api: Api) -> None:
    reader = api.limited(Scope.JOBS_READ)
    assert reader.get("/api/jobs").status == 200
    refused = reader.post("/api/videos", {"text": "A river runs to the sea."})
    assert (refused.status, error_of(refused)["error_code"]) == (403, "FORBIDDEN")
    assert error_of(refused)["details"] == {"scope": "jobs:write"}
    assert api.get("/api/jobs").json()["data"]["items"] == []


def test_an_operator_is_who_administers_the_farms_own_organisation(api: Api) -> None:
    assert api.get("/api/status").status == 200
    assert api.limited(Scope.JOBS_READ, Scope.JOBS_WRITE).get("/api/status").status == 403
    assert api.stranger().get("/api/status").status == 403


def test_a_key_that_is_out_of_date_lets_nobody_in(api: Api) -> None:
    reader = api.limited(Scope.JOBS_READ)
    assert reader.get("/api/jobs").status == 200 and reader.key is not None
    with api.farm.database.begin() as session:
        session.execute(update(ApiKey).where(ApiKey.id == key_id_of(reader.key)).values(expires_at=now_s()))
    assert reader.get("/api/jobs").status == 401


def test_the_api_does_not_start_with_a_route_that_has_no_rule() -> None:
    flask = Flask(__name__)
    flask.add_url_rule("/api/new", "new.thing", lambda: "")
    with pytest.raises(ValueError, match=r"new\.thing"):
        check_policy(flask)
