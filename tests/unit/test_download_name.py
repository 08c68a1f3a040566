"""The name under which a person keeps a download."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.file_names import MAX_BYTES, download_name


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Why the sky is blue", "Why the sky is blue.mp4"),
        ("Größe: 9/16?", "Größe 9 16.mp4"),
        ("  火山  と  海 ", "火山 と 海.mp4"),
        ("../../etc/passwd", "etc passwd.mp4"),
        ("-y", "y.mp4"),
        ("The end...", "The end.mp4"),
        ("CON", "vid_1.mp4"),
        ("lpt1.txt", "vid_1.mp4"),
        ("invoice\u202egpj", "invoicegpj.mp4"),
        ("line\nbreak\x00", "line break.mp4"),
        ("", "vid_1.mp4"),
        (None, "vid_1.mp4"),
        ("...", "vid_1.mp4"),
    ],
)
def test_the_title_is_made_safe_and_stays_readable(title: str | None, name: str) -> None:
    assert download_name(title, "video.mp4", "vid_1") == name


def test_subtitles_stand_beside_their_video() -> None:
    names = [download_name("Two seas", artifact, "vid_1") for artifact in ("video.mp4", "captions.srt", "poster.jpg")]
    assert names == ["Two seas.mp4", "Two seas.srt", "Two seas.jpg"]


def test_a_variant_adds_what_sets_it_apart() -> None:
    assert download_name("The sea", "video-1920x1080.mp4", "vid_1") == "The sea 1920x1080.mp4"
    assert download_name("The sea", "preview.mp4", "vid_1") == "The sea preview.mp4"
    assert download_name("The sea", "captions.srt", "vid_1") == "The sea.srt"


@given(st.text())
def test_every_title_gives_a_name_that_any_system_takes(title: str) -> None:
    name = download_name(title, "video.mp4", "vid_1")
    stem = name.removesuffix(".mp4")
    assert stem and name.endswith(".mp4") and len(name.encode()) <= MAX_BYTES + 4
    assert not set(name) & set('\\/:*?"<>|\n\r\0')
    assert not stem.startswith((".", "-", " ")) and not stem.endswith((".", " "))
