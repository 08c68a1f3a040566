"""Uploads that are not what they say: refused by their content, under whatever name, and nothing of them stays."""

from __future__ import annotations

import gzip
import io
import json
import socket
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from PIL import Image
from sqlalchemy import select
from urllib3 import BaseHTTPResponse

from app.models import Asset
from app.models.database import Database
from tests.api_server import Api, data_of, error_of, serve
from tests.media_samples import ffmpeg, tone, write_wav

LIMIT_BYTES = 3_000_000
HTML = b"<html><script>alert(1)</script></html>"
BOUNDARY = "a-boundary"


@pytest.fixture
def api(database: Database, tmp_path: Path) -> Iterator[Api]:
    with serve(database, tmp_path / "home", {"SCENEWORKS_MAX_UPLOAD_BYTES": str(LIMIT_BYTES)}) as api:
        yield api


@pytest.fixture
def trap() -> Iterator[socket.socket]:
    """A port that nobody may come to."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield listener


def picture(image_format: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(file, image_format)
    return file.getvalue()


def upload(api: Api, content: bytes, name: str = "file.mp4") -> BaseHTTPResponse:
    return api.ask("POST", "/api/assets", fields={"file": (name, content, "application/octet-stream")})


def left_behind(api: Api) -> list[Path]:
    return [path for path in (api.settings.work_dir / "uploads").rglob("*") if path.is_file()]


def stored(api: Api) -> list[Path]:
    return [path for path in api.settings.storage_dir.rglob("*") if path.is_file()]


def check_refused(api: Api, answer: BaseHTTPResponse) -> None:
    assert (answer.status, error_of(answer)["error_code"]) == (422, "UNSUPPORTED_MEDIA")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert (left_behind(api), stored(api)) == ([], [])


@pytest.mark.parametrize("kind", ["hls", "ffconcat", "svg", "gif and html", "jpeg and html", "pdf and html"])
def test_what_only_looks_like_a_picture_or_a_video_is_refused_and_leads_nowhere(
    api: Api, trap: socket.socket, kind: str
) -> None:
    port = trap.getsockname()[1]
    address = f"http://127.0.0.1:{port}/a.ts"
    content = {
        "hls": f"#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\n{address}\n#EXT-X-ENDLIST\n".encode(),
        "ffconcat": f"ffconcat version 1.0\nfile '{address}'\n".encode(),
        "svg": f"<svg xmlns='http://www.w3.org/2000/svg'><image href='{address}'/></svg>".encode(),
        # The head of a picture, so that a glance takes it for one, and a page to a browser that guesses.
        "gif and html": b"GIF89a/*" + HTML + b"*/=1;",
        "jpeg and html": b"\xff\xd8\xff\xe0" + HTML,
        "pdf and html": b"%PDF-1.4\n" + HTML,
    }[kind]
    for name in ("film.mp4", "picture.png"):
        check_refused(api, upload(api, content, name))
    with pytest.raises(BlockingIOError):
        trap.accept()


@pytest.mark.parametrize("image_format", ["GIF", "PNG", "JPEG", "WEBP"])
def test_a_picture_with_a_page_behind_it_is_a_picture_and_never_a_page(api: Api, image_format: str) -> None:
    answer = upload(api, picture(image_format) + HTML, "page.html")
    if answer.status != 201:
        check_refused(api, answer)
        return
    asset = data_of(answer)
    assert (asset["kind"], asset["media_type"]) == ("image", f"image/{image_format.lower()}")
    # Nothing gives an upload's bytes out again: whatever is asked for, what is answered is no page.
    for path in (f"/api/assets/{asset['id']}", f"/api/assets/{asset['id']}/content"):
        shown = api.get(path)
        assert shown.headers["Content-Type"].startswith("application/json") and HTML not in shown.data


def test_a_picture_that_would_fill_the_memory_is_refused_from_its_header(api: Api) -> None:
    file = io.BytesIO()
    Image.new("1", (15_000, 15_000)).save(file, "PNG")
    assert len(file.getvalue()) < LIMIT_BYTES
    check_refused(api, upload(api, file.getvalue(), "picture.png"))


def test_a_zip_bomb_is_refused_without_being_opened(api: Api) -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(4):
            archive.writestr(f"{number}.png", bytes(50_000_000))
    assert len(bomb.getvalue()) < LIMIT_BYTES
    for name in ("pictures.zip", "picture.png"):
        check_refused(api, upload(api, bomb.getvalue(), name))


def test_a_compressed_body_is_not_unpacked(api: Api) -> None:
    body = gzip.compress(json.dumps({"text": "A river." + " " * 50_000_000}).encode())
    answer = api.post("/api/videos", body, Content_Encoding="gzip")
    assert answer.status in (400, 413, 415)
    assert api.get("/api/jobs").json()["data"]["items"] == []


def test_a_thousand_streams_are_refused(api: Api, tmp_path: Path) -> None:
    sound = write_wav(tmp_path / "sound.wav", tone(0.05, rate_hz=8000), rate_hz=8000)
    many = tmp_path / "many.mkv"
    ffmpeg("-i", sound, *(["-map", "0:a"] * 1000), "-c:a", "copy", many)
    assert many.stat().st_size < LIMIT_BYTES
    check_refused(api, upload(api, many.read_bytes()))


@pytest.mark.parametrize("name", ["../../x.png", "/etc/cron.d/x", "-y.mp4", "a\0b.png", "CON", "x" * 5000, "‮gnp.exe"])
def test_a_files_name_means_nothing(api: Api, name: str) -> None:
    answer = send(api, name.encode(), picture("PNG"))
    assert b" 201 " in answer.partition(b"\r\n")[0], answer
    with api.farm.database.read() as session:
        asset = session.scalars(select(Asset)).one()
    assert [path.name for path in stored(api)] == [asset.sha256]
    assert left_behind(api) == []
    assert not list(Path(api.settings.home).parent.rglob("*x.png"))


@pytest.mark.parametrize("promised", [LIMIT_BYTES * 10, 10**15])
def test_a_length_beyond_the_limit_is_refused_whatever_comes(api: Api, promised: int) -> None:
    answer = send(api, b"a.png", picture("PNG"), length=promised)
    assert b" 413 " in answer.partition(b"\r\n")[0], answer
    assert (left_behind(api), stored(api)) == ([], [])


@pytest.mark.parametrize("off", [-20, 100])
def test_a_length_that_lies_leaves_nothing(api: Api, off: int) -> None:
    content = picture("PNG")
    answer = send(api, b"a.png", content, length=len(body_of(b"a.png", content)) + off)
    assert b" 201 " not in answer.partition(b"\r\n")[0], answer
    assert api.get("/api/jobs").status == 200
    assert (left_behind(api), stored(api)) == ([], [])


def body_of(name: bytes, content: bytes) -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="'.encode()
    return head + name + b'"\r\nContent-Type: image/png\r\n\r\n' + content + f"\r\n--{BOUNDARY}--\r\n".encode()


def send(api: Api, name: bytes, content: bytes, length: int | None = None) -> bytes:
    """The upload byte by byte as it is meant, with a Content-Length of the test's own; the answer as it came."""
    body = body_of(name, content)
    there = urlsplit(api.url)
    head = (
        f"POST /api/assets HTTP/1.1\r\nHost: {there.netloc}\r\nAuthorization: Bearer {api.key}\r\n"
        f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\nConnection: close\r\n"
        f"Content-Length: {len(body) if length is None else length}\r\n\r\n"
    )
    with socket.create_connection((str(there.hostname), int(there.port or 0)), timeout=30) as wire:
        wire.sendall(head.encode() + body)
        # No more will come, whatever was promised.
        wire.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := wire.recv(65536):
            answer += piece
        return answer
