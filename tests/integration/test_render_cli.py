"""scripts/render, called as a person calls it: a process of its own, with real files, a real terminal, a real farm."""

from __future__ import annotations

import json
import os
import pty
import re
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from app.client import Job, Stage
from app.domain.errors import ProviderRefused
from app.domain.states import JobStatus
from app.services.fail_step import fail_step
from app.services.job_lists import list_jobs
from app.services.keyset import Cut
from tests.api_server import NO_RATES
from tests.farm_process import processes_of
from tests.farms import ListBell, claim
from tests.served_api import ServedApi
from tests.waiting import wait_for
from workers.rendering.inputs import natural_key
from workers.rendering.progress_text import SMALLEST_WIDTH, STAGES, Style, block

ROOT = Path(__file__).resolve().parents[2]
TEXT = "# Rivers\n\nA river runs to the sea.\n\n```sh\nls\n```\n"
SMALL = ("--size", "64x64", "--fps", "24")
WITHIN_S = 120.0


@dataclass(frozen=True)
class Ended:
    exit_code: int
    stdout: str
    stderr: str

    @property
    def result(self) -> dict[str, Any]:
        """The JSON object on the last line."""
        loaded: dict[str, Any] = json.loads(self.stdout.splitlines()[-1])
        return loaded


class Caller:
    """A person at a folder of their own, with a data folder that no farm has used."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.home = folder.parent / "the farm’s data"
        self.environment = {
            **os.environ,
            "SCENEWORKS_HOME": str(self.home),
            "PYTHONPATH": str(ROOT),
            "SCENEWORKS_API_KEY": "",
            **NO_RATES,
            **environment,
        }
        self.started: list[subprocess.Popen[str]] = []

    def start(self, *arguments: str | Path, **options: Any) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "workers.render_cli", *map(str, arguments)],
            cwd=self.folder,
            env=self.environment,
            text=True,
            **{"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options},
        )
        self.started.append(process)
        return process

    def close(self) -> None:
        """A test that failed in between must not leave its command, and so its farm, behind."""
        for process in self.started:
            process.kill()
            process.wait()

    def render(self, *arguments: str | Path, stdin: bytes | None = None, **options: Any) -> Ended:
        process = subprocess.run(
            [sys.executable, "-m", "workers.render_cli", *map(str, arguments)],
            cwd=self.folder,
            env=self.environment,
            input=stdin or b"",
            capture_output=True,
            timeout=WITHIN_S,
            **options,
        )
        return Ended(process.returncode, process.stdout.decode(), process.stderr.decode())

    def names(self) -> set[str]:
        """What lies in the folder, hidden files too."""
        return {path.name for path in self.folder.iterdir()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "Meine Filme – 映画"
    folder.mkdir()
    (folder / "story.md").write_text(TEXT, encoding="utf-8")
    return folder


@pytest.fixture
def caller(folder: Path) -> Iterator[Caller]:
    caller = Caller(folder)
    yield caller
    caller.close()


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedApi]:
    with ServedApi(tmp_path_factory.mktemp("served") / "home") as served:
        yield served


@pytest.fixture
def guest(folder: Path, api: ServedApi) -> Iterator[Caller]:
    """A person who uses a farm that runs elsewhere; its steps run when the test says so."""
    guest = Caller(folder, SCENEWORKS_URL=api.url, SCENEWORKS_API_KEY=api.key)
    yield guest
    guest.close()


@pytest.fixture
def at_work(api: ServedApi) -> Iterator[None]:
    """Somebody answers the farm's doorbells."""
    over = threading.Event()

    def work() -> None:
        while not over.wait(0.02):
            api.work()

    worker = threading.Thread(target=work)
    worker.start()
    yield
    over.set()
    worker.join()


# What can be known to be wrong is said before anything is started.


