"""Scenes that show a piece of an uploaded video: what is taken, what is shown, what is heard."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from app.domain.errors import BadMedia, LeaseLost, UnsupportedMedia
from app.media.clip import render_clip
from app.media.footage import FootageReader
from app.media.inspect_video import VideoInfo, inspect_video
from app.media.sources import FootagePiece
from app.services.assets import inspect
from tests.integration.test_clip import SPEC, cues, plain, rgb_of
from tests.media_samples import always_wanted, ffmpeg, nobody_cares

WIDE = ("-f", "lavfi", "-i", "testsrc2=s=192x108:r=25:d=3")
TONE = ("-f", "lavfi", "-i", "sine=f=440:r=44100:d=3")
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
LAST = replace(SPEC, width_px=90, height_px=160, frames=30, fade_frames=0)


def seconds(path: Path, *, colours: str = "", duration_s: int = 4, size: str = "120x160", rate: int = 25) -> Path:
    """A video whose brightness says its time: 40 levels more each second, from 40."""
    source = f"color=black:s={size}:r={rate}:d={duration_s},format=yuv420p,geq=lum='40+40*floor(T)':cb=128:cr=128"
    ffmpeg("-f", "lavfi", "-i", source + colours, *H264, path)
    return path


def brightness(frame: Any) -> float:
    height, width = frame.shape[:2]
    return float(frame[height // 4 : height // 2, width // 4 : width // 2].mean())


def clip(tmp_path: Path, piece: FootagePiece, spec: Any = LAST) -> list[Any]:
    out = tmp_path / "out.mp4"
    render_clip(spec, piece, None, out, nobody_cares)
    return rgb_of(out)


@pytest.mark.parametrize(
    ("name", "coding", "demuxer"),
    [
        ("a.mp4", H264, "mov"),
        ("a.mov", ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error"), "mov"),
        ("a.webm", ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus"), "matroska"),
        ("a.mkv", ("-c:v", "libsvtav1", "-preset", "12"), "matroska"),
        ("b.mov", ("-c:v", "prores_ks", "-c:a", "aac"), "mov"),
    ],
)
def test_the_content_decides_and_the_name_does_not(
    tmp_path: Path, name: str, coding: tuple[str, ...], demuxer: str
) -> None:
    ffmpeg(*WIDE, *TONE, *coding, tmp_path / name)
    path = (tmp_path / name).rename(tmp_path / "my film: é.txt")
    info = inspect_video(path)
    assert info is not None
    assert info == VideoInfo(
        *(info.duration_s, info.frame_rate),
        *(192, 108, demuxer, 0),
        has_sound=True,
        is_hdr=False,
        is_untagged=True,
        primaries=2,
        is_interlaced=False,
    )
    assert info.duration_s == pytest.approx(3.0, abs=0.1) and info.frame_rate == pytest.approx(25, abs=1)


def test_a_video_taken_upright_is_as_wide_as_it_is_shown(tmp_path: Path) -> None:
    ffmpeg(*WIDE, *H264, tmp_path / "flat.mp4")
    ffmpeg("-display_rotation", "90", "-i", tmp_path / "flat.mp4", "-c", "copy", tmp_path / "turned.mp4")
    info = inspect_video(tmp_path / "turned.mp4")
    assert info is not None and (info.width_px, info.height_px) == (108, 192)


def test_a_sound_in_a_box_for_videos_is_none(tmp_path: Path) -> None:
    ffmpeg(*TONE, "-c:a", "aac", tmp_path / "a.m4a")
    assert inspect_video(tmp_path / "a.m4a") is None


def alter(path: Path, *, step_bytes: int = 0, first: float = 1 / 3, last: float = 0.9) -> None:
    """Alter each `step_bytes`th byte from one share of the file to another; the first of them alone for 0."""
    content = bytearray(path.read_bytes())
    for at in range(int(len(content) * first), int(len(content) * last), step_bytes or len(content)):
        content[at] ^= 0x5A
    path.write_bytes(content)


def damaged(tmp_path: Path, kind: str) -> Path:
    path = tmp_path / "video.mp4"
    if kind == "playlist":
        path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/hostname\n#EXT-X-ENDLIST\n")
    elif kind == "noise":
        path.write_bytes(b"\0\0\0\x18ftypmp42" + np.random.default_rng(1).bytes(50_000))
    elif kind == "cut":
        ffmpeg(*WIDE, *H264, "-movflags", "+faststart", path)
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    elif kind == "no index":
        ffmpeg(*WIDE, *H264, path)
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    elif kind == "cut webm":
        ffmpeg(*WIDE, "-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-f", "webm", path)
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    elif kind == "rare codec":
        ffmpeg(*WIDE, "-c:v", "mjpeg", path)
    elif kind == "many streams":
        ffmpeg(*WIDE, *("-map", "0:v") * 12, *H264, path)
    elif kind == "too small":
        ffmpeg("-f", "lavfi", "-i", "testsrc2=s=8x8:d=1", *H264, path)
    elif kind == "too large":
        ffmpeg("-f", "lavfi", "-i", "color=s=8192x4096:d=0.1", *H264, path)
    elif kind == "too long":
        ffmpeg("-f", "lavfi", "-i", "color=s=16x16:r=1/600:d=7200", *H264, path)
    elif kind == "garbled":
        ffmpeg(*WIDE, *H264, "-movflags", "+faststart", path)
        whole = bytearray(path.read_bytes())
        at = whole.index(b"mdat") + 4
        whole[at:] = np.random.default_rng(2).bytes(len(whole) - at)
        path.write_bytes(whole)
    elif kind == "damaged matroska":
        ffmpeg(*WIDE, *TONE, *H264, "-c:a", "flac", "-f", "matroska", path)
        alter(path, step_bytes=11)
    elif kind == "one picture":
        path.write_bytes(b"\0\0\0\x18ftypavif" + b"\0" * 500)
    return path


@pytest.mark.parametrize(
    "kind",
    ["playlist", "noise", "cut", "no index", "cut webm", "rare codec", "many streams", "too small", "too large",
     "too long", "garbled", "damaged matroska", "one picture"],
)  # fmt: skip
def test_what_is_no_video_that_can_be_shown_is_refused(tmp_path: Path, kind: str) -> None:
    with pytest.raises(UnsupportedMedia):
        inspect_video(damaged(tmp_path, kind))


@pytest.mark.parametrize("codec", ["libx264", "mpeg4", "prores_ks"])
@pytest.mark.parametrize("step_bytes", [11, 499])
def test_a_video_that_turns_out_to_be_damaged_fails_its_scene(tmp_path: Path, codec: str, step_bytes: int) -> None:
    video = tmp_path / "video.mov"
    ffmpeg(*WIDE, "-c:v", codec, video)
    alter(video, step_bytes=step_bytes)
    with pytest.raises(BadMedia, match="the video of the scene is damaged"):
        clip(tmp_path, FootagePiece(video, 0.0, 3.0), replace(LAST, frames=90))
    assert list(tmp_path.iterdir()) == [video]


@pytest.mark.parametrize("start_s", [0.0, 0.7])
def test_a_single_damaged_frame_is_shown_as_it_is(tmp_path: Path, start_s: float) -> None:
    video = tmp_path / "video.mp4"
    ffmpeg(*WIDE, "-c:v", "libx264", video)
    alter(video, first=0.7)
    assert len(clip(tmp_path, FootagePiece(video, start_s, 3.0), replace(LAST, frames=60))) == 60


@pytest.mark.parametrize("coding", ["open-gop=1:keyint=25:bframes=3", "intra-refresh=1:keyint=25", "keyint=250"])
@pytest.mark.parametrize("container", ["mp4", "mkv"])
@pytest.mark.parametrize("start_s", [0.0, 0.7])
def test_a_video_that_was_cut_without_being_coded_again_is_not_damaged(
    tmp_path: Path, coding: str, container: str, start_s: float
) -> None:
    ffmpeg(*WIDE, "-c:v", "libx264", "-x264-params", coding, tmp_path / "whole.mp4")
    video = tmp_path / f"cut.{container}"
    ffmpeg("-ss", "1.3", "-i", tmp_path / "whole.mp4", "-c", "copy", video)
    info = inspect_video(video)
    assert info is not None
    assert len(clip(tmp_path, FootagePiece(video, start_s, info.duration_s), replace(LAST, frames=90))) == 90


def test_a_picture_in_a_videos_box_is_refused_as_what_it_is(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedMedia, match="AVIF and HEIC pictures"):
        inspect(damaged(tmp_path, "one picture"))


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells a process its own peak")
def test_a_huge_frame_costs_little_memory_to_refuse(tmp_path: Path) -> None:
    path = damaged(tmp_path, "too large")
    # Not getrusage, whose peak is handed down by the process that starts this one.
    code = (
        "import sys; from app.media.read_video import main; from pathlib import Path; "
        "main('mov', Path(sys.argv[1])); print(Path('/proc/self/status').read_text())"
    )
    said = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True).stdout
    (peak_kib,) = re.findall(r"VmHWM:\s+(\d+) kB", said)
    assert int(peak_kib) < 200_000


def test_a_piece_plays_at_its_own_speed_whatever_its_rate(tmp_path: Path) -> None:
    piece = FootagePiece(seconds(tmp_path / "v.mp4"), 1.0, 4.0)
    frames = clip(tmp_path, piece, replace(LAST, frames=90))
    assert [round(brightness(frames[at]) / 10) for at in (0, 28, 32, 58, 62, 88)] == [
        round(level / 10) for level in (rgb(80), rgb(80), rgb(120), rgb(120), rgb(160), rgb(160))
    ]


def rgb(luma: float) -> float:
    """A grey of limited range as a level of RGB."""
    return (luma - 16) * 255 / 219


def test_a_varying_rate_is_shown_by_its_times(tmp_path: Path) -> None:
    steady = seconds(tmp_path / "v.mp4")
    ffmpeg("-i", steady, "-vf", "select='if(lt(t,2),not(mod(n,10)),1)'", "-fps_mode", "vfr", *H264, tmp_path / "w.mp4")
    frames = clip(tmp_path, FootagePiece(tmp_path / "w.mp4", 0.0, 4.0), replace(LAST, frames=120))
    for at, luma in ((15, 40), (45, 80), (75, 120), (105, 160)):
        assert brightness(frames[at]) == pytest.approx(rgb(luma), abs=6)


INTERLACED = {
    "h264 top first": ("tff", "i.mp4", (*H264, "-flags", "+ildct+ilme", "-x264-params", "tff=1")),
    "h264 bottom first": ("bff", "i.mp4", (*H264, "-flags", "+ildct+ilme", "-x264-params", "bff=1")),
    "prores": ("tff", "i.mov", ("-c:v", "prores_ks", "-flags", "+ildct")),
    "mpeg4": ("tff", "i.mp4", ("-c:v", "mpeg4", "-q:v", "2", "-flags", "+ildct+ilme", "-field_order", "tt")),
}


@pytest.mark.parametrize(("first", "name", "coding"), INTERLACED.values(), ids=INTERLACED)
def test_interlaced_video_shows_each_of_its_moments_whole(
    tmp_path: Path, first: str, name: str, coding: tuple[str, ...]
) -> None:
    # A white bar that moves by 4 pixels in a fiftieth of a second; each frame holds two such moments, line by line.
    bar = "color=black:s=160x160:r=50:d=1[b];color=white:s=20x160:r=50:d=1[w];[b][w]overlay=x=4*n"
    lines = ("-vf", f"interlace=scan={first}:lowpass=off,format=yuv420p")
    ffmpeg("-f", "lavfi", "-i", bar, *lines, *coding, tmp_path / name)
    info = inspect_video(tmp_path / name)
    assert info is not None and info.is_interlaced
    with FootageReader(FootagePiece(tmp_path / name, 0.0, 0.6), 160, 160, 50, always_wanted) as reader:
        bars = [(reader.next_frame().visible_luma[20:-20] > 128).argmax(axis=1) for _ in range(30)]
    for number, bar in enumerate(bars[4:-4]):
        assert np.abs(bar - (np.median(bars[4]) + 4 * number)).max() <= 1


def test_pixels_that_are_not_square_keep_the_shape_of_what_was_filmed(tmp_path: Path) -> None:
    # Television of 720 × 576 in 16:9, at half its size. On a screen the white box is as wide as it is high.
    ffmpeg("-f", "lavfi", "-i", "color=black:s=360x288:r=25:d=1,drawbox=x=130:y=73:w=100:h=142:color=white:t=fill",
           "-vf", "setsar=64/45", *H264, tmp_path / "v.mp4")  # fmt: skip
    info = inspect_video(tmp_path / "v.mp4")
    assert info is not None and (info.width_px, info.height_px) == (512, 288)
    for width_px, height_px in ((320, 180), (180, 320)):
        with FootageReader(
            FootagePiece(tmp_path / "v.mp4", 0.0, 0.5), width_px, height_px, 30, always_wanted
        ) as reader:
            white = reader.next_frame().visible_luma > 160
        assert white.any(axis=0).sum() == pytest.approx(white.any(axis=1).sum(), abs=3)


def test_a_piece_shorter_than_its_scene_begins_again(tmp_path: Path) -> None:
    piece = FootagePiece(seconds(tmp_path / "v.mp4"), 0.5, 1.5)
    frames = clip(tmp_path, piece, replace(LAST, frames=75))
    levels = [brightness(frames[at]) for at in (5, 20, 35, 50, 65)]
    assert levels == pytest.approx([rgb(40), rgb(80), rgb(40), rgb(80), rgb(40)], abs=6)


def test_a_video_that_nearly_fits_is_cropped_to_its_middle(tmp_path: Path) -> None:
    ffmpeg("-f", "lavfi", "-i", "color=red:s=280x320:d=1,drawbox=x=40:w=200:h=320:color=lime:t=fill", *H264,
           tmp_path / "wide.mp4")  # fmt: skip
    frame = clip(tmp_path, FootagePiece(tmp_path / "wide.mp4", 0.0, 1.0))[0]
    assert (frame[:, 4:-4, 1] > 200).all() and frame.shape == (160, 90, 3)


@pytest.mark.parametrize(
    ("size", "frame_px"), [("320x180", (90, 160)), ("180x320", (160, 90))], ids=["wide in upright", "upright in wide"]
)
def test_a_video_that_fits_badly_sits_nearly_whole_on_its_own_blur(
    tmp_path: Path, size: str, frame_px: tuple[int, int]
) -> None:
    # Green at the edges that a crop to the frame's shape would cut off, red in the middle that it would leave.
    box = "x=80:w=160:h=180" if size == "320x180" else "y=80:w=180:h=160"
    ffmpeg("-f", "lavfi", "-i", f"color=lime:s={size}:d=1,drawbox={box}:color=red:t=fill", *H264, tmp_path / "v.mp4")
    spec = replace(LAST, width_px=frame_px[0], height_px=frame_px[1])
    frame = clip(tmp_path, FootagePiece(tmp_path / "v.mp4", 0.0, 1.0), spec)[0]
    frame = frame if size == "320x180" else frame.transpose(1, 0, 2)
    # Across the middle the video is seen to the frame's edges.
    assert (frame[80, [4, -5], 1] > 200).all() and (frame[80, 24:-24, 0] > 200).all()
    # Above and below lies its middle, blurred and darkened: red, and never black.
    for edge in (frame[8], frame[-9]):
        assert (edge[24:-24, 0] > 80).all() and (edge[24:-24, 0] < 180).all() and (edge[24:-24, 1] < 80).all()


def test_a_video_at_rest_has_a_backdrop_at_rest(tmp_path: Path) -> None:
    ffmpeg("-f", "lavfi", "-i", "testsrc=s=320x180:r=30:d=1", "-vf", "loop=30:1", "-qp", "0", *H264, tmp_path / "v.mp4")
    with FootageReader(FootagePiece(tmp_path / "v.mp4", 0.0, 0.5), 90, 160, 30, always_wanted) as reader:
        first = [plane.copy() for plane in reader.next_frame().visible]
        for _ in range(12):
            assert all(map(np.array_equal, reader.next_frame().visible, first))


def test_an_upright_video_is_turned(tmp_path: Path) -> None:
    ffmpeg("-f", "lavfi", "-i", "color=red:s=320x180:d=1,drawbox=w=160:h=180:color=blue:t=fill", *H264,
           tmp_path / "flat.mp4")  # fmt: skip
    ffmpeg("-display_rotation", "90", "-i", tmp_path / "flat.mp4", "-c", "copy", tmp_path / "turned.mp4")
    frame = clip(tmp_path, FootagePiece(tmp_path / "turned.mp4", 0.0, 1.0))[0]
    # A quarter turn to the left brings the left half down.
    assert frame[20, 45, 0] > 200 and frame[-20, 45, 2] > 200


@pytest.mark.parametrize(
    "coding",
    [
        ("-vf", "scale=out_color_matrix=bt601:out_range=tv,format=yuv420p", "-colorspace", "smpte170m"),
        ("-vf", "scale=out_color_matrix=bt709:out_range=pc,format=yuv420p", "-colorspace", "bt709",
         "-color_range", "pc"),
        ("-vf", "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p", "-colorspace", "bt709",
         "-color_primaries", "bt709", "-color_trc", "bt709"),
    ],
    ids=["bt601", "full range", "bt709"],
)  # fmt: skip
def test_every_coding_of_colour_looks_as_it_was_meant(tmp_path: Path, coding: tuple[str, ...]) -> None:
    ffmpeg("-f", "lavfi", "-i", "color=0xC83C28:s=90x160:d=0.5", *coding, "-c:v", "libx264", tmp_path / "v.mp4")
    frame = clip(tmp_path, FootagePiece(tmp_path / "v.mp4", 0.0, 0.5), replace(LAST, crf=5))[5]
    assert np.abs(frame[80, 45] - np.array([0xC8, 0x3C, 0x28])).max() <= 6


# What the colour 0xB43C28 of sRGB is in wider primaries, by their chromaticities (ITU-R BT.2020; SMPTE EG 432-1) and
# on a display of gamma 2.4 (ITU-R BT.1886): smaller values, for a fuller red.
@pytest.mark.parametrize(
    ("primaries", "matrix", "same"), [("bt2020", "bt2020nc", "0x974E32"), ("smpte432", "bt709", "0xA74632")]
)
def test_wide_colours_are_no_paler_than_they_were(tmp_path: Path, primaries: str, matrix: str, same: str) -> None:
    to_yuv = f"scale=out_color_matrix={'bt2020' if matrix == 'bt2020nc' else matrix}:out_range=tv,format=yuv420p"
    tags = f"setparams=color_primaries={primaries}:color_trc=bt709:colorspace={matrix}:range=tv"
    ffmpeg("-f", "lavfi", "-i", f"color={same}:s=90x160:d=0.5", "-vf", f"{to_yuv},{tags}", "-c:v", "libx264",
           tmp_path / "v.mp4")  # fmt: skip
    frame = clip(tmp_path, FootagePiece(tmp_path / "v.mp4", 0.0, 0.5), replace(LAST, crf=5))[5]
    assert np.abs(frame[80, 45] - np.array([0xB4, 0x3C, 0x28])).max() <= 6


@pytest.mark.parametrize("transfer", ["smpte2084", "arib-std-b67"])
def test_the_white_of_hdr_is_white_and_its_grey_is_grey(tmp_path: Path, transfer: str) -> None:
    # Code values of a 10-bit ramp: PQ puts 203 cd/m² at 58 %, HLG its own white at 75 %.
    white = 0.58 if transfer == "smpte2084" else 0.75
    code = round(64 + white * 876)
    tags = f"setparams=color_primaries=bt2020:color_trc={transfer}:colorspace=bt2020nc"
    ffmpeg("-f", "lavfi", "-i", f"color=black:s=90x160:d=0.5,format=yuv420p10le,geq=lum={code}:cb=512:cr=512,{tags}",
           "-c:v", "libx265", "-x265-params", "log-level=error", tmp_path / "v.mp4")  # fmt: skip
    info = inspect_video(tmp_path / "v.mp4")
    assert info is not None and info.is_hdr
    frame = clip(tmp_path, FootagePiece(tmp_path / "v.mp4", 0.0, 0.5))[5]
    assert 200 <= frame[80, 45].mean() <= 255 and np.ptp(frame[80, 45]) <= 6


@pytest.mark.parametrize("transfer", ["smpte2084", "arib-std-b67"])
def test_hdr_that_says_no_more_of_its_colours_is_taken_for_what_all_of_it_is(tmp_path: Path, transfer: str) -> None:
    seen = []
    for more in ("", ":color_primaries=bt2020:colorspace=bt2020nc"):
        red = f"color=red:s=90x160:r=25:d=0.2,format=yuv420p10le,setparams=color_trc={transfer}{more}"
        ffmpeg("-f", "lavfi", "-i", red, "-c:v", "libx265", "-x265-params", "log-level=error", tmp_path / "v.mp4")
        seen.append(clip(tmp_path, FootagePiece(tmp_path / "v.mp4", 0.0, 0.2))[2])
    assert np.abs(seen[0] - seen[1]).max() <= 2


def test_pictures_and_videos_fade_into_each_other_and_captions_lie_over_both(tmp_path: Path) -> None:
    grey, video = plain(tmp_path / "p.png", (10, 10, 10)), seconds(tmp_path / "v.mp4")
    spec = replace(LAST, frames=45, fade_frames=15, cues=cues("Lava", width_px=90, height_px=160))
    out = tmp_path / "out.mp4"
    render_clip(spec, grey, FootagePiece(video, 2.0, 4.0), out, nobody_cares)
    # The tail fades to the piece's first frame, at rest.
    assert brightness(rgb_of(out)[-1]) == pytest.approx(rgb(120), abs=15)
    report = render_clip(spec, FootagePiece(video, 0.0, 4.0), grey, out, nobody_cares)
    frames = rgb_of(out)
    assert brightness(frames[-1]) == pytest.approx(15, abs=8) and report.caption_box is not None
    with av.open(str(out)) as container:
        assert [n for n, frame in enumerate(container.decode(video=0)) if frame.key_frame] == [0]


def test_the_same_piece_gives_the_same_bytes(tmp_path: Path) -> None:
    video = seconds(tmp_path / "v.mp4")
    made = []
    for name in ("a.mp4", "b.mp4"):
        render_clip(LAST, FootagePiece(video, 0.3, 2.0), None, tmp_path / name, nobody_cares)
        made.append((tmp_path / name).read_bytes())
    assert made[0] == made[1]


def test_a_video_that_no_longer_can_be_decoded_and_a_lost_lease_leave_nothing(tmp_path: Path) -> None:
    broken = damaged(tmp_path, "cut")
    with pytest.raises(BadMedia):
        clip(tmp_path, FootagePiece(broken, 0.0, 1.0))
    video = seconds(tmp_path / "v.mp4")

    def lose(fraction: float) -> None:
        if fraction > 0.0:
            raise LeaseLost("the job was canceled")

    with pytest.raises(LeaseLost):
        render_clip(LAST, FootagePiece(video, 0.0, 4.0), None, tmp_path / "out.mp4", lose)
    assert sorted(tmp_path.iterdir()) == sorted([broken, video])
