"""The plan of a video with its variants: each is steps of its own, made from what the job has made already.

    scene/1/narration ─┬─ 1920x1080/scene/1/clip ─┬─ 1920x1080/assemble ── 1920x1080/check ── gate
    1920x1080/scene/1/image ─┘        soundtrack ─┘

Script, narrations and soundtrack are the video's own. Pictures are too wherever one serves both frames. In another
shape an upload is fitted anew, and so is a picture of a painter that takes nothing for it: composed for the shape it
has its subject and its heading where they belong. A vendor's picture, which costs money and would show something else
the second time, is cropped, or laid on its own blur.

The preview is one more such variant, in the video's shape. It is there first because all that it needs goes ahead.
The teaser is cut from the finished video, the sound alone copied from its soundtrack.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace

from app.domain.plan import StepKind, StepPlan, VideoPools, plan_scenes
from app.domain.script import Script
from app.domain.states import Pool
from app.domain.step_names import ASSEMBLE, POSTER, SOUNDTRACK, VIDEO
from app.domain.variants import AudioFormat, Frame, Teaser, Variants, preview_frame
from app.domain.video import VideoInput

PREVIEW = "preview"
TEASER = "teaser"
AUDIO = "audio"
# What is drawn frame by frame, for one size of frame.
RENDERED = (StepKind.CLIP, StepKind.CARD)


def plan_video(script: Script, video: VideoInput, pools: VideoPools) -> tuple[StepPlan, ...]:
    """All the steps that follow the script, every one after the steps it needs; they are called in this order."""
    main = plan_scenes(script, video, pools)
    if video.variants is None:
        return main
    variants = list(_plan_sizes(script, video, pools, video.variants))
    if video.variants.preview:
        frame = preview_frame(video.frame)
        variants += _plan_frame(script, video, pools, frame, PREVIEW, "", {VIDEO: f"{PREVIEW}.mp4"})
    *rest, gate = main
    if video.variants.teaser is not None:
        variants += _plan_teaser(video, video.variants.teaser, gate)
    if video.variants.audio:
        variants += _plan_audio(video.variants.audio, gate)
    checks = tuple(plan.name for plan in variants if plan.kind == StepKind.CHECK)
    # The video first: its clips are called before those of its variants, and the gate, which tells of all, is last.
    return _with_haste((*rest, *variants, replace(gate, needs=(*gate.needs, *checks))))


def _with_haste(plans: tuple[StepPlan, ...]) -> tuple[StepPlan, ...]:
    """`plans` with all that the preview needs, and its needs' needs, going ahead."""
    ahead = {f"{PREVIEW}/check"}
    for plan in reversed(plans):
        if plan.name in ahead:
            ahead.update(plan.needs)
    return tuple(replace(plan, goes_ahead=True) if plan.name in ahead else plan for plan in plans)


def _plan_sizes(script: Script, video: VideoInput, pools: VideoPools, variants: Variants) -> Iterator[StepPlan]:
    """The steps of the further sizes. The largest first: its pictures serve the smaller ones of its shape."""
    drawn_for = {"": video.frame}
    for frame in sorted(variants.sizes, key=lambda frame: frame.pixels, reverse=True):
        served_by = next((prefix for prefix, other in drawn_for.items() if other.can_show(frame)), None)
        if served_by is None:
            served_by = f"{frame.name}/"
            drawn_for[served_by] = frame
        publishes = {VIDEO: f"video-{frame.name}.mp4", POSTER: f"poster-{frame.name}.jpg"}
        yield from _plan_frame(script, video, pools, frame, frame.name, served_by, publishes)


def _plan_frame(
    script: Script,
    video: VideoInput,
    pools: VideoPools,
    frame: Frame,
    name: str,
    pictures: str,
    publishes: dict[str, str],
) -> Iterator[StepPlan]:
    """The steps, called `name`/…, of the same video in another `frame`; `pictures` is the prefix of theirs.

    They are planned as those of a video of this size, so that one adopts from the other.
    """
    sized = plan_scenes(script, replace(video, width_px=frame.width_px, height_px=frame.height_px), pools)
    prefix = f"{name}/"
    # In the video's own frame there is nothing but its own clips to join.
    kinds = (StepKind.ASSEMBLE,) if frame == video.frame else (*RENDERED, StepKind.ASSEMBLE)
    own = {plan.name for plan in sized if plan.kind in kinds}
    drawn = {plan.name for plan in sized if plan.kind == StepKind.IMAGE and _is_drawn_anew(plan, pools)}

    def place(need: str) -> str:
        if need in drawn:
            return pictures + need
        return prefix + need if need in own else need

    share = frame.pixels / video.frame.pixels
    for plan in sized:
        if plan.name in own or (plan.name in drawn and pictures == prefix):
            needs = tuple(map(place, plan.needs))
            size = share if plan.kind in (StepKind.IMAGE, *RENDERED) else 1.0
            yield replace(plan, name=prefix + plan.name, needs=needs, size=plan.size * size)
        elif plan.kind == StepKind.GATE:
            yield _check(plan, name, publishes, place(ASSEMBLE))


def _plan_teaser(video: VideoInput, teaser: Teaser, gate: StepPlan) -> Iterator[StepPlan]:
    frame = teaser.frame(video.frame)
    piece = {"start_s": teaser.start_s, "duration_s": teaser.duration_s, **asdict(frame)}
    params = {"formats": [it.value for it in teaser.formats], "piece": piece}
    yield StepPlan(TEASER, StepKind.TEASER, Pool.CPU, params, (ASSEMBLE,))
    names = [f"{TEASER}.{it.value}" for it in teaser.formats]
    yield _check(gate, TEASER, {name: name for name in names}, TEASER)


def _plan_audio(formats: Sequence[AudioFormat], gate: StepPlan) -> Iterator[StepPlan]:
    params = {"formats": [it.value for it in formats], "title": gate.params["title"]}
    yield StepPlan(AUDIO, StepKind.AUDIO, Pool.CPU, params, (SOUNDTRACK,))
    names = [f"{AUDIO}.{it.value}" for it in formats]
    yield _check(gate, AUDIO, {name: name for name in names}, AUDIO)


def _check(gate: StepPlan, name: str, publishes: dict[str, str], made_by: str) -> StepPlan:
    """The check of the variant `name`, made from the `gate` of a video; `publishes` maps what its maker called its
    outputs to what the customer does.
    """
    params = {**gate.params, "variant": name, "publishes": publishes}
    return replace(gate, name=f"{name}/check", kind=StepKind.CHECK, params=params, needs=(made_by,))


def _is_drawn_anew(plan: StepPlan, pools: VideoPools) -> bool:
    return "asset" in plan.params or pools.paints_freely
