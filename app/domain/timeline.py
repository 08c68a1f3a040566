"""When each scene starts and ends, in whole frames, and where its crossfade lies.

A scene is lead-in + narration + breath, rounded up to a whole frame, so that the sum of the
clips is exact whatever the number of scenes. The crossfade into the next scene is the TAIL of the
scene before: the next clip then starts on a clean frame of its own and clips render independently.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

LEAD_IN_S = 0.1
BREATH_S = 0.6
LAST_BREATH_S = 1.2
FADE_S = 0.5


@dataclass(frozen=True)
class SceneTiming:
    """All in frames from the start of the video, except `speech_at_s` (seconds from it) for the sound."""

    number: int
    start_frame: int
    frames: int
    fade_frames: int
    fps: int

    @property
    def start_s(self) -> float:
        return self.start_frame / self.fps

    @property
    def end_frame(self) -> int:
        return self.start_frame + self.frames

    @property
    def end_s(self) -> float:
        return self.end_frame / self.fps

    @property
    def speech_at_s(self) -> float:
        """Where the narration's first sample lies in the video."""
        return self.start_s + LEAD_IN_S


def scene_frames(speech_s: float, fps: int, *, is_last: bool) -> int:
    """Frames of a scene whose narration lasts `speech_s` seconds."""
    breath_s = LAST_BREATH_S if is_last else BREATH_S
    # The tiny epsilon keeps a duration that is a whole number of frames from gaining one by float error.
    return max(1, math.ceil((LEAD_IN_S + speech_s + breath_s) * fps - 1e-6))


def fade_frames(fps: int, *, is_last: bool) -> int:
    """Frames at a scene's end that fade to the next picture; none in the last scene."""
    return 0 if is_last else round(FADE_S * fps)


def lay_out(speech_durations_s: list[float], fps: int) -> tuple[SceneTiming, ...]:
    """Timings of all scenes in order; `speech_durations_s` are the narrations' lengths in seconds."""
    timings = []
    start_frame = 0
    for index, speech_s in enumerate(speech_durations_s):
        is_last = index == len(speech_durations_s) - 1
        frames = scene_frames(speech_s, fps, is_last=is_last)
        timings.append(SceneTiming(index + 1, start_frame, frames, fade_frames(fps, is_last=is_last), fps))
        start_frame += frames
    return tuple(timings)
