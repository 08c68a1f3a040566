"""Which picture a scene gets: by its words, by its number, never the one beside it."""

from __future__ import annotations

from itertools import pairwise

import pytest

from app.providers.drawn.choice import DECKS, choose_composition, choose_look
from app.providers.drawn.compositions import COMPOSITIONS
from app.providers.drawn.palettes import PALETTES
from app.providers.drawn.themes import THEMES, Theme, themes_of


def test_every_composition_is_in_exactly_one_deck() -> None:
    dealt = [name for deck in DECKS for name in deck]
    assert sorted(dealt) == sorted(COMPOSITIONS)


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_a_theme_names_only_compositions_that_exist(theme: Theme) -> None:
    assert set(theme.compositions) <= set(COMPOSITIONS)


@pytest.mark.parametrize("seed", range(30))
def test_neighbours_are_never_painted_alike(seed: int) -> None:
    texts = ["Volcanoes erupt.", "The sea is deep.", "Nothing in particular."]
    names = [choose_composition(seed, number, texts[number % 3]) for number in range(1, 40)]
    assert all(first != second for first, second in pairwise(names))


def test_the_opening_scene_shows_what_the_video_is_about() -> None:
    openings = {
        "Volcanoes: windows into the Earth": "volcano",
        "The deep ocean": "sea",
        "Black holes and stars in space": "planet",
        "Почему извергаются вулканы": "volcano",
        "Der Berg ruft": "ridges",
    }
    assert {title: choose_composition(7, 1, title) for title in openings} == openings


def test_a_word_is_not_found_inside_another() -> None:
    assert "ocean" not in [theme.name for theme in themes_of("Marketing seasons")]


def test_the_seeds_reach_every_palette() -> None:
    assert {choose_look(seed).palette.name for seed in range(300)} == {palette.name for palette in PALETTES}
