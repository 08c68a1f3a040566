"""Uploads looked at again: in pages, by kind, one by one; and taken away without harm to what was made of them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from app.client import Client, Conflict, NotFound
from app.models.database import Database
from tests.api_server import Api, data_of, error_of, serve
from tests.farms import work_off
from tests.media_samples import tone, write_wav


@pytest.fixture
def api(database: Database, tmp_path: Path) -> Iterator[Api]:
    with serve(database, tmp_path / "home") as api:
        yield api


def picture(shade: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (40, 30), (shade, 80, 80)).save(file, "PNG")
    return file.getvalue()


def upload(api: Api, content: bytes) -> dict[str, Any]:
    return data_of(api.ask("POST", "/api/assets", fields={"file": ("a", content, "application/octet-stream")}))


def ids(page: dict[str, Any]) -> list[str]:
    return [item["id"] for item in page["items"]]


def test_pages_walk_both_ways_and_newest_first(api: Api) -> None:
    made = [upload(api, picture(shade))["id"] for shade in range(5)][::-1]
    first = data_of(api.get("/api/assets?limit=2"))
    assert (ids(first), first["has_more"]) == (made[:2], True)
    second = data_of(api.get(f"/api/assets?limit=2&starting_after={made[1]}"))
    assert (ids(second), second["has_more"]) == (made[2:4], True)
    last = data_of(api.get(f"/api/assets?limit=2&starting_after={made[3]}"))
    assert (ids(last), last["has_more"]) == (made[4:], False)
    newer = data_of(api.get(f"/api/assets?limit=2&ending_before={made[4]}"))
    assert (ids(newer), newer["has_more"]) == (made[2:4], True)
    assert api.get(f"/api/assets?starting_after={made[0]}&ending_before={made[1]}").status == 422


def test_one_kind_alone_and_one_alone(api: Api, tmp_path: Path) -> None:
    image = upload(api, picture(1))
    sound = upload(api, write_wav(tmp_path / "s.wav", tone(0.5, rate_hz=8000), rate_hz=8000).read_bytes())
    assert ids(data_of(api.get("/api/assets?kind=audio"))) == [sound["id"]]
    assert data_of(api.get(f"/api/assets/{image['id']}")) == image
    assert api.get("/api/assets?kind=book").status == 422


def test_anothers_asset_is_as_absent_as_one_that_never_was(api: Api) -> None:
    asset_id, stranger = upload(api, picture(1))["id"], api.stranger()
    for method in ("GET", "DELETE"):
        theirs, nobodys = (stranger.ask(method, f"/api/assets/{id_}") for id_ in (asset_id, "ast_0000000000000000"))
        assert theirs.status == nobodys.status == 404
        assert error_of(theirs)["message"] == error_of(nobodys)["message"]
    cursor = stranger.get(f"/api/assets?starting_after={asset_id}")
    assert (cursor.status, error_of(cursor)["details"]["field"]) == (400, "starting_after")
    assert data_of(stranger.get("/api/assets"))["items"] == []
    assert api.get(f"/api/assets/{asset_id}").status == 200


def test_what_was_deleted_is_there_for_videos_that_were_accepted_and_for_no_others(api: Api) -> None:
    asset_id = upload(api, picture(1))["id"]
    video = {"scenes": [{"text": "A river.", "image": asset_id}], "size": "64x64"}
    job = data_of(api.post("/api/videos", video))
    assert data_of(api.ask("DELETE", f"/api/assets/{asset_id}")) == {"id": asset_id, "deleted": True}
    assert api.ask("DELETE", f"/api/assets/{asset_id}").status == 404
    answer = api.post("/api/videos", video)
    assert (answer.status, error_of(answer)["details"]["field"]) == (422, "scenes.0.image")
    work_off(api.farm)
    assert data_of(api.get(f"/api/jobs/{job['id']}"))["status"] == "succeeded"
    edited = api.ask("PATCH", f"/api/videos/{job['id']}/scenes/1", body=b'{"text": "A lake."}', headers=JSON)
    assert edited.status == 202, edited.data
    restarted = api.post(f"/api/jobs/{job['id']}/restart")
    assert restarted.status == 202, restarted.data
    work_off(api.farm)
    for made in (edited, restarted):
        assert data_of(api.get(f"/api/jobs/{data_of(made)['id']}"))["status"] == "succeeded"


JSON = {"Content-Type": "application/json"}


def test_the_brand_kits_logo_stays(api: Api) -> None:
    logo = upload(api, picture(1))["id"]
    api.ask("PUT", "/api/brand-kit", body=b'{"logo": "%s"}' % logo.encode(), headers=JSON)
    with Client(api.url, api.key) as client:
        with pytest.raises(Conflict):
            client.delete_asset(logo)
        client.delete_brand_kit()
        client.delete_asset(logo)
        with pytest.raises(NotFound):
            client.get_asset(logo)


def test_the_client_walks_all_pages(api: Api) -> None:
    made = [upload(api, picture(shade))["id"] for shade in range(3)][::-1]
    with Client(api.url, api.key) as client:
        assert [asset.id for asset in client.list_assets(page_size=2)] == made
        assert list(client.list_assets(kind="video")) == []
        assert client.get_asset(made[0]).kind == "image"