def bad_inputs() -> dict[str, tuple[bytes | None, Sequence[str], str]]:
    """By name: what is in story.md (None: nothing changed), the arguments, and a part of the answer."""
    return {
        "no argument": (None, (), "Name a file"),
        "an unknown option": (None, ("story.md", "--sise", "9:16"), "--sise"),
        "an abbreviated option": (None, ("story.md", "--lang", "es"), "--lang"),
        "both text and prompt": (None, ("story.md", "--prompt", "Rivers"), "not both"),
        "a missing file": (None, ("other.md",), "other.md: there is no such file"),
        "a folder": (None, (".",), ". is a folder"),
        "an empty text": (b"", ("story.md",), "story.md: The text is empty"),
        "white space": (b" \n\t\n", ("story.md",), "story.md: The text is empty"),
        "only code": (b"```\nls\n```\n", ("story.md",), "story.md: There is nothing to say"),
        "only emoji": ("🎉🎉".encode(), ("story.md",), "story.md: "),
        "binary data": (b"\x89PNG\r\n\x1a\n\0\0\0", ("story.md",), "story.md is not a text"),
        "invalid UTF-8": (b"one\ntwo \xff", ("story.md",), "story.md is not valid UTF-8 (line 2, byte 9)"),
        "UTF-16": ("one".encode("utf-16"), ("story.md",), "story.md is in UTF-16"),
        "5 MB": (b"word " * 1_000_000, ("story.md",), "story.md is too long"),
        "an odd size": (None, ("story.md", "--size", "101x100"), "--size 101x100: Both sides of size must be even"),
        "a large size": (None, ("story.md", "--size", "9000x100"), "--size 9000x100"),
        "a size that is none": (None, ("story.md", "--size", "big"), "--size big"),
        "the video's own size again": (
            None,
            ("story.md", "--also", "9:16"),
            "--also 9:16: This is the size of the video",
        ),
        "a teaser of another kind": (None, ("story.md", "--teaser", "png"), "--teaser"),
        "an unknown rate": (None, ("story.md", "--fps", "29"), "--fps"),
        "a seed below 0": (None, ("story.md", "--seed", "-1"), "--seed"),
        "an output of another kind": (None, ("story.md", "-o", "film.avi"), "film.avi: the name must end in .mp4"),
        "an output in no folder": (None, ("story.md", "-o", "no/film.mp4"), "the folder no does not exist"),
        "pictures in no folder": (None, ("story.md", "--images", "no"), "--images no: there is no such folder"),
        "a folder without pictures": (None, ("story.md", "--images", "."), "there is no picture in this folder"),
        "no music": (None, ("story.md", "--music", "no.mp3"), "--music no.mp3: there is no such file"),
    }


@pytest.mark.parametrize("case", bad_inputs())
def test_wrong_input_is_one_clear_line_and_starts_nothing(caller: Caller, case: str) -> None:
    content, arguments, said = bad_inputs()[case]
    if content is not None:
        (caller.folder / "story.md").write_bytes(content)
    ended = caller.render(*arguments)
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert said in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert caller.names() == {"story.md"}
    assert not caller.home.exists()


def test_a_program_gets_the_fault_as_json(caller: Caller) -> None:
    result = caller.render("missing.md", "--json").result
    assert (result["status"], result["exit_code"], result["error"]["code"]) == ("failed", 2, "INVALID_INPUT")
    assert caller.render("--json", "--sise").result["error"]["code"] == "USAGE"


def test_wrong_settings_are_named(folder: Path) -> None:
    ended = Caller(folder, SCENEWORKS_PORT="eighty").render("story.md")
    assert ended.exit_code == 2
    assert "SCENEWORKS_PORT" in ended.stderr


def test_an_output_never_replaces_what_the_video_is_made_of(caller: Caller) -> None:
    (caller.folder / "photos").mkdir()
    Image.new("RGB", (64, 64)).save(caller.folder / "photos" / "river.jpg")
    ended = caller.render("story.md", "--images", "photos", "-o", "photos/river.mp4")
    assert ended.exit_code == 2
    assert "would replace photos/river.jpg" in ended.stderr


def test_help_and_version_are_answered_without_a_farm(caller: Caller) -> None:
    shown = caller.render("--help")
    assert shown.exit_code == 0
    assert "examples:" in shown.stdout and "scripts/render story.md" in shown.stdout
    assert re.fullmatch(r"sceneworks \d+\.\d+\.\d+\n", caller.render("--version").stdout)


def test_pictures_come_in_the_order_in_which_a_person_counts() -> None:
    names = ["b.jpg", "2.jpg", "10.jpg", "a10.jpg", "A9.jpg", "1.jpg", "a9b2.jpg", "a9b10.jpg"]
    expected = ["1.jpg", "2.jpg", "10.jpg", "A9.jpg", "a9b2.jpg", "a9b10.jpg", "a10.jpg", "b.jpg"]
    assert sorted(names, key=natural_key) == expected


# With a farm that runs elsewhere.


