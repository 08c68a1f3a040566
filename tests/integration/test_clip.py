"""The scene clip, rendered for real: what it shows, how it is coded, and how it fails."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from PIL import Image

from app.domain.caption_style import CaptionBox, CaptionPosition, CaptionSize, CaptionStyle
from app.domain.captions import break_into_cues, shape_for
from app.domain.errors import BadMedia, LeaseLost, MissingGlyphs
from app.domain.speech import Word
from app.media.caption_layout import lay_out
from app.media.caption_pictures import colour, draw_shapes
from app.media.clip import ClipReport, ClipSpec, render_clip
from app.media.colour import ycbcr_of
from tests.media_samples import nobody_cares

WIDTH_PX, HEIGHT_PX, FPS = 360, 640, 30
SPEC = ClipSpec(
    WIDTH_PX, HEIGHT_PX, FPS, frames=75, fade_frames=15, number=1, cues=(), caption_mode="word", preset="veryfast"
)


def photo(path: Path, *, seed: int = 1, width_px: int = 414, height_px: int = 736) -> Path:
    """A picture with large and small detail."""
    noise = np.random.default_rng(seed)
    layers = [
        cv2.resize(noise.uniform(0, 255, (size * 2, size, 3)), (width_px, height_px), interpolation=cv2.INTER_CUBIC)
        for size in (2, 6, 30)
    ]
    cv2.imwrite(str(path), np.clip(layers[0] * 0.5 + layers[1] * 0.3 + layers[2] * 0.2, 0, 255).astype(np.uint8))
    return path


def plain(path: Path, rgb: tuple[int, int, int], *, size: tuple[int, int] = (414, 736)) -> Path:
    Image.new("RGB", size, rgb).save(path)
    return path


def cues(text: str, *, width_px: int = WIDTH_PX, height_px: int = HEIGHT_PX) -> Any:
    words = [Word(token, index * 0.4, index * 0.4 + 0.4) for index, token in enumerate(text.split(" "))]
    return break_into_cues(words, shape_for(width_px, height_px))


def frames_of(clip: Path) -> list[av.VideoFrame]:
    with av.open(str(clip)) as container:
        return list(container.decode(video=0))


def rgb_of(clip: Path) -> list[Any]:
    return [frame.to_ndarray(format="rgb24").astype(int) for frame in frames_of(clip)]


def last_clip(tmp_path: Path, picture: Path, spec: ClipSpec = SPEC) -> tuple[Path, ClipReport]:
    """Render without a tail."""
    out = tmp_path / "last clip é.mp4"
    return out, render_clip(replace(spec, fade_frames=0), picture, None, out, nobody_cares)


@pytest.fixture
def pictures(tmp_path: Path) -> tuple[Path, Path]:
    return photo(tmp_path / "one.png", seed=1), photo(tmp_path / "two.png", seed=2)


def test_a_clip_is_high_profile_bt709_video_of_exactly_its_frames(tmp_path: Path, pictures: tuple[Path, Path]) -> None:
    out = tmp_path / "clip.mp4"
    report = render_clip(SPEC, *pictures, out, nobody_cares)
    with av.open(str(out)) as container:
        assert len(container.streams) == 1
        stream = container.streams.video[0]
        context = stream.codec_context
        assert (context.name, context.profile, context.pix_fmt) == ("h264", "High", "yuv420p")
        assert (context.width, context.height) == (WIDTH_PX, HEIGHT_PX)
        assert stream.average_rate is not None and stream.average_rate == FPS
        assert (context.color_primaries, context.color_trc, context.colorspace, context.color_range) == (1, 1, 1, 1)
        packets = [packet for packet in container.demux(stream) if packet.size]
    times_s = sorted(float((packet.pts or 0) * packet.time_base) for packet in packets)
    assert times_s == pytest.approx([frame / FPS for frame in range(SPEC.frames)])
    assert report.frames == SPEC.frames and report.size_bytes == out.stat().st_size


def test_each_two_seconds_begin_with_a_frame_that_stands_alone(tmp_path: Path, pictures: tuple[Path, Path]) -> None:
    out = tmp_path / "clip.mp4"
    render_clip(SPEC, *pictures, out, nobody_cares)
    assert [number for number, frame in enumerate(frames_of(out)) if frame.key_frame] == [0, 60]


def test_pieces_show_what_the_whole_clip_does_frame_by_frame(tmp_path: Path, pictures: tuple[Path, Path]) -> None:
    spec = replace(SPEC, cues=cues("One two three four"), crf=6)
    render_clip(spec, *pictures, tmp_path / "whole.mp4", nobody_cares)
    shown = []
    for piece in (range(30), range(30, 75)):
        out = tmp_path / f"{piece.start}.mp4"
        following = pictures[1] if piece.stop > 60 else None
        report = render_clip(replace(spec, piece=piece), pictures[0], following, out, nobody_cares)
        assert report.frames == len(piece) and report.caption_box is not None
        shown += rgb_of(out)
    whole = rgb_of(tmp_path / "whole.mp4")
    assert len(shown) == len(whole)
    assert max(np.abs(one - other).mean() for one, other in zip(shown, whole, strict=True)) < 1.5


def test_clips_of_one_video_carry_the_same_parameter_sets(tmp_path: Path, pictures: tuple[Path, Path]) -> None:
    headers = []
    for number, frames in ((1, 75), (2, 40)):
        out = tmp_path / f"{number}.mp4"
        render_clip(replace(SPEC, number=number, frames=frames), *pictures, out, nobody_cares)
        with av.open(str(out)) as container:
            headers.append(container.streams.video[0].codec_context.extradata)
    assert headers[0] == headers[1]


@pytest.mark.parametrize("filling", ["0", "85", "170"])
def test_the_same_inputs_give_the_same_bytes_whatever_the_memory_held(
    tmp_path: Path, pictures: tuple[Path, Path], filling: str
) -> None:
    here, there = tmp_path / "here.mp4", tmp_path / "there.mp4"
    render_clip(SPEC, *pictures, here, nobody_cares)
    code = (
        "import sys; from pathlib import Path; from tests.integration.test_clip import *\n"
        "render_clip(SPEC, *map(Path, sys.argv[1:]), nobody_cares)"
    )
    # glibc fills fresh memory with this value; elsewhere it says nothing, and the test is the weaker for it.
    environment = {**os.environ, "MALLOC_PERTURB_": filling, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", code, *pictures, there], check=True, env=environment)
    assert here.read_bytes() == there.read_bytes()


@pytest.mark.parametrize("number", [1, 2])
def test_the_fade_ends_in_the_view_with_which_the_next_clip_begins(
    tmp_path: Path, pictures: tuple[Path, Path], number: int
) -> None:
    first, second = tmp_path / "1.mp4", tmp_path / "2.mp4"
    render_clip(replace(SPEC, number=number), *pictures, first, nobody_cares)
    render_clip(replace(SPEC, number=number + 1), pictures[1], pictures[0], second, nobody_cares)
    end, begin = rgb_of(first)[-1], rgb_of(second)[0]
    assert np.abs(end - begin).mean() < 6
    assert np.abs(end - rgb_of(first)[0]).mean() > 20


def test_the_picture_moves_in_every_stretch_of_the_clip(tmp_path: Path, pictures: tuple[Path, Path]) -> None:
    _, report = last_clip(tmp_path, pictures[0])
    assert report.frozen_longest_s < 0.3


def test_colours_are_those_of_the_picture(tmp_path: Path) -> None:
    out, report = last_clip(tmp_path, plain(tmp_path / "p.png", (255, 0, 0)))
    luma = frames_of(out)[30].to_ndarray()[:HEIGHT_PX]
    # BT.709 red: 16 + 219 * 0.2126.
    assert luma.mean() == pytest.approx(62.6, abs=1)
    assert report.min_luma_mean == pytest.approx(62.6, abs=1)


def test_a_black_clip_and_a_still_one_are_told(tmp_path: Path) -> None:
    _, report = last_clip(tmp_path, plain(tmp_path / "p.png", (0, 0, 0)))
    assert report.max_luma_mean == pytest.approx(16, abs=0.5)
    assert report.frozen_longest_s == pytest.approx((SPEC.frames - 1) / FPS)


@pytest.mark.parametrize("size", [(360, 640), (640, 360), (360, 360), (360, 450), (64, 64)])
def test_captions_stay_inside_the_safe_sides_of_any_frame(tmp_path: Path, size: tuple[int, int]) -> None:
    width_px, height_px = size
    text = "Wonderful WWWWWWWWWWWWWWWWWW Straßenbahnhaltestellenschild mmmmmm."
    spec = replace(
        SPEC, width_px=width_px, height_px=height_px, cues=cues(text, width_px=width_px, height_px=height_px)
    )
    _, report = last_clip(tmp_path, plain(tmp_path / "p.png", (90, 110, 130)), spec)
    assert report.caption_box is not None
    left, top, right, bottom = report.caption_box
    outline_and_shadow_px = 0.05 * min(size) + 2
    assert left >= 0.08 * width_px - outline_and_shadow_px and right <= 0.92 * width_px + outline_and_shadow_px
    assert 0 < top < bottom < 0.97 * height_px
    if height_px > 1.5 * width_px:
        assert top > 0.60 * height_px and bottom < 0.80 * height_px


def test_captions_change_nothing_outside_the_box_they_report(tmp_path: Path) -> None:
    out, report = last_clip(
        tmp_path, plain(tmp_path / "p.png", (90, 110, 130)), replace(SPEC, cues=cues("Lava flows down."), crf=10)
    )
    assert report.caption_box is not None
    left, top, right, bottom = report.caption_box
    frame = rgb_of(out)[10]
    changed = np.abs(frame - np.array([90, 110, 130])).max(axis=2) > 20
    inside = np.zeros_like(changed)
    inside[top:bottom, left:right] = True
    assert changed.any() and not (changed & ~inside).any()
    assert frame[changed].max() > 240 and frame[changed].min() < 20


def test_the_spoken_word_has_a_colour_of_its_own_in_word_mode_only(tmp_path: Path) -> None:
    picture = plain(tmp_path / "p.png", (100, 100, 100))
    spec = replace(SPEC, cues=cues("Lava flows."))
    warm = {}
    for mode in ("word", "line"):
        out, _ = last_clip(tmp_path, picture, replace(spec, caption_mode=mode))
        frame = rgb_of(out)[5]
        warm[mode] = int(((frame[..., 0] > 200) & (frame[..., 2] < 120)).sum())
    assert warm["word"] > 50 and warm["line"] == 0


def test_the_tail_shows_no_captions(tmp_path: Path) -> None:
    grey = plain(tmp_path / "p.png", (100, 100, 100))
    out = tmp_path / "clip.mp4"
    render_clip(replace(SPEC, cues=cues("one two three four five six seven")), grey, grey, out, nobody_cares)
    frames = rgb_of(out)
    assert frames[50].max() > 200
    assert max(frame.max() for frame in frames[61:]) < 130


def test_captions_off_draw_nothing(tmp_path: Path) -> None:
    grey = plain(tmp_path / "p.png", (100, 100, 100))
    _, report = last_clip(tmp_path, grey, replace(SPEC, cues=cues("Lava 漢字"), caption_mode="off"))
    assert report.caption_box is None


def test_emoji_are_left_out_and_the_words_beside_them_are_shown(tmp_path: Path) -> None:
    grey = plain(tmp_path / "p.png", (100, 100, 100))
    _, with_word = last_clip(tmp_path, grey, replace(SPEC, cues=cues("Fire 🔥👩🏽‍🚀 ❤️")))
    _, alone = last_clip(tmp_path, grey, replace(SPEC, cues=cues("🔥🎉")))
    assert with_word.caption_box is not None and alone.caption_box is None


def test_a_character_that_no_font_has_is_named(tmp_path: Path) -> None:
    picture = plain(tmp_path / "p.png", (100, 100, 100))
    with pytest.raises(MissingGlyphs, match="𐎠") as caught:
        last_clip(tmp_path, picture, replace(SPEC, cues=cues("the sign 𐎠 is here")))
    assert caught.value.details["characters"] == ["𐎠"]
    assert list(tmp_path.iterdir()) == [picture]


@pytest.mark.parametrize("size", [(2000, 200), (200, 2000), (1, 1), (3, 500)])
def test_a_picture_of_another_shape_sits_on_its_own_blur_without_black_bars(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    out, _ = last_clip(tmp_path, plain(tmp_path / "p.png", (200, 180, 160), size=size), replace(SPEC, frames=10))
    frame = rgb_of(out)[5]
    assert frame.min() > 50
    assert np.abs(frame[HEIGHT_PX // 2, WIDTH_PX // 2] - np.array([200, 180, 160])).max() < 15


def test_pictures_of_every_make_are_read(tmp_path: Path) -> None:
    upright = Image.new("RGB", (400, 700), (200, 40, 40))
    made = {
        "grey.png": upright.convert("L"),
        "palette.png": upright.convert("P"),
        "clear.png": Image.new("RGBA", (400, 700), (0, 0, 0, 0)),
        "print.jpg": upright.convert("CMYK"),
        "photo.webp": upright,
    }
    for name, image in made.items():
        image.save(tmp_path / name)
        _, report = last_clip(tmp_path, tmp_path / name, replace(SPEC, frames=3))
        assert report.min_luma_mean > 40
        if name == "clear.png":
            assert report.min_luma_mean == pytest.approx(235, abs=1)


def test_a_photograph_taken_sideways_is_turned_upright(tmp_path: Path) -> None:
    sideways = Image.new("RGB", (700, 400), "black")
    sideways.paste("white", (0, 0, 350, 400))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise by a quarter
    sideways.save(tmp_path / "p.jpg", exif=exif)
    out, _ = last_clip(tmp_path, tmp_path / "p.jpg", replace(SPEC, frames=3))
    frame = rgb_of(out)[0]
    assert frame[20].mean() > 230 and frame[-20].mean() < 25


@pytest.mark.parametrize("content", [b"", b"not a picture"])
def test_an_unreadable_picture_is_told_and_leaves_nothing(tmp_path: Path, content: bytes) -> None:
    picture = tmp_path / "p.jpg"
    picture.write_bytes(content)
    with pytest.raises(BadMedia):
        last_clip(tmp_path, picture)
    assert [path for path in tmp_path.iterdir() if path != picture] == []


def test_a_truncated_next_picture_is_told_and_leaves_nothing(tmp_path: Path, pictures: tuple[Path, Path]) -> None:
    whole = pictures[1].read_bytes()
    pictures[1].write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadMedia):
        render_clip(SPEC, *pictures, tmp_path / "clip.mp4", nobody_cares)
    assert sorted(tmp_path.iterdir()) == sorted(pictures)


@pytest.mark.parametrize("at", [0.0, 0.01, 1.0])
def test_a_lost_lease_ends_the_work_and_leaves_nothing(tmp_path: Path, pictures: tuple[Path, Path], at: float) -> None:
    def lose_at(fraction: float) -> None:
        if fraction >= at:
            raise LeaseLost("the job was canceled")

    with pytest.raises(LeaseLost):
        render_clip(SPEC, *pictures, tmp_path / "clip.mp4", lose_at)
    assert sorted(tmp_path.iterdir()) == sorted(pictures)


def test_progress_rises_to_one(tmp_path: Path, pictures: tuple[Path, Path]) -> None:
    seen: list[float] = []
    render_clip(SPEC, *pictures, tmp_path / "clip.mp4", seen.append)
    assert seen == sorted(seen) and seen[0] == 0.0 and seen[-1] == 1.0


def first_frame_with(tmp_path: Path, style: CaptionStyle, mode: Any = "line") -> tuple[Any, tuple[int, int, int, int]]:
    """An RGB frame of grey with one caption, coded nearly without loss, and the caption's box."""
    spec = replace(SPEC, cues=cues("Lava flows."), caption_mode=mode, caption_style=style, frames=12, crf=4)
    out, report = last_clip(tmp_path, plain(tmp_path / "p.png", (128, 128, 128)), spec)
    assert report.caption_box is not None
    return rgb_of(out)[5], report.caption_box


