"""What the options of scripts/render ask for beside the video, and where it is saved."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.client import Teaser, Variants
from workers.rendering.failures import Exit, RenderFailed
from workers.rendering.options import parse_options


def test_nothing_is_asked_for_unless_it_is_said() -> None:
    options = parse_options(["story.md"]).variants
    assert options.to_request() is None
    assert options.outputs(Path("out.mp4")) == {}


def test_another_size_is_saved_beside_the_video_under_its_name() -> None:
    options = parse_options(["story.md", "--also", "16:9", "--also", "64x64"]).variants
    assert options.to_request() == Variants(sizes=("16:9", "64x64"))
    assert options.outputs(Path("films/story.v2.mp4")) == {
        "video-1920x1080.mp4": Path("films/story.v2-1920x1080.mp4"),
        "poster-1920x1080.jpg": Path("films/story.v2-1920x1080.jpg"),
        "video-64x64.mp4": Path("films/story.v2-64x64.mp4"),
        "poster-64x64.jpg": Path("films/story.v2-64x64.jpg"),
    }


def test_a_preview_is_saved_beside_the_video() -> None:
    options = parse_options(["story.md", "--preview"]).variants
    assert options.to_request() == Variants(preview=True)
    assert options.outputs(Path("out.mp4")) == {"preview.mp4": Path("out-preview.mp4")}


def test_a_teaser_is_saved_in_each_format_under_the_videos_name() -> None:
    options = parse_options(["story.md", "--teaser", "gif", "--teaser", "webp"]).variants
    assert options.to_request() == Variants(teaser=Teaser(formats=("gif", "webp")))
    assert options.outputs(Path("out.mp4")) == {"teaser.gif": Path("out.gif"), "teaser.webp": Path("out.webp")}


def test_the_sound_alone_is_saved_under_the_videos_name() -> None:
    options = parse_options(["story.md", "--audio", "mp3", "--audio", "m4a", "-o", "films/story.mp4"])
    assert options.variants.to_request() == Variants(audio=("mp3", "m4a"))
    names = {"audio.mp3": Path("films/story.mp3"), "audio.m4a": Path("films/story.m4a")}
    assert options.variants.outputs(options.output) == names


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--also", "9:16"], "--also 9:16"),
        (["--size", "64x64", "--also", "1:1", "--also", "1080x1080"], "--also 1080x1080"),
        (["--also", "wide"], "--also wide"),
        (["--also", "64x64"] * 5, "--also"),
    ],
)
def test_what_the_farm_would_refuse_is_refused_with_the_options_name(options: list[str], named: str) -> None:
    with pytest.raises(RenderFailed) as refused:
        parse_options(["story.md", *options])
    assert refused.value.exit_code == Exit.USAGE
    assert named in refused.value.message
