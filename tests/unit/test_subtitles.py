"""Subtitle files that every player can read."""

from __future__ import annotations

import json
import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from app.domain.speech import Word
from app.domain.subtitles import subtitle_cues, to_srt, to_vtt
from app.services.steps.narration import load_speech

tokens = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp")), min_size=1, max_size=60)
scenes = st.lists(st.lists(tokens, max_size=20), max_size=5)


def scene(texts: list[str]) -> list[Word]:
    return [Word(text, index * 0.4, index * 0.4 + 0.4) for index, text in enumerate(texts)]


def laid_out(scene_texts: list[list[str]]) -> list[tuple[float, list[Word]]]:
    return [(index * 10.0, scene(texts)) for index, texts in enumerate(scene_texts)]


def test_a_subrip_file_numbers_its_cues_and_times_them_with_commas() -> None:
    cues = subtitle_cues([(0.1, scene(["Lava", "flows."])), (3661.5, scene(["Ash", "falls."]))])
    assert to_srt(cues) == (
        "1\n00:00:00,100 --> 00:00:01,300\nLava flows.\n\n2\n01:01:01,500 --> 01:01:02,700\nAsh falls.\n"
    )


def test_a_webvtt_file_escapes_what_would_be_markup() -> None:
    text = to_vtt(subtitle_cues([(0.0, scene(["R&D", "<b>", "-->", "end."]))]))
    assert text == "WEBVTT\n\n00:00:00.000 --> 00:00:02.000\nR&amp;D &lt;b&gt; --&gt; end.\n"


@given(scenes)
def test_every_cue_of_a_subrip_file_can_be_read_back(scene_texts: list[list[str]]) -> None:
    cues = subtitle_cues(laid_out(scene_texts))
    blocks = to_srt(cues).split("\n\n") if cues else []
    assert len(blocks) == len(cues)
    for number, block in enumerate(blocks, start=1):
        first, span, *lines = block.rstrip("\n").split("\n")
        assert first == str(number)
        assert re.fullmatch(r"\d\d:\d\d:\d\d,\d{3} --> \d\d:\d\d:\d\d,\d{3}", span)
        assert 1 <= len(lines) <= 2 and all(lines)


@given(scenes)
def test_no_cue_reaches_into_the_next_scene(scene_texts: list[list[str]]) -> None:
    cues = subtitle_cues(laid_out(scene_texts))
    for earlier, later in zip(cues, cues[1:], strict=False):
        assert earlier.end_s <= later.start_s


def test_words_that_were_stored_before_they_could_be_glued_still_load(tmp_path: Path) -> None:
    stored = {"duration_s": 1.0, "words": [{"text": "Lava.", "start_s": 0.0, "end_s": 1.0}]}
    (tmp_path / "words.json").write_text(json.dumps(stored))
    assert load_speech(tmp_path / "words.json").words == (Word("Lava.", 0.0, 1.0, glued=False),)


def test_nothing_spoken_gives_files_without_cues() -> None:
    assert to_srt(()) == ""
    assert to_vtt(()) == "WEBVTT\n"
