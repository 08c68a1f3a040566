"""One composition a file: a function `paint(canvas, stage)` that fills the canvas and sets no type.

By agreement the upper half stays quiet for the words and the band at 60–80 % of the height stays dark for captions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from app.providers.drawn.canvas import Canvas
from app.providers.drawn.compositions import (
    aurora,
    bauhaus,
    blocks,
    bubbles,
    city,
    clock,
    contours,
    dunes,
    facets,
    flow,
    forest,
    halftone,
    leaves,
    network,
    orbits,
    planet,
    rays,
    ridges,
    sea,
    soundlines,
    strata,
    tiles,
    volcano,
)
from app.providers.drawn.stage import Stage

Composition = Callable[[Canvas, Stage], None]

COMPOSITIONS: Mapping[str, Composition] = MappingProxyType(
    {
        module.__name__.rpartition(".")[2]: module.paint
        for module in (
            *(city, dunes, forest, planet, ridges, sea, strata, volcano),
            *(aurora, contours, flow, network, orbits, rays, soundlines),
            *(bauhaus, blocks, bubbles, clock, facets, halftone, leaves, tiles),
        )
    }
)
