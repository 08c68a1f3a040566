"""Encoders of the ffmpeg program, tried for real; clips and whole videos made with one of them.

OpenH264 stands for the hardware: it runs on any processor and is driven in the very same way.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from sqlalchemy import update

from app.domain.encoders import HARDWARE, EncoderChoice, EncoderName, EncoderUnusable, choose_encoder
from app.domain.errors import EncoderLost, LeaseLost, PermanentError, StorageFull
from app.domain.states import JobStatus, StepStatus
from app.domain.video import SceneInput, VideoInput
from app.media.clip import ClipSpec, render_clip
from app.media.encoder_trial import encode_all, pattern, try_encoder
from app.media.even_out import even_out
from app.media.join import join_video
from app.media.piped_encoder import PipedEncoder, first_complaint
from app.models import Step, Worker
from app.models.database import database_now_s, now_s
from app.services.dispatch import dispatch
from app.services.farm import Farm
from app.services.job_views import JobView, get_job
from app.services.recover import recover
from tests.farms import ListBell, make_org, submit, work_off
from tests.integration.test_clip import cues, photo
from tests.integration.test_join import decoded_luma, sound_of
from tests.media_samples import nobody_cares
from workers.encoders_cli import main as tell_encoders

SPEC = ClipSpec(360, 640, 30, frames=75, fade_frames=15, number=1, cues=(), caption_mode="word")
OPENH264 = EncoderChoice(EncoderName.OPENH264, "VIDEO_ENCODER asks for it and its test encode succeeded", "print")
# An encoder that this system's ffmpeg does not have, wherever the tests run.
ABSENT = EncoderName.VAAPI if sys.platform == "darwin" else EncoderName.VIDEOTOOLBOX
SCENES = (SceneInput("Rivers carry rain to the sea."), SceneInput("They shape valleys."))
VIDEO = VideoInput(scenes=SCENES, width_px=256, height_px=256)


@pytest.fixture
def pictures(tmp_path: Path) -> tuple[Path, Path]:
    return photo(tmp_path / "one.png", seed=1), photo(tmp_path / "two.png", seed=2)


def test_a_real_test_encode_says_what_works_here_and_what_each_encoder_says() -> None:
    assert try_encoder(EncoderName.OPENH264).fault is None
    absent = try_encoder(ABSENT)
    assert absent.fault is not None
    with pytest.raises(EncoderUnusable) as refused:
        choose_encoder(ABSENT, try_encoder)
    assert absent.fault in str(refused.value)
    choice = choose_encoder("auto", try_encoder)
    if choice.name == EncoderName.X264:
        assert all(f"{name}: " in choice.why for name in HARDWARE)
    else:
        assert choice.name in HARDWARE and choice.fingerprint


def test_a_farm_does_not_start_with_an_encoder_that_does_not_work(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "workers.farm", "--home", str(tmp_path / "home"), "--port", "0"],
        env={**os.environ, "VIDEO_ENCODER": ABSENT},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stderr.startswith(f"VIDEO_ENCODER is {ABSENT}, and its test encode failed: ")


def test_every_encoder_of_this_machine_is_told_to_the_operator(capsys: pytest.CaptureFixture[str]) -> None:
    assert tell_encoders(["--json", "--size", "640x360", "--frames", "10"]) == 0
    told = json.loads(capsys.readouterr().out)
    found = {encoder["name"]: encoder for encoder in told["encoders"]}
    assert set(found) == set(EncoderName)
    for name in (EncoderName.X264, EncoderName.OPENH264):
        assert found[name]["fault"] is None and found[name]["frames_per_s"] > 0
    assert found[ABSENT]["fault"] and not found[ABSENT]["in_ffmpeg"]
    assert told["chosen"] in (EncoderName.X264, *HARDWARE)


def test_the_same_encoder_has_the_same_fingerprint_each_time() -> None:
    assert try_encoder(EncoderName.OPENH264) == try_encoder(EncoderName.OPENH264)


def test_what_an_encoder_complains_of_is_told_without_addresses() -> None:
    said = "[h264_nvenc @ 0x5637943c1d00] Cannot load libcuda.so.1\n[vost#0:0/h264_nvenc @ 0x56] Error while opening"
    assert first_complaint(said) == "Cannot load libcuda.so.1"


def test_a_piped_clip_keeps_the_contract_of_every_clip(tmp_path: Path, pictures: tuple[Path, Path]) -> None:
    spec, out, x264 = replace(SPEC, cues=cues("one two")), tmp_path / "piped.mp4", tmp_path / "x264.mp4"
    report = render_clip(replace(spec, encoder=EncoderName.OPENH264), *pictures, out, nobody_cares)
    expected = render_clip(spec, *pictures, x264, nobody_cares)
    # What was drawn is the same; only the bytes differ.
    assert replace(report, size_bytes=0) == replace(expected, size_bytes=0)
    with av.open(str(out)) as container:
        context = container.streams.video[0].codec_context
        assert (context.name, context.profile, context.pix_fmt) == ("h264", "High", "yuv420p")
        assert (context.color_primaries, context.color_trc, context.colorspace, context.color_range) == (1, 1, 1, 1)
        frames = list(container.decode(video=0))
    assert [number for number, frame in enumerate(frames) if frame.key_frame] == [0, 60]
    shown = [frame.to_ndarray(format="gray").astype(int) for frame in frames]
    assert len(shown) == SPEC.frames
    for one, other in zip(shown, decoded_luma(x264), strict=True):
        assert np.abs(one - other).mean() < 3


def test_clips_of_different_encoders_are_refused_as_they_are_and_joined_when_evened_out(
    tmp_path: Path, pictures: tuple[Path, Path]
) -> None:
    clips = [tmp_path / f"{number}.mp4" for number in (1, 2, 3)]
    for clip, encoder in zip(clips, (EncoderName.OPENH264, EncoderName.X264, EncoderName.OPENH264), strict=True):
        render_clip(replace(SPEC, frames=40, encoder=encoder), *pictures, clip, nobody_cares)
    out, sound = tmp_path / "joined.mp4", sound_of(tmp_path, 4.0)
    with pytest.raises(PermanentError, match="other settings"):
        join_video(clips, sound, fps=30, out=out, metadata={}, report=nobody_cares)
    even, coded_again = even_out(clips, tmp_path, fps=30, report=nobody_cares)
    assert coded_again == [1, 3] and even[1] == clips[1]
    join_video(even, sound, fps=30, out=out, metadata={}, report=nobody_cares)
    wanted = [luma for clip in clips for luma in decoded_luma(clip)]
    result = decoded_luma(out)
    assert len(result) == len(wanted) == 120
    assert max(np.abs(one.astype(int) - other).mean() for one, other in zip(result, wanted, strict=True)) < 3


def test_clips_of_one_encoder_are_left_as_they_are(tmp_path: Path, pictures: tuple[Path, Path]) -> None:
    clips = [tmp_path / f"{number}.mp4" for number in (1, 2)]
    for clip in clips:
        render_clip(replace(SPEC, frames=20, encoder=EncoderName.OPENH264), *pictures, clip, nobody_cares)
    assert even_out(clips, tmp_path, fps=30, report=nobody_cares) == (clips, [])


def test_an_encoder_that_dies_on_the_way_is_lost_and_leaves_no_clip(tmp_path: Path) -> None:
    encoder = PipedEncoder(EncoderName.OPENH264, tmp_path / "out.mp4", 640, 360, 30, lambda: None)
    with pytest.raises(EncoderLost, match="SIGKILL"), encoder:
        os.killpg(encoder._process.pid, signal.SIGKILL)
        for _ in range(1000):
            encoder.write()


def test_a_canceled_clip_ends_its_encoder(tmp_path: Path, pictures: tuple[Path, Path]) -> None:
    def canceled(fraction: float) -> None:
        if fraction > 0:
            raise LeaseLost("The step was canceled.")

    out = tmp_path / "clips" / "piped.mp4"
    out.parent.mkdir()
    with pytest.raises(LeaseLost):
        render_clip(replace(SPEC, frames=600, encoder=EncoderName.OPENH264), *pictures, out, canceled)
    assert list(out.parent.iterdir()) == []


def test_a_full_disk_is_no_fault_of_the_encoder() -> None:
    full = PipedEncoder(EncoderName.OPENH264, Path("/dev/full"), 640, 360, 30, lambda: None)
    with pytest.raises(StorageFull):
        encode_all(full, [pattern(640, 360, 0)] * 90)


def finished(farm: Farm, org_id: int) -> tuple[JobView, dict]:
    job_id = submit(farm, org_id, VIDEO)
    work_off(farm)
    return ended(farm, org_id, job_id)


def ended(farm: Farm, org_id: int, job_id: str) -> tuple[JobView, dict]:
    job = get_job(farm.database, org_id, job_id)
    assert job.status == JobStatus.SUCCEEDED, job.error
    found = next(output.sha256 for output in job.outputs if output.name == "manifest.json")
    return job, json.loads(farm.storage.path(found).read_text())


def clips_of(manifest: dict) -> dict[str, dict]:
    return {step["name"]: step for step in manifest["steps"] if step["kind"] == "video.clip"}


def test_the_manifest_names_the_encoder_and_a_result_is_adopted_where_the_same_one_works(farm: Farm) -> None:
    org_id, with_openh264 = make_org(farm.database), replace(farm, encoder=OPENH264)
    _, manifest = finished(with_openh264, org_id)
    assert manifest["encoder"] == {"name": "openh264", "why": OPENH264.why}
    _, again = finished(with_openh264, org_id)
    assert all(step["adopted"] for step in clips_of(again).values())
    _, by_x264 = finished(farm, org_id)
    assert not any(step["adopted"] for step in clips_of(by_x264).values())
    assert by_x264["encoder"]["name"] == "x264"


def test_a_job_whose_workers_turn_out_to_differ_is_finished_all_the_same(farm: Farm) -> None:
    org_id = make_org(farm.database)
    job_id = submit(farm, org_id, VIDEO)
    # Whoever is called next, the other takes it the time after.
    workers = [farm, replace(farm, encoder=OPENH264)]
    while work_off(workers[0], steps=1):
        workers.reverse()
    _, manifest = ended(farm, org_id, job_id)
    assert {step["facts"]["encoder"]["name"] for step in clips_of(manifest).values()} == {"x264", "openh264"}
    others = [name for name, step in clips_of(manifest).items() if step["facts"]["encoder"]["name"] == "openh264"]
    assert manifest["encoder"]["name"] == "x264" and manifest["encoder"]["clips_coded_again"] == others


def test_where_workers_are_known_to_differ_every_clip_is_x264s(farm: Farm) -> None:
    with farm.database.begin() as session:
        now = database_now_s(session)
        for number, encoder in enumerate([None, {"name": "openh264", "why": "…", "fingerprint": "print"}]):
            known = {"pool": "cpu", "host": "h", "pid": number, "slots": 1, "version": "1", "started_at": now}
            session.add(Worker(name=f"cpu-{number}", beat_at=now, encoder=encoder, **known))
    _, manifest = finished(replace(farm, encoder=OPENH264), make_org(farm.database))
    assert manifest["encoder"] == {"name": "x264", "why": "the farm's workers have different encoders"}


def test_a_worker_that_loses_its_encoder_finishes_its_clips_with_x264(farm: Farm) -> None:
    assert isinstance(farm.bell, ListBell)
    org_id, lost = make_org(farm.database), replace(farm, encoder=EncoderChoice(ABSENT, "it worked at the start"))
    job_id = submit(farm, org_id, VIDEO)

    work_off(lost)
    with farm.database.begin() as session:
        # The pause before the second attempt is over.
        session.execute(update(Step).where(Step.status == StepStatus.WAITING).values(resume_at=now_s() - 1))
    recover(farm.database)
    dispatch(farm.database, farm.bell)
    work_off(lost)
    _, manifest = ended(farm, org_id, job_id)
    assert {step["attempts"] for step in clips_of(manifest).values()} == {2}
    assert manifest["encoder"] == {"name": "x264", "why": f"an attempt before this one did not succeed with {ABSENT}"}
