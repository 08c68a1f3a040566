"""When each scene starts and ends, in whole frames, and where its crossfade (or another transition) lies.

A scene is lead-in + narration + breath, rounded up to a whole frame, so that the sum of the
clips is exact whatever the number of scenes. The crossfade into the next scene is the TAIL of the
scene before: the next clip then starts on a clean frame of its own and clips render independently.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Self

LEAD_IN_S = 0.1
BREATH_S = 0.6
LAST_BREATH_S = 1.2
FADE_S = 0.5
# A transition begins so long after the last word; the breath grows with it.
WORD_TO_FADE_S = 0.1


@dataclass(frozen=True)
class Pace:
    """What a template changes of the times: the length of its transition, and of the cards around the scenes."""

    fade_s: float = FADE_S
    intro_s: float = 0.0
    outro_s: float = 0.0

    @classmethod
    def from_json(cls, value: Mapping[str, float] | None) -> Self:
        return cls(**(value or {}))


DEFAULT_PACE = Pace()


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


def scene_frames(speech_s: float, fps: int, *, is_last: bool, fade_s: float = FADE_S) -> int:
    """Frames of a scene whose narration lasts `speech_s` seconds."""
    breath_s = LAST_BREATH_S if is_last else max(BREATH_S, fade_s + WORD_TO_FADE_S)
    # The tiny epsilon keeps a duration that is a whole number of frames from gaining one by float error.
    return max(1, math.ceil((LEAD_IN_S + speech_s + breath_s) * fps - 1e-6))


def fade_frames(fps: int, *, is_last: bool, fade_s: float = FADE_S) -> int:
    """Frames at a scene's end that lead to the next picture; none where nothing follows."""
    return 0 if is_last else round(fade_s * fps)


def card_frames(length_s: float, fps: int) -> int:
    """Frames of an intro or outro card, the transition at its end included."""
    return round(length_s * fps)


def lay_out(speech_durations_s: list[float], fps: int, pace: Pace = DEFAULT_PACE) -> tuple[SceneTiming, ...]:
    """Timings of all scenes in order; `speech_durations_s` are the narrations' lengths in seconds.

    An intro stands before the first of them. With an outro behind it, the last scene ends as every other does.
    """
    timings = []
    start_frame = card_frames(pace.intro_s, fps)
    for index, speech_s in enumerate(speech_durations_s):
        is_last = index == len(speech_durations_s) - 1 and not pace.outro_s
        frames = scene_frames(speech_s, fps, is_last=is_last, fade_s=pace.fade_s)
        fade = fade_frames(fps, is_last=is_last, fade_s=pace.fade_s)
        timings.append(SceneTiming(index + 1, start_frame, frames, fade, fps))
        start_frame += frames
    return tuple(timings)


def frames_of_ours(timings: Sequence[SceneTiming], own: Collection[int]) -> tuple[range, ...]:
    """The stretches of the video, in frames, that show neither a title card nor any of the `own` scenes of the caller.

    They end where the transition into one of those begins, and begin where one has been left behind.
    """
    stretches: list[range] = []
    for timing, following in zip_longest(timings, timings[1:]):
        if timing.number in own:
            continue
        leads_to_own = following is not None and following.number in own
        end = timing.end_frame - (timing.fade_frames if leads_to_own else 0)
        if stretches and stretches[-1].stop == timing.start_frame:
            stretches[-1] = range(stretches[-1].start, end)
        else:
            stretches.append(range(timing.start_frame, end))
    return tuple(stretches)


def whole_frames(timings: Sequence[SceneTiming], pace: Pace) -> int:
    """Frames of the whole video, its cards included."""
    last = timings[-1]
    return last.end_frame + card_frames(pace.outro_s, last.fps)
