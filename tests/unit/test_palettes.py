"""The palettes: equal lightness steps, contrast for the words, and mixing that keeps colours clean."""

from __future__ import annotations

import numpy as np
import pytest

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


def test_there_are_at_least_ten_palettes_with_names_of_their_own() -> None:
    assert len({palette.name for palette in PALETTES}) == len(PALETTES) >= 10


@pytest.mark.parametrize("palette", PALETTES, ids=lambda palette: palette.name)
def test_a_palette_climbs_from_night_to_paper(palette: Palette) -> None:
    steps = [palette.night, palette.shade, palette.body, palette.light, palette.paper]
    lightness = [float(linear_to_oklab(decode(step))[0]) for step in steps]
    assert all(second - first > 0.1 for first, second in zip(lightness, lightness[1:], strict=False))


@pytest.mark.parametrize("palette", PALETTES, ids=lambda palette: palette.name)
def test_paper_on_shade_and_night_on_light_can_be_read(palette: Palette) -> None:
    assert contrast(float(luminance(palette.paper)), float(luminance(palette.shade))) >= 7
    assert contrast(float(luminance(palette.night)), float(luminance(palette.light))) >= 7


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
