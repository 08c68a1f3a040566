"""Who gets in: keys, the local key file, and what a stranger learns."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from app.domain.errors import Unauthorized
from app.models import ApiKey
from app.models.database import Database
from app.services.api_keys import (
    accept_configured_key,
    active_keys,
    ensure_local_key,
    key_id_of,
    make_key,
    revoke,
    verify,
)
from tests.api_server import Api, error_of, serve


@pytest.fixture
def api(database: Database, tmp_path: Path) -> Iterator[Api]:
    with serve(database, tmp_path / "home") as api:
        yield api


def key_row(database: Database, key: str) -> ApiKey:
    with database.read() as session:
        return session.execute(select(ApiKey).where(ApiKey.id == key_id_of(key))).scalar_one()


def test_everything_under_api_needs_a_key_even_what_is_not_there(api: Api) -> None:
    stranger = replace(api, key=None)
    for method, path in (
        ("GET", "/api/jobs"),
        ("POST", "/api/videos"),
        ("GET", "/api/nothing"),
        ("DELETE", "/api"),
        ("GET", "//api/jobs"),
    ):
        answer = stranger.ask(method, path, redirect=False)
        assert answer.status in (401, 308), path
        if answer.status == 401:
            assert error_of(answer)["error_code"] == "UNAUTHORIZED"
            assert answer.headers["WWW-Authenticate"] == "Bearer"
    for path in ("/health/healthz", "/health/readyz", "/openapi.json", "/docs", "/"):
        assert stranger.get(path).status == 200, path


def test_a_key_may_come_in_either_header(api: Api) -> None:
    stranger = replace(api, key=None)
    assert stranger.get("/api/jobs", X_API_Key=api.key or "").status == 200
    assert stranger.get("/api/jobs", Authorization=f"bearer {api.key}").status == 200
    # A proxy in front may speak Basic to us; the key then stands in the other header.
    assert stranger.get("/api/jobs", Authorization="Basic Zm9vOmJhcg==", X_API_Key=api.key or "").status == 200


def test_every_bad_key_is_refused_in_the_same_words(api: Api) -> None:
    key = api.key or ""
    bad = [
        "x",
        "sw_live_",
        key[:-1],
        key[:-1] + ("0" if key[-1] != "0" else "1"),
        make_key(),
        key.upper(),
        key + "\u00e9",
    ]
    answers = [replace(api, key=key).get("/api/jobs") for key in bad[:-1]]
    assert {answer.status for answer in answers} == {401}
    assert len({error_of(answer)["message"] for answer in answers}) == 1
    with pytest.raises(Unauthorized):
        verify(api.farm.database, bad[-1])


def test_a_mistyped_key_is_refused_without_asking_the_database() -> None:
    nowhere = Database("postgresql+psycopg2://nobody@127.0.0.1:1/none")
    with pytest.raises(Unauthorized):
        verify(nowhere, make_key()[:-8] + "00000000")


def test_only_the_hash_of_a_key_is_stored(api: Api) -> None:
    row = key_row(api.farm.database, api.key or "")
    secret = (api.key or "").split("_")[3]
    assert not any(secret in str(value) for value in (row.id, row.name, row.secret_sha256))
    assert len(row.secret_sha256) == 64


def test_a_revoked_key_is_refused_at_once(api: Api) -> None:
    key_id = key_id_of(api.key or "") or ""
    revoke(api.farm.database, key_id)
    assert api.get("/api/jobs").status == 401
    assert active_keys(api.farm.database, {key_id}) == set()


def test_the_last_use_is_noted_once_a_minute(api: Api) -> None:
    database, key = api.farm.database, api.key or ""
    assert key_row(database, key).last_used_at is None
    verify(database, key)
    first = key_row(database, key).last_used_at
    verify(database, key)
    assert first is not None and key_row(database, key).last_used_at == first
    with database.begin() as session:
        session.execute(update(ApiKey).values(last_used_at=first - 61))
    verify(database, key)
    assert (key_row(database, key).last_used_at or 0) > first - 61


def test_the_local_key_is_for_its_owner_alone_and_stays_the_same(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "a home" / "local.key"
    key = ensure_local_key(database, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text() == key + "\n"
    assert ensure_local_key(database, file) == key
    assert [path.name for path in file.parent.iterdir()] == ["local.key"]


def test_processes_that_start_together_agree_on_one_local_key(database: Database, tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as starters:
        keys = set(starters.map(lambda _: ensure_local_key(database, tmp_path / "local.key"), range(8)))
    assert len(keys) == 1
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(ApiKey)) == 1


def test_a_key_file_outlives_its_database(database: Database, tmp_path: Path) -> None:
    (tmp_path / "local.key").write_text(key := make_key())
    assert ensure_local_key(database, tmp_path / "local.key") == key
    assert verify(database, key).key_id == key_id_of(key)


@pytest.mark.parametrize("content", ["", "garbage", "sw_live_000000000000_short_00000000"])
def test_a_spoilt_key_file_is_replaced(database: Database, tmp_path: Path, content: str) -> None:
    (tmp_path / "local.key").write_text(content)
    key = ensure_local_key(database, tmp_path / "local.key")
    assert verify(database, key) and (tmp_path / "local.key").read_text() == key + "\n"


def test_a_revoked_local_key_is_replaced(database: Database, tmp_path: Path) -> None:
    old = ensure_local_key(database, tmp_path / "local.key")
    revoke(database, key_id_of(old) or "")
    new = ensure_local_key(database, tmp_path / "local.key")
    assert new != old and verify(database, new)


def test_a_configured_key_gets_in_until_another_is_configured(database: Database, tmp_path: Path) -> None:
    with serve(database, tmp_path / "home", {"SCENEWORKS_API_KEY": "correct horse battery"}) as api:
        assert replace(api, key="correct horse battery").get("/api/jobs").status == 200
        assert api.get("/api/jobs").status == 200
    accept_configured_key(database, "another one")
    assert verify(database, "another one")
    with pytest.raises(Unauthorized):
        verify(database, "correct horse battery")
    accept_configured_key(database, "correct horse battery")
    assert verify(database, "correct horse battery")
    accept_configured_key(database, None)
    with pytest.raises(Unauthorized):
        verify(database, "correct horse battery")
