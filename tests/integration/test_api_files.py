"""Files in and out: uploads known by their content, downloads whole, in ranges and under a good name."""

from __future__ import annotations

import io
import math
import struct
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from urllib3 import BaseHTTPResponse

from app.models.database import Database
from tests.api_server import Api, data_of, error_of, finished_job, serve
from tests.media_samples import ffmpeg

LIMIT_BYTES = 200_000
FILM = bytes(range(256)) * 40


@pytest.fixture
def api(database: Database, tmp_path: Path) -> Iterator[Api]:
    with serve(database, tmp_path / "home", {"SCENEWORKS_MAX_UPLOAD_BYTES": str(LIMIT_BYTES)}) as api:
        yield api


def png(width_px: int = 40, height_px: int = 30) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width_px, height_px), "teal").save(file, "PNG")
    return file.getvalue()


def tone() -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(b"".join(struct.pack("<h", int(9000 * math.sin(n / 3))) for n in range(8000)))
    return file.getvalue()


def upload(api: Api, content: bytes, name: str = "file", field: str = "file") -> BaseHTTPResponse:
    return api.ask("POST", "/api/assets", fields={field: (name, content, "application/octet-stream")})


def nothing_is_left(api: Api) -> bool:
    return not any(path.is_file() for path in (api.settings.work_dir / "uploads").rglob("*"))


def test_a_picture_is_known_by_its_content_and_can_be_used(api: Api) -> None:
    answer = upload(api, png(), "../../notes.txt")
    asset = data_of(answer)
    assert answer.status == 201
    assert (asset["kind"], asset["media_type"]) == ("image", "image/png")
    assert (asset["width_px"], asset["height_px"], asset["size_bytes"]) == (40, 30, len(png()))
    assert nothing_is_left(api)
    assert api.accept(images=[asset["id"]])["status"] == "queued"


def test_a_sound_is_known_by_its_content_and_can_be_used(api: Api) -> None:
    asset = data_of(upload(api, tone(), "song.png"))
    assert (asset["kind"], asset["media_type"], asset["sample_rate_hz"]) == ("audio", "audio/wav", 8000)
    assert asset["duration_s"] == pytest.approx(1.0)
    assert api.accept(music=asset["id"])["status"] == "queued"
    answer = api.post("/api/videos", {"text": "x", "images": [asset["id"]]})
    assert (answer.status, error_of(answer)["details"]["field"]) == (422, "images.0")


def test_another_orgs_asset_cannot_be_used(api: Api) -> None:
    asset = data_of(upload(api, png()))
    answer = api.stranger().post("/api/videos", {"text": "x", "images": [asset["id"]]})
    assert (answer.status, error_of(answer)["details"]["field"]) == (422, "images.0")


@pytest.mark.parametrize(
    "content",
    [b"#EXTM3U\nfile:///etc/passwd\n", b"<svg><image href='file:///etc/passwd'/></svg>", b"\x89PNG\r\n\x1a\nbroken",
     png()[:60], b"ID3", tone()[:30], b"\0" * 1000],
)  # fmt: skip
def test_what_we_cannot_use_is_refused_and_leaves_nothing(api: Api, content: bytes) -> None:
    answer = upload(api, content, "picture.png")
    assert (answer.status, error_of(answer)["error_code"]) == (422, "UNSUPPORTED_MEDIA")
    assert nothing_is_left(api)


def test_an_empty_file_and_a_wrong_field_are_named(api: Api) -> None:
    assert error_of(upload(api, b""))["details"]["field"] == "file"
    assert error_of(upload(api, png(), field="picture"))["details"]["field"] == "picture"
    assert error_of(api.ask("POST", "/api/assets", fields={"file": "text"}))["details"]["field"] == "file"
    assert api.post("/api/assets", {"file": "x"}).status == 415


def test_a_file_at_the_limit_is_taken_and_one_beyond_is_not(api: Api) -> None:
    for size_bytes, status in ((LIMIT_BYTES, 201), (LIMIT_BYTES + 1, 413), (LIMIT_BYTES * 5, 413)):
        content = png()
        answer = upload(api, content + b"\0" * (size_bytes - len(content)))
        assert answer.status == status
        if status == 413:
            assert error_of(answer)["details"] == {"limit_bytes": LIMIT_BYTES}
    assert nothing_is_left(api)


def test_an_output_comes_whole_under_the_title_of_its_video(api: Api) -> None:
    job_id = finished_job(api, "video.mp4", FILM, "video/mp4", title="Größe: 9/16?")
    answer = api.get(f"/api/jobs/{job_id}/artifacts/video.mp4")
    assert (answer.status, answer.data) == (200, FILM)
    assert answer.headers["Content-Type"] == "video/mp4"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Length"] == str(len(FILM))
    disposition = answer.headers["Content-Disposition"]
    assert disposition.startswith("attachment;") and "filename*=UTF-8''Gr%C3%B6%C3%9Fe%209%2016.mp4" in disposition