@pytest.mark.usefixtures("at_work")
def test_the_results_lie_beside_each_other_and_are_told(guest: Caller) -> None:
    ended = guest.render("story.md", "-o", "der Fluß.mp4", "--manifest", "--json", *SMALL)
    assert ended.exit_code == 0, ended.stderr
    stem = "der Fluß"
    assert guest.names() == {"story.md", *(f"{stem}{suffix}" for suffix in (".mp4", ".srt", ".vtt", ".jpg", ".json"))}
    result = ended.result
    assert result["outputs"]["video"] == str(guest.folder / f"{stem}.mp4")
    assert result["size_bytes"] == (guest.folder / f"{stem}.mp4").stat().st_size
    assert any("code" in note for note in result["notes"])
    with av.open(str(guest.folder / f"{stem}.mp4")) as video:
        assert abs(video.duration / av.time_base - result["duration_s"]) < 0.1
    assert "A river runs to the sea." in (guest.folder / f"{stem}.srt").read_text(encoding="utf-8")
    assert json.loads((guest.folder / f"{stem}.json").read_text(encoding="utf-8"))["job"] == result["job_id"]


@pytest.mark.usefixtures("at_work")
def test_all_variants_lie_beside_the_video_and_the_preview_is_told_when_it_is_there(guest: Caller) -> None:
    more = ("--preview", "--also", "96x64", "--teaser", "gif", "--teaser", "webp", "--audio", "m4a", "--audio", "mp3")
    ended = guest.render("story.md", "--json", *more, *SMALL)
    assert ended.exit_code == 0, ended.stderr
    apart = ("-preview.mp4", "-96x64.mp4", "-96x64.jpg", ".gif", ".webp", ".m4a", ".mp3")
    assert guest.names() == {"story.md", *(f"out{end}" for end in (".mp4", ".srt", ".vtt", ".jpg", *apart))}
    assert "The preview is there: out-preview.mp4" in ended.stderr
    assert ended.result["outputs"]["video-96x64.mp4"] == str(guest.folder / "out-96x64.mp4")
    with av.open(str(guest.folder / "out-96x64.mp4")) as video:
        assert (video.streams.video[0].width, video.streams.video[0].height) == (96, 64)


@pytest.mark.usefixtures("at_work")
def test_a_person_reads_the_notes_and_the_result(guest: Caller) -> None:
    ended = guest.render("-", *SMALL, stdin="\ufeffA river runs to the sea.\n\n```\nls\n```\n".encode())
    assert ended.exit_code == 0, ended.stderr
    assert "Note: " in ended.stderr
    assert re.match(r"out\.mp4  64x64, \d+\.\d s, \d+ kB, made in \d+:\d\d \(\d+\.\dx real time\)\n", ended.stdout)
    assert "with out.srt, out.vtt, out.jpg" in ended.stdout


@pytest.mark.usefixtures("at_work")
def test_quiet_says_nothing_when_all_is_well(guest: Caller) -> None:
    ended = guest.render("story.md", "--quiet", *SMALL)
    assert (ended.exit_code, ended.stdout, ended.stderr) == (0, "", "")


@pytest.mark.usefixtures("at_work")
def test_an_older_result_is_replaced(guest: Caller) -> None:
    (guest.folder / "out.mp4").write_bytes(b"the older one")
    assert guest.render("story.md", *SMALL).exit_code == 0
    assert (guest.folder / "out.mp4").stat().st_size > 1000


@pytest.mark.usefixtures("at_work")
def test_pictures_and_music_are_uploaded_and_used(guest: Caller, api: ServedApi) -> None:
    photos = guest.folder / "Fotos im Mai"
    photos.mkdir()
    for name in ("10.png", "2.png", ".hidden.png", "notes.txt"):
        Image.new("RGB", (80, 80), "navy").save(photos / name, format="PNG")
    ended = guest.render("story.md", "--images", photos, "--manifest", *SMALL)
    assert ended.exit_code == 0, ended.stderr
    assert "1 of the 2 pictures are not used" in ended.stderr
    manifest = json.loads((guest.folder / "out.json").read_text(encoding="utf-8"))
    assert len(manifest["input"]["images"]) == 1


def test_a_picture_that_is_none_is_named(guest: Caller) -> None:
    (guest.folder / "photo.jpg").write_bytes(b"no picture at all")
    ended = guest.render("story.md", "--images", guest.folder, *SMALL)
    assert ended.exit_code == 2
    assert str(guest.folder / "photo.jpg") in ended.stderr
    assert "PNG, JPEG, WebP, GIF, MP4, MOV, WebM and MKV are taken." in ended.stderr and "MP3" not in ended.stderr
    assert guest.names() == {"story.md", "photo.jpg"}


def test_a_picture_is_no_music(guest: Caller) -> None:
    Image.new("RGB", (64, 64)).save(guest.folder / "song.png")
    ended = guest.render("story.md", "--music", "song.png", *SMALL)
    assert (ended.exit_code, ended.stderr.splitlines()[-1]) == (2, "song.png is no audio file, it is image/png.")


