"""The whole video's sound: the narrations at their places, music under them, one loudness."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from app.domain.step_names import narration_name
from app.domain.timeline import Pace, SceneTiming, lay_out, whole_frames
from app.media.loudness import RATE_HZ
from app.media.narration import Line
from app.media.scene_sounds import SceneSound
from app.media.soundtrack import make_soundtrack
from app.media.sources import FootagePiece
from app.services.claim_step import Claim
from app.services.farm import Farm
from app.services.steps.clip import footage_piece
from app.services.steps.handler import Bench, Outcome, OutputFile, StepHandler
from app.services.steps.narration import SOUND, WORDS, load_speech
from app.storage.protocol import Blob

OUTPUT = "soundtrack.m4a"


class SoundtrackStep(StepHandler):
    # Music has no direct current and begins without a click.
    version = 2

    def work(self, farm: Farm, claim: Claim) -> Mapping[str, Any]:
        narrations = narrations_of(claim)
        parts = [(narration[SOUND].sha256, narration[WORDS].sha256) for narration in narrations]
        work = {"fps": claim.params["fps"], "music": claim.params["music"], "narrations": parts}
        # Left out where there is none: soundtracks made before there was any are adopted still.
        return work | {name: given for name in ("footage", "pace") if (given := claim.params.get(name))}

    def run(self, farm: Farm, claim: Claim, bench: Bench) -> Outcome:
        timings = timings_of(farm, claim)
        lines = [
            Line(farm.storage.path(narration[SOUND].sha256), timing.speech_at_s)
            for narration, timing in zip(narrations_of(claim), timings, strict=True)
        ]
        music = claim.params["music"]
        out = bench.folder / OUTPUT
        made = make_soundtrack(
            lines,
            duration_s=whole_frames(timings, pace_of(claim)) / claim.params["fps"],
            music=None if music is None else farm.storage.path(music),
            scene_sounds=[
                scene_sound(footage_piece(farm, heard), timings[heard["number"] - 1])
                for heard in claim.params.get("footage", ())
            ],
            out=out,
            report=bench.report,
        )
        return Outcome({OUTPUT: OutputFile(out, "audio/mp4")}, asdict(made))


def scene_sound(piece: FootagePiece, timing: SceneTiming) -> SceneSound:
    """The piece under its scene; it begins again when the picture does."""
    return SceneSound(
        piece,
        start_frame=round(timing.start_s * RATE_HZ),
        end_frame=round(timing.end_s * RATE_HZ),
        period=round(piece.frames(timing.fps) / timing.fps * RATE_HZ),
    )


def narrations_of(claim: Claim) -> list[Mapping[str, Blob]]:
    """The narrations' outputs in the order of the scenes."""
    return [claim.upstream[narration_name(number)] for number in range(1, claim.params["count"] + 1)]


def timings_of(farm: Farm, claim: Claim) -> tuple[SceneTiming, ...]:
    """Where every scene lies in the video."""
    speeches = [load_speech(farm.storage.path(narration[WORDS].sha256)) for narration in narrations_of(claim)]
    return lay_out([speech.duration_s for speech in speeches], claim.params["fps"], pace_of(claim))


def pace_of(claim: Claim) -> Pace:
    return Pace.from_json(claim.params.get("pace"))
