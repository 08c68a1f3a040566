"""The plan of a video: which steps it has, what each needs, and on which pool it runs.

    script ─┬─ scene/1/narration ─┬─ scene/1/clip ─┬─ assemble ── gate
            ├─ scene/1/image ─────┘                │
            ├─ …                                   │
            └───── all narrations ── soundtrack ───┘

A clip also needs the next scene's picture, because the crossfade into it is the clip's tail. A scene that shows a
plain card or a piece of a video has no picture to make: its clip draws the card or reads the video. A long clip is made
in pieces, `scene/1/clip/1`, `scene/1/clip/2` and so on; only the last of them leads to the next scene.

A template may add title cards, `intro/clip` and `outro/clip`, which the assembly needs too; an intro needs the first
scene's picture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from app.domain.clip_pieces import WHOLE, Piece, pieces_for
from app.domain.look import pace_of
from app.domain.plan_look import Cards, card_look, cards_of, painted_look, template_look, transition_params
from app.domain.plan_params import asset_hash, caption_look, footage_params, frame_params, source_params
from app.domain.script import Scene, Script
from app.domain.sources import FootageSound
from app.domain.states import Pool
from app.domain.step_names import ASSEMBLE, GATE, INTRO, OUTRO, SOUNDTRACK, clip_name, image_name, narration_name
from app.domain.template import changes
from app.domain.timeline import DEFAULT_PACE
from app.domain.video import VideoInput

MAX_ATTEMPTS = 4


class StepKind:
    """The kinds of steps of a video; also the names of their Celery tasks."""

    SCRIPT = "video.script"
    NARRATION = "video.narration"
    IMAGE = "video.image"
    CLIP = "video.clip"
    CARD = "video.card"
    SOUNDTRACK = "video.soundtrack"
    ASSEMBLE = "video.assemble"
    TEASER = "video.teaser"
    AUDIO = "video.audio"
    CHECK = "video.check"  # the gate of a variant
    GATE = "video.gate"

    ALL = (SCRIPT, NARRATION, IMAGE, CLIP, CARD, SOUNDTRACK, ASSEMBLE, TEASER, AUDIO, CHECK, GATE)


# Shares of the work, by measured CPU time of a 6 s scene; progress is counted in them.
WEIGHTS = {
    StepKind.SCRIPT: 1,
    StepKind.NARRATION: 1,
    StepKind.IMAGE: 3,
    StepKind.CLIP: 20,
    StepKind.CARD: 6,
    StepKind.SOUNDTRACK: 10,
    StepKind.ASSEMBLE: 5,
    StepKind.TEASER: 5,
    StepKind.AUDIO: 3,
    StepKind.CHECK: 5,
    StepKind.GATE: 5,
}


@dataclass(frozen=True)
class StepPlan:
    """A step to be made. `needs` are names of steps of the same job; `params` all that it must know.

    `provider` is the vendor that the work calls, under whose limits it falls; None when it calls none.
    `size` is how much work it is, as a share of what its kind usually is. One that `goes_ahead` is called before the
    others of its job, and before those of the organisation's other jobs that are no more urgent.
    """

    name: str
    kind: str
    pool: Pool
    params: Mapping[str, Any] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    max_attempts: int = MAX_ATTEMPTS
    provider: str | None = None
    size: float = 1.0
    goes_ahead: bool = False

    @property
    def may_be_looked_up(self) -> bool:
        """Whether it is worth asking for a known result before a slot of its own pool is taken: one that renders is in
        demand, and what is adopted needs none. A gate is never passed unseen."""
        return self.pool is not Pool.IO and self.kind not in (StepKind.CHECK, StepKind.GATE)

    @property
    def weight(self) -> int:
        return max(1, round(WEIGHTS[self.kind] * self.size))


@dataclass(frozen=True)
class Follow:
    """What a finished step adds to its job: more steps, and a title if the job has none."""

    grows: tuple[StepPlan, ...] = ()
    title: str | None = None


@dataclass(frozen=True)
class VideoPools:
    """Where the vendors in use want their steps to run, and their names by the kind of step that calls them.

    `paints_freely`: another picture of the same scene costs nothing and shows the same thing. `workers_agree`: the
    encoders of the workers that render make clips that can be joined with each other's.
    """

    script: Pool
    voice: Pool
    painter: Pool
    providers: Mapping[str, str] = field(default_factory=dict)
    paints_freely: bool = False
    workers_agree: bool = True


# Clips of different encoders cannot be joined; where workers differ, each keeps to what all of them have.
KEEP_TO_X264 = {"keep_to_x264": True}


def plan_script(video: VideoInput, pools: VideoPools) -> tuple[StepPlan, ...]:
    """The first step of a job; the rest of the graph grows from what it finds."""
    provider = None if video.prompt is None else pools.providers.get(StepKind.SCRIPT)
    goes_ahead = video.variants is not None and video.variants.preview
    return (StepPlan("script", StepKind.SCRIPT, pools.script, provider=provider, goes_ahead=goes_ahead),)


def plan_scenes(script: Script, video: VideoInput, pools: VideoPools) -> tuple[StepPlan, ...]:
    """All the steps that follow the script, every one after the steps it needs; they are called in this order."""
    count = len(script.scenes)
    narrations = tuple(_plan_narration(scene, video, pools) for scene in script.scenes)
    images = tuple(_plan_image(scene, count, video, pools) for scene in script.scenes if scene.has_picture)
    cards = cards_of(script, video)
    encoding = {} if pools.workers_agree else KEEP_TO_X264
    pieces = [(scene, piece) for scene in script.scenes for piece in _pieces_of(scene, video)]
    # The longest first: whoever starts last then works least, and the workers end close together.
    pieces.sort(key=lambda it: len(it[0].text) / it[1].of, reverse=True)
    clips = tuple(_plan_clip(scene, piece, script.scenes, video, cards, encoding) for scene, piece in pieces)
    framing = plan_cards(cards, script.scenes[0], video, encoding)
    spoken = tuple(plan.name for plan in narrations)
    pace = changes(pace_of(video.template, cards.intro, cards.outro), DEFAULT_PACE)
    whole = {"fps": video.fps, "count": count, **({"pace": pace} if pace else {})}
    about = {**whole, **frame_params(video), "title": video.title or script.title}
    heard = [
        {"number": scene.number, **footage_params(video, scene.video)}
        for scene in script.scenes
        if scene.video is not None and scene.video.sound == FootageSound.MIX
    ]
    sound = {**whole, "music": asset_hash(video, video.music), **({"footage": heard} if heard else {})}
    # Beside the clips, not among them: as one more piece of the CPU pool's work it is what the last core waits for. It
    # is read, filtered and written in blocks, outside the interpreter's lock but for moments.
    # It is the longest step that nothing can share, so it is the first to be begun of those that may.
    soundtrack = StepPlan(SOUNDTRACK, StepKind.SOUNDTRACK, Pool.IO, sound, spoken, goes_ahead=True)
    assemble = StepPlan(
        ASSEMBLE,
        StepKind.ASSEMBLE,
        Pool.IO,
        {**about, "language": video.language},
        (*spoken, *(plan.name for plan in (*framing, *clips)), soundtrack.name),
    )
    gate = StepPlan(
        GATE,
        StepKind.GATE,
        Pool.IO,
        {
            **about,
            "captions": video.captions.value,
            "notes": list(script.notes),
            "own_scenes": [scene.number for scene in script.scenes if scene.shows_own],
        },
        (assemble.name,),
    )
    return (*narrations, *images, soundtrack, *clips, *framing, assemble, gate)


def _plan_narration(scene: Scene, video: VideoInput, pools: VideoPools) -> StepPlan:
    speech = {"text": scene.text, "language": video.language, "voice": video.voice, **_take(scene.narration_take)}
    provider = pools.providers.get(StepKind.NARRATION)
    return StepPlan(narration_name(scene.number), StepKind.NARRATION, pools.voice, speech, provider=provider)


def _plan_image(scene: Scene, count: int, video: VideoInput, pools: VideoPools) -> StepPlan:
    name = image_name(scene.number)
    if scene.image is not None:
        own = {**frame_params(video), "asset": asset_hash(video, scene.image)}
        return StepPlan(name, StepKind.IMAGE, Pool.CPU, own)
    painted = {
        **frame_params(video),
        "text": scene.text,
        "title": scene.title,
        "number": scene.number,
        "count": count,
        "seed": video.look_seed,
        **painted_look(scene, video),
        **_take(scene.image_take),
    }
    return StepPlan(name, StepKind.IMAGE, pools.painter, painted, provider=pools.providers.get(StepKind.IMAGE))


def _take(number: int) -> dict[str, int]:
    """Nothing for the first take: what was made before there were takes is adopted still."""
    return {"take": number} if number else {}


def _pieces_of(scene: Scene, video: VideoInput) -> tuple[Piece, ...]:
    if scene.video is not None or scene.effect is not None:
        # Read or computed from its first frame on.
        return (WHOLE,)
    return pieces_for(scene.text, **frame_params(video), fps=video.fps)


def _plan_clip(
    scene: Scene,
    piece: Piece,
    scenes: Sequence[Scene],
    video: VideoInput,
    cards: Cards,
    encoding: Mapping[str, Any],
) -> StepPlan:
    following = scenes[scene.number] if scene.number < len(scenes) else None
    is_last = following is None and cards.outro is None
    params: dict[str, Any] = {
        **frame_params(video),
        "fps": video.fps,
        "captions": video.captions.value,
        **caption_look(scene.text, video),
        "number": scene.number,
        "is_last": is_last,
        **piece.params,
        **encoding,
        **template_look(scene, video, is_last=is_last, is_before_card=following is None),
    }
    needs = [narration_name(scene.number)]
    shown = {"": scene, "next_": following if piece.is_last else None}
    for prefix, other in shown.items():
        if other is not None:
            params |= source_params(other, video, prefix)
            needs += [image_name(other.number)] if other.has_picture else []
    if following is None and piece.is_last and cards.outro is not None:
        # The outro's words come in later: here only its ground is seen.
        params["next_card"] = asdict(cards.outro.background)
    name = clip_name(scene.number, piece)
    return StepPlan(name, StepKind.CLIP, Pool.CPU, params, tuple(needs), size=1 / piece.of)


def plan_cards(cards: Cards, first: Scene, video: VideoInput, encoding: Mapping[str, Any]) -> tuple[StepPlan, ...]:
    """The title cards' own clips, in the order in which they are shown."""
    plans = []
    whole = {**frame_params(video), "fps": video.fps, **encoding}
    if cards.intro is not None:
        onwards = transition_params(video, is_before_card=False)
        params = {**whole, **card_look(cards.intro, video), **onwards, **source_params(first, video, "next_")}
        needs = (image_name(1),) if first.has_picture else ()
        plans.append(StepPlan(INTRO, StepKind.CARD, Pool.CPU, {**params, "is_last": False}, needs))
    if cards.outro is not None:
        params = {**whole, **card_look(cards.outro, video), "is_last": True}
        plans.append(StepPlan(OUTRO, StepKind.CARD, Pool.CPU, params))
    return tuple(plans)
