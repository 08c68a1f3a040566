"""A canceled step that is making a picture or a narration lets go of its slot; it does not make it to the end first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from app.domain.speech import Speech
from app.domain.video import VideoInput
from app.models.database import Database
from app.providers.drawn.painter import DrawnPainter
from app.providers.espeak import EspeakVoice
from app.providers.protocols import PictureRequest, SpeechRequest
from app.services.leases import LeaseKey
from app.services.run_step import run_step
from tests.farms import ListBell, SteadyHeartbeat, make_farm, make_org, submit, work_off
from workers.heartbeat import HeldLease


class Painter(DrawnPainter):
    """The drawn one, which counts what it has begun and what it has come to the end of."""

    def __init__(self) -> None:
        self.begun = self.ended = 0

    def paint(self, request: PictureRequest, out: Path, still_wanted: Callable[[], None]) -> None:
        self.begun += 1
        super().paint(request, out, still_wanted)
        self.ended += 1


class Voice(EspeakVoice):
    """The same of espeak's."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = self.ended = 0

    def speak(self, request: SpeechRequest, out: Path, still_wanted: Callable[[], None]) -> Speech:
        self.begun += 1
        speech = super().speak(request, out, still_wanted)
        self.ended += 1
        return speech


class CanceledSoon(SteadyHeartbeat):
    """Its leases are lost when the work has just begun."""

    @contextmanager
    def hold(self, key: LeaseKey) -> Iterator[HeldLease]:
        lease = HeldLease(key)
        lease.lost.set()
        yield lease


def test_pictures_and_narrations_are_left_in_the_middle(database: Database, tmp_path: Path) -> None:
    painter, voice = Painter(), Voice()
    farm = replace(make_farm(database, tmp_path), painter=painter, voice=voice)
    submit(farm, make_org(database), VideoInput(text="Hello. There you are.", width_px=64, height_px=64, fps=24))
    work_off(farm, steps=1)
    assert isinstance(farm.bell, ListBell)
    while farm.bell.rung:
        run_step(farm, CanceledSoon(), farm.bell.rung.pop(0).step_id, "worker-1")
    assert painter.begun and voice.begun
    assert (painter.ended, voice.ended) == (0, 0)
    assert not list(farm.work_dir.iterdir())
