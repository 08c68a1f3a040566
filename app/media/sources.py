"""What a scene shows, as the renderer is told it. Light: a process that only plans clips loads no codec for it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

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


@dataclass(frozen=True)
class CardSource:
    """A title card; `logo` is the file of one, if it shows any. With `fades_in` its words come after its ground."""

    card: TitleCard
    logo: Path | None = None
    fades_in: bool = False


# The file of a picture, a card, a piece of a video, or a title card.
Source = Path | Background | FootagePiece | CardSource
