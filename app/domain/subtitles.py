"""Subtitle files, SubRip and WebVTT, with cues grouped for reading beside any player.

Formats: SubRip as players take it (CRLF or LF, comma before milliseconds), WebVTT per W3C (https://www.w3.org/TR/webvtt1/).
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from dataclasses import replace

from app.domain.captions import WIDE_LINES, Cue, break_into_cues
from app.domain.speech import Word


def subtitle_cues(scenes: Iterable[tuple[float, Sequence[Word]]]) -> tuple[Cue, ...]:
    """Cues of a whole video from each scene's (offset in seconds, words), in the order of the scenes."""
    cues: list[Cue] = []
    for offset_s, words in scenes:
        if cues and cues[-1].end_s > offset_s:
            cues[-1] = replace(cues[-1], end_s=max(cues[-1].start_s, offset_s))
        cues += break_into_cues(words, WIDE_LINES, offset_s=offset_s)
    return tuple(cues)


def to_srt(cues: Iterable[Cue]) -> str:
    """The text of a SubRip file; empty without cues."""
    blocks = [f"{number}\n{_span(cue, ',')}\n{cue.text}\n" for number, cue in enumerate(cues, start=1)]
    return "\n".join(blocks)


def to_vtt(cues: Iterable[Cue]) -> str:
    """The text of a WebVTT file; a header alone without cues."""
    # `>` is escaped too: `-->` inside a cue would begin another.
    blocks = [f"{_span(cue, '.')}\n{html.escape(cue.text, quote=False)}\n" for cue in cues]
    return "\n".join(["WEBVTT\n", *blocks])


def _span(cue: Cue, decimal_mark: str) -> str:
    start_ms = round(cue.start_s * 1000)
    # Players drop a cue that ends as it begins.
    end_ms = max(start_ms + 1, round(cue.end_s * 1000))
    return f"{_clock(start_ms, decimal_mark)} --> {_clock(end_ms, decimal_mark)}"


def _clock(time_ms: int, decimal_mark: str) -> str:
    seconds, ms = divmod(time_ms, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{decimal_mark}{ms:03}"
