"""How long a video will be, and when it will be done: from its words, from what steps took before, from today's queue.

A measured figure counts before a guess, and where there is neither the answer is None, not a number.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from statistics import median

from app.domain.look import pace_of
from app.domain.plan import StepKind, StepPlan
from app.domain.plan_look import cards_of
from app.domain.scene_cuts import speech_s
from app.domain.script import Script
from app.domain.sentences import tokens_of
from app.domain.timeline import lay_out, whole_frames
from app.domain.video import VideoInput

# What a voice takes ÷ what `speech_s` says, by language, until it has been heard: measured with espeak-ng on sentences
# of 10 to 30 words.
UNHEARD = {"cmn": 1.2, "yue": 1.2, "ja": 2.0, "ar": 1.3, "hi": 1.35}
UNHEARD_ELSE = 0.9
# A scene of a text that is cut by us; for jobs whose script is not there yet.
USUAL_SCENE_S = 6.0
# What follows when everything else is there, one after the other.
TAIL = (StepKind.ASSEMBLE, StepKind.GATE)
# What takes the longer the larger the frame is.
DRAWN = (StepKind.IMAGE, StepKind.CLIP, StepKind.CARD)
ONCE = (StepKind.SCRIPT, StepKind.SOUNDTRACK, *TAIL)
PER_SCENE = (StepKind.NARRATION, StepKind.IMAGE, StepKind.CLIP)


@dataclass(frozen=True)
class DoneStep:
    """A step as it was done: `pixels` of its frame, 0 for what has none."""

    kind: str
    pool: str
    took_s: float
    pixels: int = 0


@dataclass(frozen=True)
class Told:
    """A narration that was spoken: what it took ÷ what `speech_s` said of its words."""

    language: str
    ratio: float


@dataclass(frozen=True)
class KindPace:
    """Medians of a kind in seconds: of all its steps, by their frame's pixels, and for one pixel of a drawn frame."""

    pool: str
    any_s: float
    of_frame_s: Mapping[int, float]
    pixel_s: float | None


def _pace_of(steps: Sequence[DoneStep]) -> KindPace:
    of_frame: dict[int, list[float]] = defaultdict(list)
    for step in steps:
        of_frame[step.pixels].append(step.took_s)
    is_drawn = all(step.pixels for step in steps)
    return KindPace(
        steps[0].pool,
        median(step.took_s for step in steps),
        {pixels: median(took_s) for pixels, took_s in of_frame.items() if pixels},
        median(step.took_s / step.pixels for step in steps) if is_drawn else None,
    )


@dataclass(frozen=True)
class Outlook:
    """The farm as an estimate sees it. `left` counts the steps that are left in jobs that have begun, by pool and
    kind; `queued` jobs with `queued_s` seconds of video together have not. `done` has the latest first.
    """

    done: Sequence[DoneStep] = ()
    told: Sequence[Told] = ()
    slots: Mapping[str, int] = field(default_factory=dict)
    left: Mapping[tuple[str, str], int] = field(default_factory=dict)
    queued: int = 0
    queued_s: float = 0.0

    @cached_property
    def _paces(self) -> Mapping[str, KindPace]:
        """Worked out once: a page of queued jobs asks for them a hundred times."""
        of_kind: dict[str, list[DoneStep]] = defaultdict(list)
        for step in self.done:
            of_kind[step.kind].append(step)
        return {kind: _pace_of(steps) for kind, steps in of_kind.items()}

    @cached_property
    def begun_s(self) -> Mapping[str, float]:
        """The work that is left in jobs that have begun, by pool, in seconds of one slot."""
        left_s: dict[str, float] = defaultdict(float)
        for (pool, kind), count in self.left.items():
            left_s[pool] += count * (self.step_s(kind) or 0.0)
        return left_s

    @cached_property
    def usual_queued(self) -> list[Work] | None:
        """The work of a job of the queue, if all were of their mean length."""
        return usual_work(self.queued_s / self.queued, self) if self.queued else []

    def step_s(self, kind: str, pixels: int = 0) -> float | None:
        """The median of the kind: of steps with this very frame, or in proportion to the frames there were."""
        pace = self._paces.get(kind)
        if pace is None:
            return None
        if pixels in pace.of_frame_s:
            return pace.of_frame_s[pixels]
        return pace.pixel_s * pixels if pixels and pace.pixel_s is not None else pace.any_s

    def pool_of(self, kind: str) -> str | None:
        """Where the kind was done last."""
        pace = self._paces.get(kind)
        return None if pace is None else pace.pool

    def speech_ratio(self, language: str) -> float:
        heard = [it.ratio for it in self.told if it.language == language]
        return median(heard) if heard else UNHEARD.get(language.partition("-")[0], UNHEARD_ELSE)


