"""The palettes: equal lightness steps, contrast for the words, and mixing that keeps colours clean."""

from __future__ import annotations

import numpy as np
import pytest

from app.domain.template import Palette as TemplateColours
from app.providers.drawn.palette_of import palette_of
from app.providers.drawn.palettes import (
    PALETTES,
    Palette,
    contrast,
    decode,
    linear_to_oklab,
    luminance,
    mix,
    ramp,
    to_srgb,
)
from app.templates import load_template, template_names

# Those of templates, and brands that leave the painter little or much to work with.
OWN = {
    **{name: TemplateColours(**load_template(name)["colours"]) for name in template_names()},
    "black and white": TemplateColours("#FFFFFF", "#000000", "#000000"),
    "one red": TemplateColours("#E60012", "#FFFFFF", "#FFFFFF"),
    "black on yellow": TemplateColours("#FFD400", "#111111", "#111111"),
    "loud": TemplateColours("#0000FF", "#FFFF00", "#00FF00"),
}
ALL = {**{palette.name: palette for palette in PALETTES}, **{name: palette_of(own) for name, own in OWN.items()}}


def hue_of(colour: np.ndarray) -> float:
    """In degrees of Oklab's hue circle."""
    _, a, b = linear_to_oklab(decode(colour))
    return float(np.degrees(np.arctan2(b, a))) % 360


def test_there_are_at_least_ten_palettes_with_names_of_their_own() -> None:
    assert len({palette.name for palette in PALETTES}) == len(PALETTES) >= 10


@pytest.mark.parametrize("palette", ALL.values(), ids=ALL)
def test_a_palette_climbs_from_night_to_paper(palette: Palette) -> None:
    steps = [palette.night, palette.shade, palette.body, palette.light, palette.paper]
    lightness = [float(linear_to_oklab(decode(step))[0]) for step in steps]
    assert all(second - first > 0.1 for first, second in zip(lightness, lightness[1:], strict=False))


@pytest.mark.parametrize("palette", ALL.values(), ids=ALL)
def test_paper_on_shade_and_night_on_light_can_be_read(palette: Palette) -> None:
    assert contrast(float(luminance(palette.paper)), float(luminance(palette.shade))) >= 7
    assert contrast(float(luminance(palette.night)), float(luminance(palette.light))) >= 7


@pytest.mark.parametrize(
    ("name", "of_night", "of_accent"),
    [("bulletin", 255, 20), ("keynote", 265, 258), ("pulse", 122, 122), ("storybook", 50, 34), ("one red", 27, None)],
)
def test_a_palette_of_ones_own_has_ones_own_hues(name: str, of_night: int, of_accent: int | None) -> None:
    palette = ALL[name]
    assert hue_of(palette.body) == pytest.approx(of_night, abs=12)
    if of_accent is not None:
        assert hue_of(palette.accent) == pytest.approx(of_accent, abs=12)


def test_black_on_yellow_is_marked_in_yellow() -> None:
    assert hue_of(ALL["black on yellow"].accent) == pytest.approx(hue_of(np.array([255, 212, 0], np.float32)), abs=12)


@pytest.mark.parametrize("palette", ALL.values(), ids=ALL)
def test_the_accent_is_seen_against_the_middle_tone(palette: Palette) -> None:
    accent, body = (linear_to_oklab(decode(colour)) for colour in (palette.accent, palette.body))
    assert float(np.linalg.norm(accent - body)) > 0.1


def test_a_colour_outside_the_screen_keeps_its_lightness() -> None:
    colour = to_srgb((0.7, 0.4, 150))
    assert float(linear_to_oklab(decode(colour))[0]) == pytest.approx(0.7, abs=0.01)


def test_a_ramp_begins_and_ends_on_its_colours_and_never_jumps() -> None:
    palette = PALETTES[0]
    colours = ramp([palette.night, palette.body, palette.paper])
    assert colours[0] == pytest.approx(palette.night, abs=0.1)
    assert colours[-1] == pytest.approx(palette.paper, abs=0.1)
    assert np.abs(np.diff(colours, axis=0)).max() < 3


def test_nothing_mixed_in_changes_nothing() -> None:
    palette = PALETTES[3]
    assert mix(palette.body, palette.accent, 0.0) == pytest.approx(palette.body, abs=0.1)


def test_black_and_white_have_the_contrast_that_the_standard_names() -> None:
    assert contrast(1.0, 0.0) == pytest.approx(21.0)
