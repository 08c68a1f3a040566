"""The room of uploads that were taken away is given back, and no bytes go that anybody needs."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select, update

from app.domain.errors import QuotaExceeded
from app.domain.quotas import Quotas
from app.models import RemovedAsset
from app.models.database import Database
from app.services.asking import Asking
from app.services.assets import store_asset
from app.services.count_storage import count_storage
from app.services.sweep_uploads import LOOKED_AT_AGAIN_AFTER_S, UNTOUCHED_FOR_S, sweep_uploads
from app.services.sweep_uploads import sweep_uploads_now_and_then as sweep_now_and_then
from app.storage.local import LocalStorage
from app.storage.protocol import Blob, Storage
from tests.api_server import Api, data_of, finished_job, serve
from tests.farms import make_farm, make_org, work_off

LONG_AGO_S = UNTOUCHED_FOR_S + 60


@pytest.fixture
def api(database: Database, tmp_path: Path) -> Iterator[Api]:
    with serve(database, tmp_path / "home") as api:
        yield api


def picture(shade: int = 1) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (40, 30), (shade, 80, 80)).save(file, "PNG")
    return file.getvalue()


def upload(api: Api, content: bytes | None = None) -> dict[str, Any]:
    fields = {"file": ("a", content or picture(), "application/octet-stream")}
    return data_of(api.ask("POST", "/api/assets", fields=fields))


def take_away(api: Api, asset: dict[str, Any]) -> None:
    data_of(api.ask("DELETE", f"/api/assets/{asset['id']}"))


def is_stored(api: Api, asset: dict[str, Any]) -> bool:
    return api.farm.storage.has(asset["sha256"], asset["size_bytes"])


def used_bytes(api: Api) -> int:
    """As `GET /api/limits` tells after the next count."""
    count_storage(api.farm.database)
    used: int = data_of(api.get("/api/limits"))["quotas"]["storage_bytes"]["used"]
    return used


def touched_long_ago(api: Api, asset: dict[str, Any]) -> None:
    long_ago = time.time() - LONG_AGO_S
    os.utime(api.farm.storage.path(asset["sha256"]), (long_ago, long_ago))


def removed_long_ago(api: Api) -> None:
    with api.farm.database.begin() as session:
        session.execute(update(RemovedAsset).values(removed_at=RemovedAsset.removed_at - LONG_AGO_S))


def sweep(api: Api) -> int:
    """As if all that is due had been looked at a day ago."""
    with api.farm.database.begin() as session:
        session.execute(update(RemovedAsset).values(looked_at=RemovedAsset.looked_at - LOOKED_AT_AGAIN_AFTER_S))
    return sweep_uploads(api.farm.database, api.farm.storage)


def test_an_upload_that_nothing_needs_gives_its_room_back_an_hour_after_it_was_taken_away(api: Api) -> None:
    asset = upload(api)
    touched_long_ago(api, asset)
    take_away(api, asset)
    assert (sweep(api), is_stored(api, asset), used_bytes(api)) == (0, True, asset["size_bytes"])
    removed_long_ago(api)
    assert (sweep(api), is_stored(api, asset), used_bytes(api)) == (1, False, 0)


def test_the_dispatchers_tick_comes_once_in_a_while(api: Api) -> None:
    assets = [upload(api, picture(shade)) for shade in range(2)]
    for asset in assets:
        touched_long_ago(api, asset)
        take_away(api, asset)
        removed_long_ago(api)
        sweep_now_and_then(api.farm.database, api.farm.storage)
    assert [is_stored(api, asset) for asset in assets] == [False, True]


def test_what_a_job_shows_stays_and_counts_and_the_job_can_be_done_again(api: Api) -> None:
    asset = upload(api)
    job = api.accept(text=None, scenes=[{"text": "A river.", "image": asset["id"]}], size="64x64")
    take_away(api, asset)
    touched_long_ago(api, asset)
    removed_long_ago(api)
    for _ in range(2):
        assert (sweep(api), is_stored(api, asset)) == (0, True)
    assert used_bytes(api) == asset["size_bytes"]
    data_of(api.post(f"/api/jobs/{job['id']}/cancel"))
    retried = api.post(f"/api/jobs/{job['id']}/retry", {})
    assert retried.status == 202, retried.data
    work_off(api.farm)
    assert data_of(api.get(f"/api/jobs/{data_of(retried)['id']}"))["status"] == "succeeded"


def test_what_is_needed_is_looked_at_once_a_day(api: Api) -> None:
    asset = upload(api)
    api.accept(images=[asset["id"]])
    take_away(api, asset)
    removed_long_ago(api)
    looked_at = []
    for _ in range(2):
        sweep_uploads(api.farm.database, api.farm.storage)
        with api.farm.database.read() as session:
            looked_at.append(session.scalars(select(RemovedAsset.looked_at)).one())
    assert looked_at[0] is not None and looked_at[0] == looked_at[1]


def test_what_another_organisation_has_uploaded_too_stays_and_counts_for_it_alone(api: Api) -> None:
    stranger = api.stranger()
    mine, theirs = upload(api), upload(stranger)
    assert mine["sha256"] == theirs["sha256"]
    take_away(api, mine)
    touched_long_ago(api, mine)
    removed_long_ago(api)
    assert (sweep(api), is_stored(api, mine)) == (1, True)
    assert (used_bytes(api), used_bytes(stranger)) == (0, theirs["size_bytes"])
    take_away(stranger, theirs)
    removed_long_ago(api)
    assert (sweep(api), is_stored(api, mine)) == (1, False)


def test_what_a_job_of_another_organisation_shows_stays_though_both_have_taken_it_away(api: Api) -> None:
    stranger = api.stranger()
    mine, theirs = upload(api), upload(stranger)
    stranger.accept(images=[theirs["id"]])
    take_away(stranger, theirs)
    take_away(api, mine)
    touched_long_ago(api, mine)
    removed_long_ago(api)
    for gone in (1, 0):
        assert (sweep(api), is_stored(api, mine)) == (gone, True)
    assert (used_bytes(api), used_bytes(stranger)) == (0, theirs["size_bytes"])


def test_the_bytes_go_with_the_last_of_the_uploads_that_had_them(api: Api) -> None:
    for caller in (api, api.stranger(), api):
        asset = upload(caller)
        take_away(caller, asset)
    touched_long_ago(api, asset)
    removed_long_ago(api)
    assert (sweep(api), is_stored(api, asset)) == (3, False)


def test_what_a_step_has_made_too_stays(api: Api) -> None:
    asset = upload(api)
    finished_job(api, "poster.png", picture(), "image/png")
    take_away(api, asset)
    touched_long_ago(api, asset)
    removed_long_ago(api)
    assert (sweep(api), is_stored(api, asset)) == (1, True)


def test_bytes_that_are_being_uploaded_again_stay_though_no_row_names_them_yet(api: Api, tmp_path: Path) -> None:
    asset = upload(api)
    take_away(api, asset)
    touched_long_ago(api, asset)
    removed_long_ago(api)
    # What an upload does before it adds its row.
    source = tmp_path / "again"
    source.write_bytes(picture())
    api.farm.storage.put(source, "image/png")
    assert (sweep(api), is_stored(api, asset), used_bytes(api)) == (0, True, asset["size_bytes"])
    again = upload(api)
    touched_long_ago(api, asset)
    assert (sweep(api), is_stored(api, again), used_bytes(api)) == (1, True, again["size_bytes"])


def test_an_upload_that_is_sent_again_after_it_was_taken_away_is_made_anew(api: Api) -> None:
    def send() -> tuple[str, str | None]:
        fields = {"file": ("a", picture(), "application/octet-stream")}
        answer = api.ask("POST", "/api/assets", fields=fields, headers={"Idempotency-Key": "upload-1"})
        return data_of(answer)["id"], answer.headers.get("Idempotent-Replayed")

    first, _ = send()
    assert send() == (first, "true")
    take_away(api, {"id": first})
    second, replayed = send()
    assert (second != first, replayed) == (True, None)
    assert api.get(f"/api/assets/{second}").status == 200


class FilledMeanwhile(LocalStorage):
    """While a file is put, another upload of the organisation is through and takes the room."""

    def __init__(self, inner: Storage, fill: Callable[[], None]) -> None:
        assert isinstance(inner, LocalStorage)
        super().__init__(inner.root)
        self._fill = fill

    def put(self, path: Path, media_type: str) -> Blob:
        self._fill()
        return super().put(path, media_type)


def test_the_bytes_of_an_upload_that_finds_no_room_at_its_end_are_swept(database: Database, tmp_path: Path) -> None:
    farm = replace(make_farm(database, tmp_path), quotas=Quotas(storage_bytes=len(picture()) + 10))
    org_id = make_org(database)
    file, other = tmp_path / "a.png", tmp_path / "b.png"
    file.write_bytes(picture())
    other.write_bytes(picture(2))
    filled = FilledMeanwhile(farm.storage, lambda: store_asset(farm, Asking(org_id, "test"), other) and None)
    with pytest.raises(QuotaExceeded):
        store_asset(replace(farm, storage=filled), Asking(org_id, "test"), file)
    with database.begin() as session:
        removed = session.scalars(select(RemovedAsset)).one()
        sha256, size_bytes = removed.sha256, removed.size_bytes
        removed.removed_at -= LONG_AGO_S
    path = farm.storage.path(sha256)
    os.utime(path, (time.time() - LONG_AGO_S,) * 2)
    assert farm.storage.has(sha256, size_bytes)
    assert sweep_uploads(database, farm.storage) == 1
    assert not farm.storage.has(sha256, size_bytes)
