"""The ffmpeg program under our hand: progress, deadline, cancel, and errors that say why."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app.domain.errors import BadMedia, DeadlineExceeded, LeaseLost, PermanentError, StorageFull, TransientError
from app.media.ffmpeg import failure_of, ffmpeg_binary, run_ffmpeg
from tests.media_samples import nobody_cares


def endless(marker: str) -> list[str]:
    """Arguments of a run that never ends, findable among the processes by `marker`."""
    return ["-re", "-f", "lavfi", "-i", "sine", "-metadata", f"title={marker}", "-f", "null", "-"]


def processes_with(marker: str) -> list[str]:
    listed = subprocess.run(["ps", "-axww", "-o", "pid=,args="], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if marker in line and "ps -axww" not in line]


def test_progress_rises_to_the_whole() -> None:
    heard: list[float] = []

    run_ffmpeg(["-f", "lavfi", "-i", "sine=d=20", "-f", "null", "-"], expected_s=20.0, report=heard.append)

    assert heard == sorted(heard)
    assert heard[-1] == pytest.approx(1.0, abs=0.01)


def test_a_lost_lease_ends_ffmpeg_at_once() -> None:
    marker = f"lease-lost-{os.getpid()}"

    def lose_the_lease(fraction: float) -> None:
        assert processes_with(marker)
        raise LeaseLost("the job was canceled")

    with pytest.raises(LeaseLost):
        run_ffmpeg(endless(marker), expected_s=60.0, report=lose_the_lease)

    assert processes_with(marker) == []


def test_a_process_past_its_deadline_is_ended_and_said_so() -> None:
    marker = f"too-slow-{os.getpid()}"

    with pytest.raises(DeadlineExceeded, match="did not finish within"):
        run_ffmpeg(endless(marker), expected_s=60.0, report=nobody_cares, deadline_s=0.5)

    assert processes_with(marker) == []


def test_ffmpeg_does_not_outlive_a_worker_that_was_killed(tmp_path: Path) -> None:
    marker = f"orphan-{os.getpid()}"
    arguments = endless(marker)
    worker = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"""
from app.media.ffmpeg import run_ffmpeg
run_ffmpeg({arguments!r}, expected_s=60.0, report=lambda fraction: print(fraction, flush=True))
""",
        ],
        stdout=subprocess.PIPE,
    )
    assert worker.stdout is not None
    worker.stdout.readline()
    assert any(Path(ffmpeg_binary()).name in line for line in processes_with(marker))
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    worker.stdout.close()

    while processes_with(marker):  # pytest's time limit ends a wait in vain
        pass


def test_an_unreadable_input_is_bad_media_with_ffmpegs_own_words(tmp_path: Path) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"\0" * 1000)

    with pytest.raises(BadMedia) as caught:
        run_ffmpeg(["-i", str(broken), "-f", "null", "-"], expected_s=1.0, report=nobody_cares)

    assert "Invalid data found" in caught.value.details["stderr"]


def test_an_unknown_filter_is_permanent(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="ffmpeg failed"):
        run_ffmpeg(["-f", "lavfi", "-i", "nonsense", "-f", "null", "-"], expected_s=1.0, report=nobody_cares)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no disk that is always full")
def test_a_full_disk_is_named() -> None:
    with pytest.raises(StorageFull, match="disk is full"):
        run_ffmpeg(
            ["-f", "lavfi", "-i", "sine=d=5", "-f", "s16le", "-y", "/dev/full"], expected_s=5.0, report=nobody_cares
        )


@pytest.mark.parametrize("code", [1, 69, 183, 234, 254])
def test_ffmpegs_own_exit_codes_are_not_taken_for_kills(code: int) -> None:
    failure = failure_of(code, "Conversion failed!")

    assert isinstance(failure, PermanentError)


def test_a_kill_from_outside_is_worth_a_retry() -> None:
    assert isinstance(failure_of(128 + signal.SIGKILL, "frame= 12"), TransientError)


def test_a_configured_program_that_is_not_there_is_named() -> None:
    with pytest.raises(PermanentError, match="no-such-ffmpeg"):
        ffmpeg_binary("no-such-ffmpeg")
