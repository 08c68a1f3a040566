"""A clip in pieces, so that one scene keeps several workers busy and one edit is not one worker's alone.

The pieces are of one length, and each begins with a key frame: where none would have been, it costs that one. How
many pieces there are must be known before anything was spoken, so it follows from the text; how long they are follows
from the narration.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.domain.scene_cuts import speech_s
from app.domain.sentences import tokens_of

# The work of a piece: so many frames of 1080×1920 take one core about two seconds.
FRAMES, FRAME_PIXELS = 105, 1080 * 1920
# However short a scene turns out to be, it has a frame for each piece before its transition begins.
MOST = 4


@dataclass(frozen=True)
class Piece:
    """Piece `number` (from 1) `of` so many."""

    number: int = 1
    of: int = 1

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Piece:
        """The piece that a step with these parameters makes."""
        return cls(**params.get("piece", {}))

    @property
    def is_last(self) -> bool:
        return self.number == self.of

    @property
    def params(self) -> dict[str, Any]:
        """As a step's parameters; nothing for a whole clip, as before there were pieces."""
        return {} if self.of == 1 else {"piece": {"number": self.number, "of": self.of}}

    def frames(self, frames: int, fade_frames: int) -> range:
        """Its frames of a clip that has so many. All of the transition at the clip's end belongs to the last piece."""
        cuts = _cuts(frames, frames - fade_frames, self.of)
        return range(cuts[self.number - 1], cuts[self.number])


WHOLE = Piece()


def pieces_for(text: str, *, width_px: int, height_px: int, fps: int) -> tuple[Piece, ...]:
    """The pieces of the clip in which `text` is spoken, in order."""
    work = speech_s(tokens_of(text)) * fps * width_px * height_px / (FRAMES * FRAME_PIXELS)
    of = min(MOST, max(1, round(work)))
    return tuple(Piece(number, of) for number in range(1, of + 1))


def _cuts(frames: int, own_frames: int, of: int) -> list[int]:
    """The first frame of each piece and the end of the last."""
    cuts = [frames * number // of for number in range(of)]
    if cuts[-1] >= own_frames:
        # It was spoken far faster than anyone speaks, and most of the clip is its transition.
        cuts = [own_frames * number // of for number in range(of)]
    return [*cuts, frames]


def without_pieces(params: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of the whole clip, from those of its last piece, which knows of all that the others do."""
    return {key: value for key, value in params.items() if key != "piece"}
