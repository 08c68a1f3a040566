"""What the pipeline asks of a vendor: a Writer, a Voice, a Painter.

Each has `name` and `version` (both go into the step's input hash and into the manifest)
and the `pool` that its steps run on. Calls block, write their output to the path
they are given, and raise only `app.domain.errors` types.

Voices and painters call `still_wanted` every second or so, whatever they do or wait for. What it raises they let out at
once, and leave no file: a canceled step must not hold its slot for longer than five seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self

from app.domain.script import Script
from app.domain.speech import Speech
from app.domain.states import Pool
from app.domain.template import Palette
from app.domain.typeface import Typeface
from app.providers.line import Line


@dataclass(frozen=True)
class SpeechRequest:
    """A scene's text, a BCP 47-like tag (`en`, `en-gb`, `pt-br`), and a vendor's name of a voice or None.

    Another `take` asks for another reading of the same words; 0 is the usual one.
    """

    text: str
    language: str
    voice: str | None = None
    take: int = 0


class Voice(Protocol):
    name: str
    version: str
    pool: Pool

    def check(self, language: str, voice: str | None) -> None:
        """Raise InvalidInput (field `language` or `voice`, details `near=[…]`) when it cannot. Fast: the API asks."""

    def speak(self, request: SpeechRequest, out: Path, still_wanted: Callable[[], None]) -> Speech:
        """Write a mono 16-bit PCM WAV to `out`; the words' times are relative to its first sample."""


@dataclass(frozen=True)
class PictureRequest:
    """One scene's picture. `seed` names the video's look (palette, style); with `number` it makes the picture unique.

    `count` is how many scenes the video has. `width_px` × `height_px` is the size of the video's
    frame; the picture is at least `oversample` times as large, so that motion never enlarges a pixel.
    Another `take` asks for another picture in the same look. A `wordless` one has no letters in it, because something
    else is written over it; above `words_from`, a share of the height, none are painted because a logo lies there.
    `language` is the title's, and chooses among the forms of Han. `colours` and `heading_font` are those of the
    video's template or brand, where it names them.
    """

    text: str
    title: str | None
    number: int
    count: int
    seed: int
    width_px: int
    height_px: int
    oversample: float = 1.15
    take: int = 0
    wordless: bool = False
    words_from: float = 0.0
    language: str = ""
    colours: Palette | None = None
    heading_font: Typeface | None = None

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Self:
        """As a step's plan asks for it."""
        colours, font = params.get("colours"), params.get("heading_font")
        return cls(
            **{
                **params,
                "colours": None if colours is None else Palette(**colours),
                "heading_font": None if font is None else Typeface(font),
            }
        )


class Painter(Protocol):
    """`is_free`: it may be asked for a scene in several shapes, for it costs nothing and shows the same in each."""

    name: str
    version: str
    pool: Pool
    is_free: bool

    def paint(self, request: PictureRequest, out: Path, still_wanted: Callable[[], None]) -> None:
        """Write an RGB JPEG (quality ≥ 92, 4:4:4) to `out`. The same request gives the same bytes."""


@dataclass(frozen=True)
class WritingRequest:
    """`prompt` is what the video is about; `language` the language of the script; `scenes` a wish, not a promise.

    A vendor that is asked twice under one `call_key` need not work, or be paid, twice.
    """

    prompt: str
    language: str
    scenes: int = 6
    call_key: str | None = None


class Writer(Protocol):
    name: str
    version: str
    pool: Pool

    def write(self, request: WritingRequest, line: Line) -> Script:
        """Ask once. `line.hang_up()`, from another thread, ends the call: then it raises ProviderUnavailable."""
