"""Which composition, mood and look a scene gets: decided from seed, number and words alone.

A scene's painter knows neither the scenes beside it nor their words. So the compositions are dealt into three decks,
scenic, lines and geometry, and a scene draws from the deck of its number: neighbours can never be the same, and the
video has a rhythm.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from app.providers.drawn.palette_of import is_light, palette_of
from app.providers.drawn.palettes import PALETTES, Palette
from app.providers.drawn.stage import Mood
from app.providers.drawn.styles import STYLES, Style
from app.providers.drawn.themes import themes_of
from app.providers.protocols import PictureRequest

DECKS = (
    ("ridges", "sea", "dunes", "planet", "forest", "city", "strata", "volcano"),
    ("contours", "orbits", "flow", "rays", "aurora", "network", "soundlines"),
    ("bauhaus", "halftone", "leaves", "clock", "facets", "bubbles", "blocks", "tiles"),
)
# Pictures of one thing: a scene that names it may ask for it.
LITERAL = frozenset({"volcano", "city", "planet", "soundlines", "blocks", "strata"})
# Of these, the ones that would puzzle in a scene that does not name them.
UNMISTAKABLE = frozenset({"volcano"})
# Of the lines and the geometry, the ones in which a landscape or plants are seen.
VIEWS = frozenset({"aurora", "leaves"})
# Beyond every use that a card of its own deck can have.
USED_ELSEWHERE = 1000
LIGHT_MOODS, DARK_MOODS = (Mood.PALE, Mood.VIVID), (Mood.DEEP, Mood.VIVID)


@dataclass(frozen=True)
class Look:
    """What all scenes of a video share."""

    palette: Palette
    style: Style


def choose_look(seed: int) -> Look:
    dice = random.Random(f"look {seed}")
    return Look(dice.choice(PALETTES), dice.choice(STYLES))


def look_for(request: PictureRequest) -> Look:
    """The seed's look, in the colours and the type of the video's template where it has its own."""
    look = choose_look(request.seed)
    palette, style = look.palette, look.style
    if request.colours is not None:
        palette = palette_of(request.colours)
        # A video on cream has no nights, and one on black no paper.
        style = replace(style, moods=LIGHT_MOODS if is_light(request.colours) else DARK_MOODS)
    if request.heading_font is not None:
        style = style.in_type(request.heading_font)
    return Look(palette, style)


@dataclass(frozen=True)
class Deal:
    """One card for one scene; `use` is 0 for the opening and grows each time the same card can come again."""

    composition: str
    use: int


def choose_mood(seed: int, number: int, style: Style, use: int) -> Mood:
    """The style's moods in turn, so that light and dark pictures alternate, and one step on for a card used before."""
    offset = random.Random(f"mood {seed}").randrange(len(style.moods))
    return style.moods[(number + offset + use) % len(style.moods)]


def deal(seed: int, number: int, text: str, take: int = 0) -> Deal:
    """The next card of the deck whose turn it is; every card of every deck comes before any comes again.

    The words may only exchange it for its partner, half a deck away: a picture of one thing gives way where that
    thing is not named, and steps in where it is. So a card is never dealt twice within nine scenes. The opening alone
    takes from its whole deck what suits the words best. What no view shows (a recipe, an election) has a neutral
    picture where a view would come. Another take is another card of the same deck, so that the
    neighbours still differ.
    """
    scenic, *others = DECKS
    random.Random(f"decks {seed}").shuffle(others)
    # The first scene opens on a view: it is the poster, and the pictures that show a thing itself are in that deck.
    cards = shuffled(seed, (scenic, *others)[(number - 1) % len(DECKS)])
    themes = themes_of(text)
    is_views_turn = number % len(DECKS) == 1
    if is_views_turn and themes and themes[0].has_no_view and (neutral := _neutral(seed, number, others, take)):
        return neutral
    half = len(cards) // 2
    passed, place = divmod((number - 1) // len(DECKS), len(cards))
    named = list(dict.fromkeys(name for theme in themes for name in theme.compositions if name in cards))
    card = cards[place]
    partner = cards[(place + half) % (2 * half)] if place < 2 * half else card
    if number == 1:
        card = named[0] if named else next(name for name in cards if name not in LITERAL)
    elif (partner in LITERAL and partner in named and card not in named) or (
        card in UNMISTAKABLE and card not in named
    ):
        card = partner
    instead = [name for name in cards if name != card and (name in named or name not in UNMISTAKABLE)]
    use = 0 if number == 1 else 1 + 2 * passed + (place >= half)
    return Deal([card, *instead][take % (len(instead) + 1)], use)


def _neutral(seed: int, number: int, decks: list[tuple[str, ...]], take: int) -> Deal | None:
    """A card of another deck from half of it away, which no scene nearby is dealt; None where that is no neutral one.

    A picture of one thing could be dealt to a neighbour that names it, and so is none.
    """
    turn = (number - 1) // len(DECKS)
    found = []
    for deck in decks:
        cards = shuffled(seed, deck)
        # The opening comes before everything, and has the second half of the decks to choose from.
        away = range(len(cards) // 2, len(cards) - 1 if number == 1 else len(cards) // 2 + 1)
        found += [cards[(turn + places) % len(cards)] for places in away]
    found = [name for name in found if name not in LITERAL | VIEWS]
    return Deal(found[take % len(found)], USED_ELSEWHERE + turn) if found else None


def shuffled(seed: int, deck: tuple[str, ...]) -> list[str]:
    """The deck in this video's order, each picture of one thing half a deck away from a picture of none."""
    dice = random.Random(f"cards {seed} {deck}")
    cards = sorted(dice.sample(deck, len(deck)), key=lambda name: name not in LITERAL)
    half = len(cards) // 2
    pairs = list(zip(cards[:half], cards[half:], strict=False))
    dice.shuffle(pairs)
    pairs = [pair if dice.random() < 0.5 else pair[::-1] for pair in pairs]
    # The opening whose words name nothing takes the first picture of no one thing. It must be its own card, and not the
    # one that scene 4 is dealt.
    pairs[0] = pairs[0] if pairs[0][0] not in LITERAL else pairs[0][::-1]
    return [pair[0] for pair in pairs] + [pair[1] for pair in pairs] + cards[2 * half :]
