"""Signed addresses on the real API: a file without a key, for a while, and nothing else."""

from __future__ import annotations

import io
import re
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import update

from app.models import ApiKey
from app.models.database import Database, now_s
from app.services.farm_secret import farm_secret
from config.logging import configure_logging
from config.settings import SettingsError, load_settings
from tests.api_server import Api, data_of, error_of, finished_job, serve

FILM = bytes(range(256)) * 40
SECRET = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def api(database: Database, tmp_path: Path) -> Iterator[Api]:
    with serve(database, tmp_path / "home") as api:
        yield api


def signed_url(api: Api, job_id: str) -> str:
    output = data_of(api.get(f"/api/jobs/{job_id}"))["outputs"][0]
    assert output["signed_url"].startswith(output["url"] + "?expires=")
    url: str = output["signed_url"]
    return url


def film(api: Api) -> str:
    return finished_job(api, "video.mp4", FILM, "video/mp4", title="A film")


def test_a_video_element_can_play_it_without_a_key(api: Api) -> None:
    address, anyone = signed_url(api, film(api)), replace(api, key=None)
    whole = anyone.get(address)
    assert (whole.status, whole.data) == (200, FILM)
    assert "private" in whole.headers["Cache-Control"] and "public" not in whole.headers["Cache-Control"]
    assert whole.headers["Content-Disposition"].startswith("attachment;")
    assert whole.headers["X-Content-Type-Options"] == "nosniff"
    part = anyone.get(address, Range="bytes=100-199")
    assert (part.status, part.data, part.headers["Content-Range"]) == (206, FILM[100:200], f"bytes 100-199/{len(FILM)}")
    assert anyone.get(address, Range=f"bytes={len(FILM)}-").status == 416
    head = anyone.ask("HEAD", address)
    assert (head.status, head.headers["Content-Length"], head.data) == (200, str(len(FILM)), b"")
    assert anyone.get(address, If_None_Match=whole.headers["ETag"]).status == 304


def test_it_is_good_for_that_file_alone(api: Api) -> None:
    job_id, anyone = film(api), replace(api, key=None)
    address = signed_url(api, job_id)
    query = address.partition("?")[2]
    expires, signature = re.findall(r"=(\w+)", query)
    path = f"/api/jobs/{job_id}/artifacts/video.mp4"
    altered = [
        f"/api/jobs/{job_id}/artifacts/poster.jpg?{query}",
        f"/api/jobs/{film(api)}/artifacts/video.mp4?{query}",
        f"/api/jobs/vid_0000000000000000/artifacts/video.mp4?{query}",
        f"/api/jobs/%00/artifacts/video.mp4?{query}",
        f"/api/jobs/{job_id}?{query}",
        f"/api/jobs?{query}",
        f"{path}?expires={int(expires) + 1}&signature={signature}",
        f"{path}?expires={expires}&signature={signature[:-1]}{'0' if signature[-1] != '0' else '1'}",
        f"{path}?expires={expires}&signature=%C3%A9",
        f"{path}?signature={signature}",
        f"{path}?expires={expires}&signature=",
    ]
    for other in altered:
        answer = anyone.get(other)
        if "%00" in other:
            assert answer.status == 404
            continue
        assert (answer.status, error_of(answer)["error_code"]) == (403, "BAD_SIGNATURE"), other
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        answer = anyone.ask(method, address)
        assert (answer.status, error_of(answer)["error_code"]) == (403, "BAD_SIGNATURE"), method
    assert anyone.get(path).status == 401


def test_it_ends_with_its_time(api: Api) -> None:
    job_id, anyone = film(api), replace(api, key=None)
    path = f"/api/jobs/{job_id}/artifacts/video.mp4"
    signer = api.flask.extensions["signer"]
    with api.farm.database.read() as session:
        org_id = session.query(ApiKey.org_id).limit(1).scalar()
        now = session.query(now_s()).scalar()
    over = anyone.get(signer.signed(path, org_id, now - 2 * signer.ttl_s))
    assert (over.status, error_of(over)["error_code"]) == (403, "BAD_SIGNATURE")
    assert "out of date" in error_of(over)["message"]
    assert anyone.get(signer.signed(path, org_id, now)).status == 200
    assert anyone.get(signer.signed(path, org_id + 1, now)).status == 403


def test_it_says_nothing_about_who_else_is_there(api: Api) -> None:
    """A wrong signature is answered alike for a job that is there, one of another org and one that never was."""
    job_id, anyone = film(api), replace(api, key=None)
    wrong = "?expires=1999999999&signature=" + "0" * 64
    said = [
        error_of(anyone.get(f"/api/jobs/{id_}/artifacts/video.mp4{wrong}"))["message"]
        for id_ in (job_id, "vid_0000000000000000")
    ]
    assert said[0] == said[1]


def test_a_signature_counts_before_a_key_that_is_not_good_any_more(api: Api) -> None:
    address = signed_url(api, film(api))
    with api.farm.database.begin() as session:
        session.execute(update(ApiKey).values(revoked_at=now_s()))
    assert api.get(address).data == FILM


def test_an_unchanged_job_stays_unchanged_while_time_goes_by(api: Api) -> None:
    job_id = film(api)
    first = api.get(f"/api/jobs/{job_id}")
    assert data_of(first)["outputs"][0]["signed_url"] == signed_url(api, job_id)
    assert api.get(f"/api/jobs/{job_id}", If_None_Match=first.headers["ETag"]).status == 304


def test_the_stream_has_addresses_that_work(api: Api) -> None:
    job_id = film(api)
    told = api.stream(job_id).data.decode()
    (address,) = re.findall(r'"signed_url":"([^"]+)"', told)
    assert replace(api, key=None).get(address).data == FILM


def test_no_signature_is_written_into_the_log(api: Api) -> None:
    lines = io.StringIO()
    configure_logging(api.settings, lines)
    address = signed_url(api, film(api))
    assert replace(api, key=None).get(address).status == 200
    assert replace(api, key=None).get(address + "0").status == 403
    assert "/artifacts/<name>" in lines.getvalue()
    assert address.rpartition("=")[2] not in lines.getvalue()


def test_the_secret_is_made_once_and_for_the_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "home" / "secret.key"
    secret = farm_secret(None, file)
    assert len(secret) >= 32 and stat.S_IMODE(file.stat().st_mode) == 0o600
    assert farm_secret(None, file) == secret
    file.write_text("")
    again = farm_secret(None, file)
    assert again != secret and len(again) >= 32 and stat.S_IMODE(file.stat().st_mode) == 0o600
    assert farm_secret(SECRET, file) == SECRET.encode()


def test_hosts_with_the_same_secret_know_each_others_addresses(api: Api, tmp_path: Path) -> None:
    with (
        serve(api.farm.database, tmp_path / "one", {"SCENEWORKS_SECRET": SECRET}) as one,
        serve(api.farm.database, tmp_path / "two", {"SCENEWORKS_SECRET": SECRET}) as two,
    ):
        address = signed_url(one, film(one))
        # The other host has other storage here, so a good address finds the row and then no bytes.
        assert replace(two, key=None).get(address).status in (410, 503)
        assert replace(api, key=None).get(address).status == 403


def test_a_secret_that_can_be_guessed_is_refused() -> None:
    with pytest.raises(SettingsError, match="SCENEWORKS_SECRET"):
        load_settings({"SCENEWORKS_SECRET": "swordfish"})
