"""Which picture a scene gets: by its words, by its number, never the one beside it."""

from __future__ import annotations

from itertools import pairwise

import pytest

from app.providers.drawn.choice import DECKS, UNMISTAKABLE, VIEWS, choose_look, choose_mood, deal, shuffled
from app.providers.drawn.compositions import COMPOSITIONS
from app.providers.drawn.palettes import PALETTES
from app.providers.drawn.themes import THEMES, Theme, themes_of

SCENES = range(1, 138)


def plain(seed: int, number: int) -> str:
    return deal(seed, number, "Nothing in particular.").composition


def partners_of_the_unmistakable(seed: int) -> set[str]:
    """What stands in, half a deck away from its own place, for a picture that the words do not name."""
    views = shuffled(seed, DECKS[0])
    return {views[(views.index(name) + len(views) // 2) % len(views)] for name in UNMISTAKABLE}


def test_every_composition_is_in_exactly_one_deck() -> None:
    dealt = [name for deck in DECKS for name in deck]
    assert sorted(dealt) == sorted(COMPOSITIONS)


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_a_theme_names_only_compositions_that_exist(theme: Theme) -> None:
    assert set(theme.compositions) <= set(COMPOSITIONS)


@pytest.mark.parametrize("seed", range(30))
def test_neighbours_are_never_painted_alike(seed: int) -> None:
    texts = ["Volcanoes erupt.", "The sea is deep.", "Nothing in particular."]
    names = [deal(seed, number, texts[number % 3]).composition for number in range(1, 40)]
    assert all(first != second for first, second in pairwise(names))


@pytest.mark.parametrize("seed", range(30))
def test_an_opening_that_names_nothing_is_not_painted_again_soon(seed: int) -> None:
    names = [plain(seed, number) for number in range(1, 10)]
    assert names[0] not in names[1:]


@pytest.mark.parametrize("seed", range(30))
def test_every_composition_is_dealt_before_any_comes_again(seed: int) -> None:
    names = [deal(seed, number, "A volcano.").composition if number == 1 else plain(seed, number) for number in SCENES]
    for first in range(1, len(names)):
        before = names[max(1, first - 20) : first]
        assert names[first] not in before or names[first] in partners_of_the_unmistakable(seed)


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("text", ["The city by the sea.", "A volcano under the stars.", "Sound and data in the rock."])
def test_no_composition_comes_twice_within_nine_scenes_whatever_the_words(seed: int, text: str) -> None:
    names = [deal(seed, number, text if number % 2 else "").composition for number in SCENES]
    for first in range(1, len(names)):
        assert names[first] not in names[max(1, first - 8) : first]


@pytest.mark.parametrize("seed", range(10))
def test_a_composition_that_comes_again_is_another_use_of_it(seed: int) -> None:
    dealt = [deal(seed, number, "The city by the sea.") for number in SCENES]
    assert len(set(dealt)) == len(dealt)


def test_a_use_further_on_is_lit_otherwise() -> None:
    style = choose_look(7).style
    assert len({choose_mood(7, 4, style, use) for use in range(len(style.moods))}) == len(set(style.moods))


def test_a_picture_that_would_puzzle_is_only_for_scenes_that_name_it() -> None:
    assert not UNMISTAKABLE & {plain(seed, number) for seed in range(20) for number in SCENES}


def test_the_opening_scene_shows_what_the_video_is_about() -> None:
    openings = {
        "Volcanoes: windows into the Earth": "volcano",
        "The deep ocean": "sea",
        "Black holes and stars in space": "planet",
        "Почему извергаются вулканы": "volcano",
        "Der Berg ruft": "ridges",
    }
    assert {title: deal(7, 1, title).composition for title in openings} == openings


UNSEEN = (
    "Chop the onion and simmer the soup with butter.",
    "The mechanic checks the brakes and the engine of the car.",
    "The parliament votes on the law after the election.",
    "A new smartphone with a better screen and battery.",
    "Families, friends and the whole community.",
)


@pytest.mark.parametrize("text", UNSEEN)
def test_what_no_view_shows_opens_on_no_landscape(text: str) -> None:
    openings = {deal(seed, 1, text, take).composition for seed in range(60) for take in range(3)}
    assert not openings & ({*DECKS[0]} | VIEWS) and len(openings) > 3


@pytest.mark.parametrize("text", UNSEEN)
def test_nor_does_it_show_one_later_but_for_now_and_then(text: str) -> None:
    dealt = [deal(seed, number, text).composition for seed in range(20) for number in range(1, 40)]
    assert sum(name in DECKS[0] for name in dealt) < len(dealt) / 20


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("every", [1, 2, 3])
def test_neutral_pictures_keep_their_distance_as_all_do(seed: int, every: int) -> None:
    texts = [UNSEEN[number % 5] if number % every == 0 else "Sound and data in the city." for number in SCENES]
    dealt = [deal(seed, number, text) for number, text in zip(SCENES, texts, strict=True)]
    names = [card.composition for card in dealt]
    for first in range(1, len(names)):
        assert names[first] not in names[max(1, first - 8) : first]
    assert len(set(dealt)) == len(dealt)


@pytest.mark.parametrize(
    "title",
    ["Harbour bridge closed after night storm", "The port of Esbjerg", "Two ferries stayed", "A ship sets sail"],
)
def test_harbours_and_ships_are_at_sea(title: str) -> None:
    assert deal(7, 1, title).composition == "sea"


def test_a_word_is_not_found_inside_another() -> None:
    assert "ocean" not in [theme.name for theme in themes_of("Marketing seasons")]


def test_the_seeds_reach_every_palette() -> None:
    assert {choose_look(seed).palette.name for seed in range(300)} == {palette.name for palette in PALETTES}
