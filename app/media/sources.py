"""What a scene shows, as the renderer is told it. Light: a process that only plans clips loads no codec for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.domain.look import TitleCard
from app.domain.sources import Background


@dataclass(frozen=True)
class FootagePiece:
    """From `start_s` to `end_s` of the video file at `path`."""

    path: Path
    start_s: float
    end_s: float

    def frames(self, fps: int) -> int:
        """How many frames it fills before it begins again."""
        return max(1, round((self.end_s - self.start_s) * fps))


# The file of a picture, a card, or a piece of a video.
Plain = Path | Background | FootagePiece


@dataclass(frozen=True)
class WithEffect:
    """A source seen through the Python effect `function(clip, **settings)`, which goes by `name`."""

    source: Plain
    name: str
    function: Callable[..., Any]
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class CardSource:
    """A title card; `logo` is the file of one, if it shows any. With `fades_in` its words come after its ground."""

    card: TitleCard
    logo: Path | None = None
    fades_in: bool = False


Source = Plain | WithEffect | CardSource