def test_ranges_are_served_as_a_player_asks_for_them(api: Api) -> None:
    job_id = finished_job(api, "video.mp4", FILM, "video/mp4")
    address, size = f"/api/jobs/{job_id}/artifacts/video.mp4", len(FILM)
    for asked, part in (("bytes=0-99", FILM[:100]), ("bytes=100-", FILM[100:]), ("bytes=-7", FILM[-7:])):
        answer = api.get(address, Range=asked)
        assert (answer.status, answer.data) == (206, part)
    assert api.get(address, Range="bytes=0-99").headers["Content-Range"] == f"bytes 0-99/{size}"
    beyond = api.get(address, Range=f"bytes={size}-")
    assert (beyond.status, beyond.headers["Content-Range"]) == (416, f"bytes */{size}")
    assert error_of(beyond)["error_code"] == "RANGE_NOT_SATISFIABLE"
    assert api.get(address, Range=f"bytes={'9' * 20}-").status == 416
    assert api.get(address, Range=f"bytes=0-{'9' * 20}").data == FILM
    assert api.get(address, Range=f"bytes={'9' * 5000}-").status == 200
    assert api.get(address, Range="bytes=0-1,5-6").data == FILM
    etag = api.get(address).headers["ETag"]
    assert api.get(address, Range="bytes=0-9", If_Range=etag).status == 206
    assert api.get(address, Range="bytes=0-9", If_Range='"another"').status == 200
    assert api.get(address, Range="bytes=0-9", If_Range=f"W/{etag}").status == 200
    assert api.get(address, If_None_Match=etag).status == 304
    refused = api.get(address, If_Match='"another"')
    assert (refused.status, error_of(refused)["error_code"]) == (412, "PRECONDITION_FAILED")
    assert api.get(address, If_Match=etag).status == 200
    head = api.ask("HEAD", address)
    assert (head.status, head.headers["Content-Length"], head.data) == (200, str(size), b"")


@pytest.mark.parametrize("asked", ["items=0-1", "bytes=abc", "bytes=5-2", "bytes=", "bytes", "bytes=-", "bytes=0-x"])
def test_a_range_that_is_none_is_passed_over(api: Api, asked: str) -> None:
    job_id = finished_job(api, "video.mp4", FILM, "video/mp4")
    answer = api.get(f"/api/jobs/{job_id}/artifacts/video.mp4", Range=asked)
    assert (answer.status, answer.data) == (200, FILM)


@pytest.mark.parametrize(
    "name", ["audio.mp3", "..%2f..%2flocal.key", "%2fetc%2fpasswd", "/etc/passwd", "%00", "video.mp4%00", "a" * 500]
)
def test_an_output_that_is_none_is_not_found(api: Api, name: str) -> None:
    job_id = finished_job(api, "video.mp4", FILM, "video/mp4")
    assert error_of(api.get(f"/api/jobs/{job_id}/artifacts/{name}"))["error_code"] == "NOT_FOUND"


def test_bytes_that_storage_has_lost_are_gone_and_those_that_cannot_be_read_now_are_not(api: Api) -> None:
    job_id = finished_job(api, "video.mp4", FILM, "video/mp4")
    output = data_of(api.get(f"/api/jobs/{job_id}"))["outputs"][0]
    place = api.farm.storage.path(output["sha256"])
    place.unlink()
    answer = api.get(output["url"])
    assert (answer.status, error_of(answer)["error_code"]) == (410, "GONE")
    assert "Retry-After" not in answer.headers and "retry or restart" in error_of(answer)["message"]
    root = place.parents[2]
    root.rename(root.with_name("unmounted"))
    answer = api.get(output["url"])
    assert (answer.status, error_of(answer)["error_code"]) == (503, "SERVICE_UNAVAILABLE")
    assert "Retry-After" in answer.headers


def test_a_video_is_known_by_its_content_and_can_be_shown(api: Api, tmp_path: Path) -> None:
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=64x48:d=1", "-c:v", "libx264", "-pix_fmt", "yuv420p", tmp_path / "v.mp4")
    asset = data_of(upload(api, (tmp_path / "v.mp4").read_bytes(), "song.mp3"))
    assert (asset["kind"], asset["media_type"], asset["has_sound"]) == ("video", "video/mp4", False)
    assert (asset["width_px"], asset["height_px"], asset["is_hdr"]) == (64, 48, False)
    assert asset["duration_s"] == pytest.approx(1.0)
    assert nothing_is_left(api)
    scenes: list[dict[str, Any]] = [{"text": "x", "video": {"asset": asset["id"], "start_s": 0.2, "end_s": 0.8}}]
    assert api.post("/api/videos", {"scenes": scenes}).status == 202
    assert api.accept(images=[asset["id"]])["status"] == "queued"
    scenes[0]["video"]["sound"] = "mix"
    for body, field in (({"text": "x", "music": asset["id"]}, "music"), ({"scenes": scenes}, "scenes.0.video.sound")):
        answer = api.post("/api/videos", body)
        assert (answer.status, error_of(answer)["details"]["field"]) == (422, field)
