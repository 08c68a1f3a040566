"""The typed client against the real API, over a real wire that breaks."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from PIL import Image

from app.client import (
    BadRequest,
    Client,
    Conflict,
    DownloadDamaged,
    FarmUnreachable,
    FileUnreadable,
    Job,
    NotAFarm,
    NotAuthorized,
    NotFound,
    Output,
    VideoRequest,
)
from app.client.server_events import EventReader, ServerEvent
from app.domain.errors import ProviderRefused
from app.domain.states import JobStatus
from app.services.fail_step import fail_step
from tests.farms import ListBell, claim
from tests.served_api import ServedApi, Wire
from tests.waiting import wait_for

SMALL = VideoRequest(text="A river runs to the sea.", size="64x64", fps=24)


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedApi]:
    with ServedApi(tmp_path_factory.mktemp("farm") / "Wohnung für Daten") as served:
        yield served


@pytest.fixture
def wire(api: ServedApi) -> Iterator[Wire]:
    with Wire(api.port) as wire:
        yield wire


@pytest.fixture
def client(api: ServedApi, wire: Wire) -> Iterator[Client]:
    """Speaks through the wire; gives up soon, so that tests of giving up are short."""
    with Client(wire.url, api.key, patience_s=3.0) as client:
        yield client


@pytest.fixture
def finished(api: ServedApi, client: Client) -> Job:
    job = client.submit_video(SMALL, idempotency_key="finished")
    api.work()
    return client.get_job(job.id)


def output_of(job: Job, name: str) -> Output:
    output = job.output(name)
    assert output is not None
    return output


def test_a_job_is_followed_from_acceptance_to_its_outputs(api: ServedApi, client: Client) -> None:
    accepted = client.submit_video(SMALL, idempotency_key="followed")
    jobs = client.follow(accepted.id)
    assert next(jobs).status == JobStatus.QUEUED
    api.work()
    *_, last = jobs
    assert (last.status, last.progress, last.stage) == (JobStatus.SUCCEEDED, 100, None)
    assert {output.name for output in last.outputs} >= {"video.mp4", "captions.srt", "poster.jpg", "manifest.json"}
    assert last.finished_at is not None and last.finished_at >= last.created_at


def test_following_outlives_a_connection_that_breaks_at_every_change(
    api: ServedApi, client: Client, wire: Wire
) -> None:
    accepted = client.submit_video(VideoRequest(text=SMALL.text, size="80x64"), idempotency_key="cut")
    seen = []
    for job in client.follow(accepted.id):
        seen.append((job.status, job.stage))
        wire.cut()
        api.work(steps=1)
    assert seen[-1] == (JobStatus.SUCCEEDED, None)
    assert seen.count(seen[-1]) == 1
    assert wire.connections > 2


def test_following_outlives_a_restart_of_the_api(api: ServedApi, client: Client) -> None:
    accepted = client.submit_video(VideoRequest(text=SMALL.text, size="96x64"), idempotency_key="restart")
    jobs = client.follow(accepted.id)
    next(jobs)
    api.stop()
    threading.Timer(0.5, api.start).start()
    api.work()
    *_, last = jobs
    assert last.status == JobStatus.SUCCEEDED


def test_a_farm_that_stays_away_is_given_up_with_its_address(client: Client, wire: Wire) -> None:
    wire.is_down = True
    with pytest.raises(FarmUnreachable, match=wire.url):
        client.get_job("vid_0000000000000000")


def test_the_same_key_sent_again_is_the_same_job(client: Client) -> None:
    first = client.submit_video(SMALL, idempotency_key="twice")
    assert client.submit_video(SMALL, idempotency_key="twice").id == first.id
    with pytest.raises(BadRequest) as refused:
        client.submit_video(VideoRequest(text="Another text."), idempotency_key="twice")
    assert refused.value.code == "IDEMPOTENCY_KEY_REUSED"


def test_a_wrong_request_names_the_field_and_carries_the_correlation_id(client: Client) -> None:
    with pytest.raises(BadRequest) as refused:
        client.submit_video(VideoRequest(text="Bonjour.", language="klingon-x"), idempotency_key="wrong")
    assert (refused.value.status, refused.value.code) == (422, "INVALID_INPUT")
    assert refused.value.details["field"] == "language"
    assert refused.value.correlation_id


def test_a_text_of_many_two_byte_letters_fits_as_long_as_its_bytes_do(client: Client) -> None:
    text = "Ж" * 150 + " "
    job = client.submit_video(VideoRequest(text=text * 3000, language="ru"), idempotency_key="cyrillic")
    assert client.cancel(job.id).status == JobStatus.CANCELED


def test_a_key_that_is_not_known_is_refused_at_once(api: ServedApi) -> None:
    with Client(api.url, "sw_live_wrong") as stranger, pytest.raises(NotAuthorized):
        stranger.get_job("vid_0000000000000000")


def test_a_job_that_is_not_there_is_not_found(client: Client) -> None:
    with pytest.raises(NotFound):
        client.get_job("../no such/job?")


def test_a_job_is_canceled_once_and_a_finished_one_never(client: Client, finished: Job) -> None:
    job = client.submit_video(VideoRequest(text="Soon over."), idempotency_key="canceled")
    assert client.cancel(job.id).status == JobStatus.CANCELED
    assert client.cancel(job.id).status == JobStatus.CANCELED
    with pytest.raises(Conflict):
        client.cancel(finished.id)


def test_a_failed_jobs_error_and_events_say_what_happened(api: ServedApi, client: Client) -> None:
    job = client.submit_video(VideoRequest(text="It will not go well."), idempotency_key="fails")
    bell = api.farm.bell
    assert isinstance(bell, ListBell)
    claimed = claim(api.farm.database, bell.rung.pop().step_id)
    fail_step(api.farm.database, claimed, ProviderRefused("The vendor will not do this."))
    *_, last = client.follow(job.id)
    assert last.error is not None
    assert (last.error.code, last.error.message, last.error.retryable) == (
        "PROVIDER_REFUSED",
        "The vendor will not do this.",
        False,
    )
    events = client.events(job.id)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert [event.data["step"] for event in events if event.type == "step.failed"] == ["script"]


def test_an_upload_is_known_by_its_content_and_may_have_any_name(client: Client, tmp_path: Path) -> None:
    picture = tmp_path / 'Mein "erstes" Bild – 写真\n.txt'
    Image.new("RGB", (64, 64), "teal").save(picture, format="PNG")
    asset = client.upload(picture)
    assert (asset.kind, asset.media_type) == ("image", "image/png")


def test_an_upload_of_something_else_is_refused(client: Client, tmp_path: Path) -> None:
    (tmp_path / "picture.png").write_bytes(b"not a picture")
    with pytest.raises(BadRequest) as refused:
        client.upload(tmp_path / "picture.png")
    assert refused.value.code == "UNSUPPORTED_MEDIA"
    with pytest.raises(FileUnreadable, match="no such file"):
        client.upload(tmp_path / "missing.png")


def test_a_download_is_whole_and_proven(client: Client, finished: Job, tmp_path: Path) -> None:
    output = output_of(finished, "video.mp4")
    client.download(finished.id, output, tmp_path / "film.mp4")
    content = (tmp_path / "film.mp4").read_bytes()
    assert (len(content), hashlib.sha256(content).hexdigest()) == (output.size_bytes, output.sha256)
    assert [path.name for path in tmp_path.iterdir()] == ["film.mp4"]


def test_a_download_goes_on_where_its_connection_broke(
    client: Client, wire: Wire, finished: Job, tmp_path: Path
) -> None:
    output = output_of(finished, "video.mp4")
    told: list[int] = []
    wire.cut_after_bytes = output.size_bytes // 2
    client.download(finished.id, output, tmp_path / "film.mp4", told.append)
    assert hashlib.sha256((tmp_path / "film.mp4").read_bytes()).hexdigest() == output.sha256
    assert wire.cut_after_bytes is None
    assert told == sorted(told)


def test_a_damaged_download_leaves_the_older_file_as_it_was(client: Client, finished: Job, tmp_path: Path) -> None:
    output = output_of(finished, "poster.jpg")
    promised = Output(output.name, output.media_type, output.size_bytes, "0" * 64, output.signed_url)
    (tmp_path / "poster.jpg").write_bytes(b"the older one")
    with pytest.raises(DownloadDamaged):
        client.download(finished.id, promised, tmp_path / "poster.jpg")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("poster.jpg", b"the older one")]


def test_the_voices_of_the_farm_are_listed(client: Client) -> None:
    voices = client.voices()
    assert "en" in {language.tag for language in voices.languages}
    assert voices.voices


class Stranger(BaseHTTPRequestHandler):
    """Some other web server on the port where a farm was expected."""

    def do_GET(self) -> None:
        if self.path == "/api/jobs/moved":
            self.send_response(308)
            self.send_header("Location", "https://farm.example")
            self.end_headers()
            return
        body = {"/api/jobs/json": json.dumps({"ok": True, "data": {"id": 7}}).encode()}.get(self.path, b"<h1>Hi</h1>")
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.mark.parametrize(
    ("job_id", "message"),
    [("html", "not as Sceneworks"), ("json", "another version"), ("moved", "https://farm.example")],
)
def test_another_server_in_the_farms_place_is_told_from_a_farm(job_id: str, message: str) -> None:
    with HTTPServer(("127.0.0.1", 0), Stranger) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        with Client(f"http://127.0.0.1:{server.server_port}", "key") as client, pytest.raises(NotAFarm, match=message):
            client.get_job(job_id)


def test_events_are_read_from_pieces_of_any_size() -> None:
    stream = (
        '\ufeffretry: 3000\n\n: still here\r\n\r\nid: 7\r\nevent: step.started\r\ndata: {"a":\r\ndata: "é"}\r\n\r\n'
        "event: progress\rdata: 2\r\rdata: cut off"
    ).encode()
    expected = [ServerEvent("7", "step.started", '{"a":\n"é"}'), ServerEvent("7", "progress", "2")]
    for size in range(1, len(stream)):
        reader = EventReader()
        pieces = [stream[start : start + size] for start in range(0, len(stream), size)]
        assert [event for piece in pieces for event in reader.feed(piece)] == expected


def test_the_organisations_stream_outlives_a_wire_that_breaks(api: ServedApi, client: Client, wire: Wire) -> None:
    heard: list[str] = []
    asked: list[str] = []

    def listen() -> None:
        # The stream has no end but the test's, when the wire is taken away.
        with suppress(FarmUnreachable), Client(wire.url, api.key, patience_s=10.0) as listener:
            for event in listener.follow_org(steps=False):
                heard.append(f"{event.job_id}.{event.seq}")

    def ask() -> str:
        asked.append(client.submit_video(SMALL, idempotency_key=f"org-{len(asked)}").id + ".1")
        return asked[-1]

    threading.Thread(target=listen, daemon=True).start()
    wait_for(lambda: ask() and heard, every_s=0.3, what="the first event")
    wire.cut()
    ask()
    wire.cut()
    begin = asked.index(heard[0])
    wait_for(lambda: len(heard) >= len(asked) - begin, what="what happened meanwhile")
    assert heard == asked[begin:]
