"""A painter as vendors are: the same request gives another picture each time, and some it refuses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from app.domain.errors import ProviderRefused
from app.domain.states import Pool
from app.providers.drawn.painter import DrawnPainter
from app.providers.protocols import PictureRequest


class FicklePainter:
    """`refuses` are numbers of scenes; `painted` are the requests that were granted."""

    name = "fickle"
    version = "1"
    pool = Pool.CPU
    is_free = False

    def __init__(self) -> None:
        self.refuses: set[int] = set()
        self.painted: list[PictureRequest] = []

    def paint(self, request: PictureRequest, out: Path, still_wanted: Callable[[], None]) -> None:
        if request.number in self.refuses:
            raise ProviderRefused("The vendor does not paint this.")
        self.painted.append(request)
        DrawnPainter().paint(replace(request, seed=len(self.painted)), out, still_wanted)
