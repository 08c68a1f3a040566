"""Colours between colours, and what of a colour is not its lightness."""

from __future__ import annotations

import math

from app.domain.caption_style import Rgb, linear


def mixed(colour: Rgb, other: Rgb, share: float) -> str:
    """`share` of `other` in `colour`, in sRGB as gradients are."""
    red, green, blue = (round(one * (1 - share) + more * share) for one, more in zip(colour, other, strict=True))
    return written((red, green, blue))


def written(colour: Rgb) -> str:
    """As `#RRGGBB`."""
    red, green, blue = colour
    return f"#{red:02X}{green:02X}{blue:02X}"


def tint_apart(one: Rgb, other: Rgb) -> float:
    """How far apart two colours are in hue and vividness alone: 0 between greys, about 0.2 between white and yellow.

    In Oklab, its lightness left out (https://bottosson.github.io/posts/oklab/).
    """
    return math.dist(_tint(one), _tint(other))


def _tint(colour: Rgb) -> tuple[float, float]:
    red, green, blue = linear(colour)
    long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    middle = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    return (
        1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short,
    )
