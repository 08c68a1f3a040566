"""Which composition, mood and look a scene gets: decided from seed, number and words alone.

A scene's painter does not know the scenes beside it. So the compositions are dealt into three decks, scenic, lines and
geometry, and a scene draws from the deck of its number: neighbours can never be the same, and the video has a rhythm.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from app.providers.drawn.palettes import PALETTES, Palette
from app.providers.drawn.stage import Mood
from app.providers.drawn.styles import STYLES, Style
from app.providers.drawn.themes import themes_of

DECKS = (
    ("ridges", "sea", "dunes", "planet", "forest", "city", "strata", "volcano"),
    ("contours", "orbits", "flow", "rays", "aurora", "network", "soundlines"),
    ("bauhaus", "halftone", "leaves", "clock", "facets", "bubbles", "blocks", "tiles"),
)
# Pictures of one thing only are for scenes that name it.
LITERAL = frozenset({"volcano", "city", "planet", "soundlines", "blocks", "strata"})


@dataclass(frozen=True)
class Look:
    """What all scenes of a video share."""

    palette: Palette
    style: Style


def choose_look(seed: int) -> Look:
    dice = random.Random(f"look {seed}")
    return Look(dice.choice(PALETTES), dice.choice(STYLES))


def choose_mood(seed: int, number: int, style: Style) -> Mood:
    """The style's moods in turn, so that light and dark pictures alternate."""
    offset = random.Random(f"mood {seed}").randrange(len(style.moods))
    return style.moods[(number + offset) % len(style.moods)]


def choose_composition(seed: int, number: int, text: str, take: int = 0) -> str:
    """The composition that suits the words best in the deck whose turn it is, else the deck's next card.

    Another take is another card of the same deck, so that the neighbours still differ.
    """
    scenic, *others = DECKS
    random.Random(f"decks {seed}").shuffle(others)
    # The first scene opens on a view: it is the poster, and the pictures that show a thing itself are in that deck.
    deck = (scenic, *others)[(number - 1) % len(DECKS)]
    round_number = (number - 1) // len(DECKS)
    cards = random.Random(f"cards {seed} {deck}").sample(deck, len(deck))
    # Each deck is halved and the halves take turns, so that the same card rarely comes twice in a short video.
    half = cards[round_number % 2 :: 2]
    fitting = list(dict.fromkeys(name for theme in themes_of(text) for name in theme.compositions if name in deck))
    if deck is not scenic:
        fitting = [name for name in fitting if name in half] or fitting
    if fitting:
        # A long video on one subject takes the subject's pictures in turn.
        best = fitting[:3]
        chosen = best[round_number % len(best)]
    else:
        plain = [name for name in half if name not in LITERAL] or [name for name in cards if name not in LITERAL]
        chosen = plain[round_number // 2 % len(plain)]
    instead = [name for name in cards if name != chosen and (name in fitting or name not in LITERAL)]
    return [chosen, *instead][take % (len(instead) + 1)]