@dataclass(frozen=True)
class Work:
    """Equal steps of a video that is to be made. `longest_s` is what one of them takes, `all_s` what all take."""

    kind: str
    pool: str
    longest_s: float
    all_s: float


def video_seconds(script: Script, video: VideoInput, outlook: Outlook) -> float:
    """The length of the video: whole frames, with its breaths, transitions and title cards."""
    ratio = outlook.speech_ratio(video.language)
    cards = cards_of(script, video)
    pace = pace_of(video.template, cards.intro, cards.outro)
    spoken_s = [speech_s(tokens_of(scene.text)) * ratio for scene in script.scenes]
    return whole_frames(lay_out(spoken_s, video.fps, pace), pace) / video.fps


def planned_work(plans: Iterable[StepPlan], outlook: Outlook) -> list[Work] | None:
    """The plan's steps as work; None when one of a kind is planned that was never done here."""
    took_s: dict[tuple[str, str], list[float]] = defaultdict(list)
    for plan in plans:
        pixels = plan.params.get("width_px", 0) * plan.params.get("height_px", 0)
        one_s = outlook.step_s(plan.kind, pixels if plan.kind in DRAWN else 0)
        if one_s is None:
            return None
        took_s[plan.kind, plan.pool].append(one_s)
    return [Work(kind, pool, max(each), sum(each)) for (kind, pool), each in took_s.items()]


def usual_work(video_s: float, outlook: Outlook) -> list[Work] | None:
    """The work of a video of this length whose script is not there yet; None when nothing like it was done here."""
    scenes = max(1, round(video_s / USUAL_SCENE_S))
    work = []
    for kind in (*ONCE, *PER_SCENE):
        one_s, pool = outlook.step_s(kind), outlook.pool_of(kind)
        if one_s is None or pool is None:
            return None
        work.append(Work(kind, pool, one_s, one_s * (scenes if kind in PER_SCENE else 1)))
    return work


def whole_seconds(seconds: float | None) -> int | None:
    """As it is told: what is not done yet takes a second at least."""
    return None if seconds is None else max(1, math.ceil(seconds))


def seconds_to_end(work: Sequence[Work], outlook: Outlook, place: int) -> float | None:
    """Seconds until a job is done that has this work and this place in the queue (1 starts next).

    Every pool does first what has begun and what is queued before; the job ends when its slowest pool has done its
    share and its longest chain of steps has run, plus what comes when all of that is there. None without workers.
    """
    before_s = _work_before(outlook, place)
    if before_s is None:
        return None
    share_s: dict[str, float] = defaultdict(float)
    for it in work:
        if not outlook.slots.get(it.pool):
            return None
        if it.kind not in TAIL:
            share_s[it.pool] += it.all_s
    slowest_s = max((before_s[pool] + own_s) / outlook.slots[pool] for pool, own_s in share_s.items())
    chain_s = _chain_s({it.kind: it.longest_s for it in work})
    return max(slowest_s, chain_s) + sum(it.longest_s for it in work if it.kind in TAIL)


def _chain_s(longest_s: Mapping[str, float]) -> float:
    """Script, narration beside picture, clip: what one scene takes with a hand for each of its steps."""
    beside_s = max(longest_s.get(StepKind.NARRATION, 0.0), longest_s.get(StepKind.IMAGE, 0.0))
    return longest_s.get(StepKind.SCRIPT, 0.0) + beside_s + longest_s.get(StepKind.CLIP, 0.0)


def queued_seconds(video_s: float | None, place: int, outlook: Outlook) -> float | None:
    """Until a job in the queue is done; None while its length or the farm's pace is not known."""
    work = None if video_s is None else usual_work(video_s, outlook)
    return None if work is None else seconds_to_end(work, outlook, place)


def _work_before(outlook: Outlook, place: int) -> Mapping[str, float] | None:
    """By pool, in seconds of one slot."""
    before_s = defaultdict(float, outlook.begun_s)
    ahead = max(0, place - 1)
    if ahead:
        if outlook.usual_queued is None:
            return None
        for it in outlook.usual_queued:
            before_s[it.pool] += it.all_s * ahead
    return before_s