def test_what_the_farm_refuses_is_wrong_input(guest: Caller) -> None:
    refused = guest.render("story.md", "--language", "englsh", "--json")
    assert (refused.exit_code, refused.result["error"]["code"]) == (2, "INVALID_INPUT")
    assert "--language englsh: No voice speaks this language." in refused.stderr
    prompted = guest.render("--prompt", "Rivers", "--json")
    assert (prompted.exit_code, prompted.result["error"]["code"]) == (2, "PROVIDER_NOT_CONFIGURED")
    assert "OPENAI_API_KEY" in prompted.stderr


def test_a_failed_job_is_one_line_with_its_code_its_step_and_advice(guest: Caller, api: ServedApi) -> None:
    process = guest.start("story.md", "--json", *SMALL)
    bell = api.farm.bell
    assert isinstance(bell, ListBell)
    doorbell = wait_for(lambda: bell.rung and bell.rung.pop(), what="the job's first step")
    assert not isinstance(doorbell, list)
    fail_step(api.farm.database, claim(api.farm.database, doorbell.step_id), ProviderRefused("The vendor said no."))
    stdout, stderr = process.communicate(timeout=WITHIN_S)
    assert process.returncode == 1
    assert "The vendor said no. (PROVIDER_REFUSED in script) Trying again will not help." in stderr
    error = json.loads(stdout.splitlines()[-1])["error"]
    assert (error["code"], error["stage"], error["retryable"]) == ("PROVIDER_REFUSED", "script", False)
    assert guest.names() == {"story.md"}


def test_a_key_that_is_not_the_farms_is_told_from_a_farm_that_is_away(folder: Path, api: ServedApi) -> None:
    wrong = Caller(folder, SCENEWORKS_URL=api.url, SCENEWORKS_API_KEY="sw_live_wrong").render("story.md", "--json")
    assert (wrong.exit_code, wrong.result["error"]["code"]) == (3, "UNAUTHORIZED")
    missing = Caller(folder, SCENEWORKS_URL="http://farm.example").render("story.md", "--json")
    assert (missing.exit_code, missing.result["error"]["code"]) == (2, "NO_KEY")


@pytest.mark.usefixtures("at_work")
def test_a_disk_that_takes_no_more_is_said_and_leaves_the_older_result(guest: Caller) -> None:
    (guest.folder / "out.mp4").write_bytes(b"the older one")

    def small_files_only() -> None:
        # Python ignores SIGXFSZ, so a write past the limit fails as one on a full disk does.
        resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))

    ended = guest.render("story.md", *SMALL, preexec_fn=small_files_only)
    assert ended.exit_code == 1
    assert "out.mp4 cannot be written" in ended.stderr
    assert (guest.folder / "out.mp4").read_bytes() == b"the older one"
    assert guest.names() == {"story.md", "out.mp4"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_cancels_the_job(guest: Caller, api: ServedApi, number: signal.Signals) -> None:
    process = guest.start("story.md", *SMALL)
    bell = api.farm.bell
    assert isinstance(bell, ListBell)
    wait_for(lambda: bell.rung, what="the job's first step")
    process.send_signal(number)
    _, stderr = process.communicate(timeout=WITHIN_S)
    assert process.returncode == 130
    assert stderr.endswith("Canceled.\n")
    assert guest.names() == {"story.md"}
    org_id = 1
    newest = list_jobs(api.farm.database, org_id, Cut(1)).items[0]
    assert newest.status == JobStatus.CANCELED
    bell.rung.clear()


@pytest.mark.usefixtures("at_work")
def test_a_reader_that_goes_away_does_not_end_the_render(guest: Caller) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    process = guest.start("story.md", *SMALL, stdout=writer, stderr=writer)
    os.close(writer)
    assert process.wait(timeout=WITHIN_S) == 0
    assert "out.mp4" in guest.names()


@pytest.mark.usefixtures("at_work")
def test_a_terminal_shows_one_block_and_gets_its_cursor_back(guest: Caller) -> None:
    shown = on_terminal(guest, "story.md", *SMALL)
    assert "\x1b[?25l" in shown
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")
    assert re.search(r"writing.*\r\n.*speaking.*\r\n.*drawing", shown)
    assert "out.mp4" in shown.rsplit("\x1b[?25h", 1)[1]


@pytest.mark.usefixtures("at_work")
def test_no_color_is_honoured(guest: Caller) -> None:
    guest.environment["NO_COLOR"] = "1"
    assert not re.search(r"\x1b\[\d*m", on_terminal(guest, "story.md", *SMALL))


@pytest.mark.usefixtures("at_work")
def test_a_dumb_terminal_gets_plain_lines(guest: Caller) -> None:
    assert "\x1b" not in on_terminal(guest, "story.md", *SMALL, term="dumb")


def test_the_voices_are_listed(guest: Caller) -> None:
    listed = guest.render("--list-voices")
    assert listed.exit_code == 0
    assert re.search(r"^en +English", listed.stdout, re.MULTILINE)


def on_terminal(caller: Caller, *arguments: str, term: str = "xterm-256color") -> str:
    """All that a terminal of 80 columns was sent."""
    near, far = pty.openpty()
    caller.environment |= {"TERM": term, "COLUMNS": "80", "LINES": "24"}
    process = caller.start(*arguments, stdout=far, stderr=far)
    os.close(far)
    shown = bytearray()
    try:
        while chunk := os.read(near, 65536):
            shown += chunk
    except OSError:
        # Linux says so when the last process has closed the terminal.
        pass
    os.close(near)
    assert process.wait(timeout=WITHIN_S) == 0, shown.decode()
    return shown.decode()


@settings(max_examples=200)
@given(
    st.integers(1, 250),
    st.integers(0, 100),
    st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 2000)), max_size=7),
    st.sampled_from([JobStatus.QUEUED, JobStatus.RUNNING, JobStatus.WAITING]),
)
def test_the_block_is_never_wider_than_the_terminal(
    columns: int, progress: int, counts: list[tuple[int, int]], status: JobStatus
) -> None:
    stages = tuple(Stage(name, min(pair), max(pair)) for name, pair in zip(STAGES, counts, strict=False))
    now = datetime.now(UTC)
    job = Job(
        "vid_1", "video", status, "writing", stages, progress, 7, 60, None, {}, "req_1", now, None, None, None, ()
    )
    for style in (Style(colour=True, unicode=True), Style(colour=False, unicode=False)):
        for line in block(job, 4000.0, 90.0, columns, style):
            assert line.cells == len(re.sub(r"\x1b\[\d*m", "", line.text))
            assert line.cells < max(columns, SMALLEST_WIDTH + 1)