def share_like(frame: Any, rgb: tuple[int, int, int]) -> float:
    """Of all pixels, those within 24 levels of a colour."""
    return float((np.abs(frame - np.array(rgb)).max(axis=2) < 24).mean())


def test_letters_outline_and_spoken_word_have_the_colours_that_were_asked_for(tmp_path: Path) -> None:
    style = CaptionStyle(size=CaptionSize.LARGE, colour="#FFE600", highlight_colour="#FF8FB0", outline_colour="#5B0A91")
    frame, _ = first_frame_with(tmp_path, style, "word")
    for rgb in ((255, 230, 0), (255, 143, 176), (91, 10, 145)):
        assert share_like(frame, rgb) > 0.001
    assert share_like(frame, (255, 255, 255)) == 0


def test_a_box_lies_behind_the_letters_and_is_part_of_the_caption(tmp_path: Path) -> None:
    style = CaptionStyle(colour="#101820", box=CaptionBox("#FFFFFF", 0.5))
    frame, (left, top, right, bottom) = first_frame_with(tmp_path, style)
    # Half of white over grey, right up to the caption's reported edges.
    middle = (top + bottom) // 2
    assert np.abs(frame[middle, left + 3] - 192).max() < 12 and np.abs(frame[middle, right - 4] - 192).max() < 12
    assert np.abs(frame[top - 3, (left + right) // 2] - 128).max() < 12
    assert share_like(frame, (16, 24, 32)) > 0.001


def test_captions_stand_where_they_were_asked_to(tmp_path: Path) -> None:
    middles = []
    for position in CaptionPosition:
        _, (_, top, _, bottom) = first_frame_with(tmp_path, CaptionStyle(position=position))
        middles.append((top + bottom) / 2 / HEIGHT_PX)
    assert middles == pytest.approx([0.20, 0.50, 0.70], abs=0.02)


def test_the_default_look_is_white_and_amber_over_black_to_the_last_bit() -> None:
    """As it was drawn before there were styles: chroma knows the amber alone."""
    (cue,) = cues("Lava flows.")
    style = CaptionStyle()
    layout = lay_out(cue, WIDTH_PX, HEIGHT_PX, style)
    assert layout is not None
    shapes = draw_shapes(layout, WIDTH_PX, HEIGHT_PX, style)
    stamp = colour(shapes, 1, style)
    amber = np.zeros_like(shapes.fill)
    for word, rows, columns in shapes.word_areas:
        if word == 1:
            amber[rows, columns] = shapes.fill[rows, columns]
    half = (amber.shape[1] // 2, amber.shape[0] // 2)
    half_cover, half_amber = (cv2.resize(mask, half, interpolation=cv2.INTER_AREA) for mask in (shapes.cover, amber))
    amber_luma, amber_cb, amber_cr = ycbcr_of((255, 200, 40))
    luma = shapes.cover * 16 + shapes.fill * (235 - 16) + amber * (amber_luma - 235)
    assert np.array_equal(stamp.luma_ink, np.rint(luma * 256).astype(np.uint16))
    for ink, level in ((stamp.cb_ink, amber_cb), (stamp.cr_ink, amber_cr)):
        assert np.array_equal(ink, np.rint((half_cover * 128 + half_amber * (level - 128)) * 256).astype(np.uint16))


@pytest.mark.parametrize(
    ("text", "first_is_right_of_last"), [("שלום לכל העולם", True), ("نار و ماء", True), ("आग और पानी", False)]
)
def test_the_highlight_moves_as_the_script_is_read(tmp_path: Path, text: str, first_is_right_of_last: bool) -> None:
    spec = replace(SPEC, cues=cues(text), fade_frames=0)
    out, _ = last_clip(tmp_path, plain(tmp_path / "p.png", (100, 100, 100)), spec)
    columns = []
    for frame in (rgb_of(out)[number] for number in (5, 29)):
        amber = (frame[..., 0] > 200) & (frame[..., 2] < 120)
        assert amber.sum() > 20
        columns.append(np.flatnonzero(amber.any(axis=0)).mean())
    assert (columns[0] > columns[1]) == first_is_right_of_last
