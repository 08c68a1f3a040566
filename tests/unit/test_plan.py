"""What the steps of a plan are told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.domain.caption_style import CaptionPosition, CaptionStyle
from app.domain.plan import VideoPools, plan_scenes
from app.domain.script import Scene, Script
from app.domain.states import Pool
from app.domain.video import CaptionMode, VideoInput

SCRIPT = Script("Title", (Scene(1, "One.", "A heading"),))
POOLS = VideoPools(script=Pool.IO, voice=Pool.CPU, painter=Pool.CPU)


@pytest.mark.parametrize("position", list(CaptionPosition))
@pytest.mark.parametrize("mode", list(CaptionMode))
def test_a_painted_heading_gives_its_place_to_captions(position: CaptionPosition, mode: CaptionMode) -> None:
    asked = replace(VideoInput(text="…"), captions=mode, caption_style=CaptionStyle(position=position))
    picture = next(plan for plan in plan_scenes(SCRIPT, asked, POOLS) if plan.name == "scene/1/image")
    is_covered = mode != CaptionMode.OFF and position != CaptionPosition.BOTTOM
    assert picture.params.get("wordless", False) == is_covered