# With a farm of its own.


def test_without_a_farm_one_is_started_and_ends_by_itself(caller: Caller) -> None:
    ended = caller.render("story.md", "--json", *SMALL)
    assert ended.exit_code == 0, ended.stderr
    assert "Starting the farm…" in ended.stderr
    assert Path(ended.result["outputs"]["video"]).is_file()
    wait_for(lambda: not processes_of(caller.home), within_s=40.0, what="the farm's end")


def test_an_interrupt_leaves_neither_process_nor_file(caller: Caller) -> None:
    (caller.folder / "story.md").write_text("A river runs to the sea. " * 60, encoding="utf-8")
    process = caller.start("story.md")
    read_until("drawing", process)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=WITHIN_S)
    assert (process.returncode, stderr.splitlines()[-1]) == (130, "Canceled.")
    assert processes_of(caller.home) == []
    assert caller.names() == {"story.md"}
    assert list((caller.home / "work").glob("*-*")) == []


def test_a_second_interrupt_ends_the_command_at_once_and_the_farm_by_itself(caller: Caller) -> None:
    process = caller.start("story.md", *SMALL)
    read_until("%", process)
    process.send_signal(signal.SIGINT)
    read_until("Canceling", process)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=WITHIN_S)
    assert process.returncode == 130
    wait_for(lambda: not processes_of(caller.home), within_s=40.0, what="the farm's end")


def test_a_farm_that_is_killed_is_started_again_and_the_video_comes(caller: Caller) -> None:
    process = caller.start("story.md", "--json", *SMALL)
    read_until("%", process)
    os.kill(json.loads((caller.home / "farm.json").read_text())["pid"], signal.SIGKILL)
    stdout, stderr = process.communicate(timeout=WITHIN_S)
    assert process.returncode == 0, stderr
    assert json.loads(stdout.splitlines()[-1])["status"] == "succeeded"
    wait_for(lambda: not processes_of(caller.home), within_s=40.0, what="the farm's end")


def read_until(word: str, process: subprocess.Popen[str]) -> None:
    """Read what the command says until it says this."""
    assert process.stderr is not None
    said = []
    while word not in (line := process.stderr.readline()):
        assert line, f"it ended without saying {word}: {''.join(said)}"
        said.append(line)


def test_a_farm_that_cannot_start_is_said_with_its_reason(caller: Caller) -> None:
    caller.home.write_text("a file where the data folder should be")
    ended = caller.render("story.md")
    assert ended.exit_code == 3
    assert "must be a folder" in ended.stderr
