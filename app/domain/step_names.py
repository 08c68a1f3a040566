"""What the steps of a video and their outputs are called, and what a name tells: the scene, the piece, the place."""

from __future__ import annotations

import re
from collections.abc import Iterable

from app.domain.clip_pieces import WHOLE, Piece

# The names of the steps that end a plan; those of a variant follow its own name and a slash.
SOUNDTRACK, ASSEMBLE, GATE = "soundtrack", "assemble", "gate"

# The assembly's outputs of which a variant has its own; subtitles are the same at every size.
VIDEO = "video.mp4"
POSTER = "poster.jpg"


def narration_name(number: int) -> str:
    return f"scene/{number}/narration"


def image_name(number: int) -> str:
    return f"scene/{number}/image"


def clip_name(number: int, piece: Piece = WHOLE) -> str:
    whole = f"scene/{number}/clip"
    return whole if piece.of == 1 else f"{whole}/{piece.number}"


INTRO, OUTRO = "intro/clip", "outro/clip"
_CLIP = re.compile(r"(?:^|/)(?:(intro)|scene/(\d+)|(outro))/clip(?:/(\d+))?$")


def clips_in_order(steps: Iterable[str]) -> list[str]:
    """Those of the steps' names that are clips or their pieces, of one video, in the order in which they are shown."""
    found = ((match, name) for name in steps if (match := _CLIP.search(name)))

    def place(match: re.Match[str]) -> tuple[bool, int, int]:
        intro, number, outro, piece = match.groups()
        return outro is not None, 0 if intro else int(number or 0), int(piece or 0)

    return [name for _, name in sorted(found, key=lambda it: place(it[0]))]


def is_step_or_piece(name: str, asked: str) -> bool:
    """Whether a step's name is the one that was asked for, or that of a piece of it."""
    return name == asked or (name.startswith(f"{asked}/") and name.removeprefix(f"{asked}/").isdigit())
