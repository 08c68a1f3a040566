"""The drawn painter: pictures by seed, with no key and no network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from app.domain.states import Pool
from app.providers.protocols import PictureRequest


class DrawnPainter:
    """Implements Painter. Raise `version` when the same request gives other pixels: it is in the cache key."""

    name = "drawn"
    version = "9"
    pool = Pool.CPU
    is_free = True

    def paint(self, request: PictureRequest, out: Path, still_wanted: Callable[[], None]) -> None:
        # Imported by those who paint: the API knows the painter too, and its boot need not load OpenCV.
        from app.providers.drawn.painting import paint

        paint(request, out, still_wanted)
