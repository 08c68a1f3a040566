"""Clips and sound joined without touching a frame, and the poster taken from the result."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from app.domain.errors import BadMedia, LeaseLost, PermanentError
from app.media.aac import decode_sound
from app.media.join import join_video
from app.media.poster import make_poster, shown_at
from app.media.soundtrack import Line, make_soundtrack
from tests.media_samples import ffmpeg, make_clip, nobody_cares, speech_like, write_wav


def sound_of(tmp_path: Path, duration_s: float) -> Path:
    out = tmp_path / "sound.m4a"
    speech = speech_like(5.0)[: int(duration_s * 22_050)]
    make_soundtrack(
        [Line(write_wav(tmp_path / "speech.wav", speech), 0.0)],
        duration_s=duration_s,
        music=None,
        out=out,
        report=nobody_cares,
    )
    return out


def joined(tmp_path: Path, clips: list[Path], frames: int, *, fps: int = 30, **metadata: str) -> Path:
    out = tmp_path / "joined é.mp4"
    sound = sound_of(tmp_path, frames / fps)
    join_video(clips, sound, fps=fps, out=out, metadata=metadata, report=nobody_cares)
    return out


def decoded_luma(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]


@pytest.mark.parametrize("lengths", [[1], [45], [1, 45], [45, 1, 37, 2, 3, 60], [1, 1, 1, 1]])
def test_every_frame_of_every_clip_is_there_in_order(tmp_path: Path, lengths: list[int]) -> None:
    clips = [make_clip(tmp_path / f"{n}.mp4", frames, seed=n) for n, frames in enumerate(lengths)]

    video = joined(tmp_path, clips, sum(lengths))

    expected = [frame for clip in clips for frame in decoded_luma(clip)]
    result = decoded_luma(video)
    assert len(result) == sum(lengths)
    assert all(np.array_equal(one, other) for one, other in zip(result, expected, strict=True))


@pytest.mark.parametrize("fps", [24, 25, 30, 60])
def test_timestamps_step_by_exactly_one_frame(tmp_path: Path, fps: int) -> None:
    lengths = [31, 17, 50]
    clips = [make_clip(tmp_path / f"{n}.mp4", frames, seed=n, fps=fps) for n, frames in enumerate(lengths)]

    with av.open(str(joined(tmp_path, clips, sum(lengths), fps=fps))) as container:
        stream = container.streams.video[0]
        packets = [packet for packet in container.demux(stream) if packet.size]
        times = [(packet.pts * packet.time_base, packet.dts * packet.time_base) for packet in packets]
        assert stream.average_rate == fps
        assert stream.start_time == 0
    frame_s = Fraction(1, fps)
    assert sorted(pts for pts, _ in times) == [number * frame_s for number in range(sum(lengths))]
    assert {later - earlier for (_, earlier), (_, later) in pairwise(times)} == {frame_s}
    assert all(pts >= dts for pts, dts in times)


def test_picture_and_sound_begin_and_end_together(tmp_path: Path) -> None:
    clips = [make_clip(tmp_path / f"{n}.mp4", 37, seed=n) for n in range(3)]

    video = joined(tmp_path, clips, 111)

    with av.open(str(video)) as container:
        picture, sound = container.streams.video[0], container.streams.audio[0]
        assert (picture.start_time, sound.start_time) == (0, 0)
        assert picture.duration * picture.time_base == sound.duration * sound.time_base == Fraction(111, 30)
    assert sum(block.shape[1] for block in decode_sound(video)) == 111 * 1600


def test_the_sound_is_copied_sample_for_sample(tmp_path: Path) -> None:
    video = joined(tmp_path, [make_clip(tmp_path / "0.mp4", 60)], 60)

    before = np.concatenate(list(decode_sound(tmp_path / "sound.m4a")), axis=1)
    np.testing.assert_array_equal(np.concatenate(list(decode_sound(video)), axis=1), before)


def test_it_is_tagged_named_and_ready_to_stream(tmp_path: Path) -> None:
    video = joined(tmp_path, [make_clip(tmp_path / "0.mp4", 30)], 30, title="Vulkane – größer", comment="made here")

    said = ffmpeg("-i", video, "-f", "null", "-")
    assert "yuv420p(tv, bt709" in said
    with av.open(str(video)) as container:
        assert container.metadata["title"] == "Vulkane – größer"
        assert container.metadata["major_brand"] == "mp42"
    content = video.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")


def test_a_thousand_clips_need_few_open_files(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    clips = [make_clip(tmp_path / f"{n}.mp4", 3, seed=n, size=(64, 64)) for n in range(4)]
    sound = sound_of(tmp_path, 100.0)
    out = tmp_path / "long.mp4"
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    open_now = len(list(Path("/dev/fd").iterdir()))
    resource.setrlimit(resource.RLIMIT_NOFILE, (open_now + 20, limits[1]))
    try:
        join_video(clips * 250, sound, fps=30, out=out, metadata={}, report=nobody_cares)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)

    with av.open(str(out)) as container:
        assert container.streams.video[0].frames == 3000


@pytest.mark.parametrize("other", [{"x264": {"preset": "ultrafast", "profile": "baseline"}}, {"size": (288, 160)}])
def test_clips_of_other_settings_are_refused(tmp_path: Path, other: dict[str, object]) -> None:
    clips = [make_clip(tmp_path / "0.mp4", 10), make_clip(tmp_path / "1.mp4", 10, **other)]

    with pytest.raises(PermanentError, match="clip 2 was encoded with other settings"):
        joined(tmp_path, clips, 20)
    assert not (tmp_path / "joined é.mp4").exists()


def test_a_clip_of_another_frame_rate_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="clip 1"):
        joined(tmp_path, [make_clip(tmp_path / "0.mp4", 25, fps=25)], 30)


def test_a_clip_cut_short_is_named_as_broken(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "0.mp4", 60)
    clip.write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])

    with pytest.raises(BadMedia, match="joining the clips"):
        joined(tmp_path, [clip], 60)


def test_a_lost_lease_leaves_nothing_behind(tmp_path: Path) -> None:
    clips = [make_clip(tmp_path / f"{n}.mp4", 10, seed=n) for n in range(3)]
    sound = sound_of(tmp_path, 1.0)
    before = sorted(tmp_path.iterdir())

    def lose_the_lease(fraction: float) -> None:
        if fraction > 0.5:
            raise LeaseLost("the job was canceled")

    with pytest.raises(LeaseLost):
        join_video(clips, sound, fps=30, out=tmp_path / "out.mp4", metadata={}, report=lose_the_lease)
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("rgb", [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0), (200, 120, 40)])
def test_the_poster_has_the_colours_of_the_video(tmp_path: Path, rgb: tuple[int, int, int]) -> None:
    video = tmp_path / "colour.mp4"
    ffmpeg(
        *("-f", "lavfi", "-i", f"color=c=0x{bytes(rgb).hex()}:s=128x96:d=2:r=30,format=gbrp"),
        *("-vf", "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p", "-c:v", "libx264", "-crf", "10"),
        *("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", video),
    )
    out = tmp_path / "poster.jpg"

    make_poster(video, at_s=1.0, out=out)

    with Image.open(out) as poster:
        assert (poster.format, poster.size, poster.mode) == ("JPEG", (128, 96), "RGB")
        assert max(abs(one - other) for one, other in zip(poster.getpixel((64, 48)), rgb, strict=True)) <= 4


@pytest.mark.parametrize(
    ("at_s", "frame"), [(0.0, 0), (0.5, 15), (0.99, 29), (1.0, 30), (1.03, 30), (1.04, 31), (1.9, 57), (99.0, 59)]
)
def test_the_poster_is_the_frame_that_is_shown_then(tmp_path: Path, at_s: float, frame: int) -> None:
    video = make_clip(tmp_path / "0.mp4", 60, size=(160, 96))
    out = tmp_path / "poster.jpg"

    make_poster(video, at_s=at_s, out=out)

    with Image.open(out) as poster:
        shown = np.asarray(poster.convert("L"), np.float64)
    # The poster is full range, the video's luma is not.
    frames = [(luma.astype(np.float64) - 16) * 255 / 219 for luma in decoded_luma_as_stored(video)]
    distances = [float(np.abs(shown - np.clip(luma, 0, 255)).mean()) for luma in frames]
    assert int(np.argmin(distances)) == frame


@pytest.mark.parametrize("at_s", [0.0, 0.3, 1 / 3, 0.35, 1.0, 1.6, 2.0, 99.0])
def test_a_poster_of_the_clips_is_the_one_of_the_joined_video(tmp_path: Path, at_s: float) -> None:
    lengths = [10, 1, 37, 30]
    clips = [make_clip(tmp_path / f"{n}.mp4", frames, seed=n) for n, frames in enumerate(lengths)]
    make_poster(joined(tmp_path, clips, sum(lengths)), at_s=at_s, out=tmp_path / "of the video.jpg")

    clip, in_clip_s = shown_at(clips, 30, at_s)
    make_poster(clip, at_s=in_clip_s, out=tmp_path / "of the clip.jpg")

    assert (tmp_path / "of the clip.jpg").read_bytes() == (tmp_path / "of the video.jpg").read_bytes()


def decoded_luma_as_stored(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray()[: frame.height] for frame in container.decode(video=0)]


def test_a_poster_of_no_video_is_bad_media(tmp_path: Path) -> None:
    (tmp_path / "none.mp4").write_bytes(b"\0" * 500)

    with pytest.raises(BadMedia, match="making the poster"):
        make_poster(tmp_path / "none.mp4", at_s=1.0, out=tmp_path / "poster.jpg")
    assert not (tmp_path / "poster.jpg").exists()
