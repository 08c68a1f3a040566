"""A template on one page: a few seconds of a sample video, rendered by the real clips' path, as a sheet of frames.

Nothing is spoken and nothing stored: the words' times are made up at the pace of a calm voice.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import av
from PIL import Image, ImageDraw

from app.domain.clip_pieces import without_pieces
from app.domain.dress import dress
from app.domain.look import Brand
from app.domain.plan import StepKind, StepPlan, VideoPools, plan_scenes
from app.domain.plan_look import title_card_from
from app.domain.script import Scene, Script
from app.domain.speech import Speech, Word
from app.domain.states import Pool
from app.domain.step_names import INTRO, OUTRO, clip_name
from app.domain.template import Corner, Logo, Template
from app.domain.typeface import Typeface
from app.domain.video import VideoInput
from app.media.clip import ClipSpec, render_clip
from app.media.overlays import Watermark
from app.media.poster import rgb_of
from app.media.sources import CardSource, Source
from app.providers.drawn.painter import DrawnPainter
from app.providers.protocols import PictureRequest
from app.services.steps.card import card_spec
from app.services.steps.clip import clip_spec
from app.typography.typefaces import face_of, font_of

FPS = 24
WORD_S = 0.36
SAMPLE_LOGO, SAMPLE_WORD = "preview", "acme"
SCRIPT = Script(
    "Mountains of fire",
    (
        Scene(1, "A volcano is a door into the Earth.", "A door into the Earth"),
        Scene(2, "Most of the time it is closed.", "Asleep"),
        Scene(3, "When it opens, islands are born.", "New land"),
    ),
)
COLUMNS = 4
CELL_AREA_PX = 76_000
GAP_PX, HEAD_PX = 14, 64
PAPER, INK, QUIET = "#FFFFFF", "#14181F", "#69707D"


@dataclass(frozen=True)
class Moment:
    """A frame of a step's clip: `at` is 0 to 1 of the clip without its transition or, with `in_tail`, of that alone."""

    step: str
    at: float
    in_tail: bool = False


MOMENTS = (
    Moment(INTRO, 0.7),
    Moment(clip_name(1), 0.4),
    Moment(clip_name(1), 0.85),
    Moment(clip_name(1), 0.35, in_tail=True),
    Moment(clip_name(1), 0.7, in_tail=True),
    Moment(clip_name(2), 0.5),
    Moment(clip_name(3), 0.6),
    Moment(OUTRO, 0.8),
)


def preview_template(template: Template, *, width_px: int, height_px: int, out: Path) -> int:
    """Write the contact sheet of an unresolved template to `out`, a PNG; how many frames are on it.

    Clips are rendered at this size. RequestError or StepError when the template cannot be drawn.
    """
    video = VideoInput(text="", title=SCRIPT.title, width_px=width_px, height_px=height_px, fps=FPS, seed=4)
    logo = replace(template.logo, asset=SAMPLE_LOGO) if template.logo is not None else None
    brand = Brand(name="Your brand", logo=SAMPLE_LOGO if logo is not None else None)
    video = replace(dress(replace(video, template=replace(template, logo=logo)), brand), assets={SAMPLE_LOGO: ""})
    pools = VideoPools(Pool.IO, Pool.CPU, Pool.CPU)
    plans = {plan.name: plan for plan in map(_whole, plan_scenes(SCRIPT, video, pools))}
    with tempfile.TemporaryDirectory() as folder:
        studio = _Studio(Path(folder), plans, _sample_logo(Path(folder)))
        frames = [frame for step in _steps_in(plans) for frame in studio.frames_of(step)]
    _sheet(template, frames).save(out, "PNG", optimize=True)
    return len(frames)


def _whole(plan: StepPlan) -> StepPlan:
    """The whole clip instead of a piece of it; the last of them is taken. Any other step as it is."""
    if plan.kind != StepKind.CLIP:
        return plan
    return replace(plan, name=clip_name(plan.params["number"]), params=without_pieces(plan.params))


def _steps_in(plans: Mapping[str, StepPlan]) -> list[str]:
    return [name for name in dict.fromkeys(moment.step for moment in MOMENTS) if name in plans]


class _Studio:
    """Renders the plan's clips one by one, with a painter and a made-up voice."""

    def __init__(self, folder: Path, plans: Mapping[str, StepPlan], logo: Path) -> None:
        self._folder, self._plans, self._logo = folder, plans, logo
        for plan in plans.values():
            if plan.kind == StepKind.IMAGE:
                picture = self._picture(plan.params["number"])
                DrawnPainter().paint(PictureRequest.from_params(plan.params), picture, lambda: None)

    def frames_of(self, step: str) -> list[Image.Image]:
        """The frames of `MOMENTS` that lie in the step's clip, in their order."""
        params = self._plans[step].params
        is_card = self._plans[step].kind == StepKind.CARD
        spec = card_spec(params) if is_card else clip_spec(params, _speech(SCRIPT.scenes[params["number"] - 1].text))
        spec = replace(spec, watermark=self._watermark(params, on_scene=not is_card))
        source: Source = self._picture(spec.number)
        if is_card:
            card = title_card_from(params["title_card"])
            source = CardSource(card, self._logo if "logo" in params else None, fades_in=params["is_last"])
        out = self._folder / "clip.mp4"
        render_clip(spec, source, self._following(spec, params), out, lambda _: None)
        wanted = [_frame_at(moment, spec) for moment in MOMENTS if moment.step == step]
        with av.open(str(out)) as container:
            shown = dict(enumerate(container.decode(video=0)))
            return [Image.fromarray(rgb_of(shown[at])) for at in wanted if at is not None]

    def _following(self, spec: ClipSpec, params: Mapping[str, Any]) -> Source | None:
        if params["is_last"] or not spec.fade_frames:
            return None
        if "next_card" in params:
            return title_card_from(self._plans[OUTRO].params["title_card"]).background
        return self._picture(spec.number + 1)

    def _watermark(self, params: Mapping[str, Any], *, on_scene: bool) -> Watermark | None:
        if "logo" not in params:
            return None
        planned = params["logo"]
        look = Logo(None, Corner(planned["corner"]), planned["size"], planned["opacity"])
        return Watermark(self._logo, look, on_scene=on_scene, on_next=not params.get("is_before_card", False))

    def _picture(self, number: int) -> Path:
        return self._folder / f"{number}.jpg"


def _speech(text: str) -> Speech:
    words = tuple(Word(word, at * WORD_S, (at + 1) * WORD_S) for at, word in enumerate(text.split()))
    return Speech(len(words) * WORD_S, words)


def _frame_at(moment: Moment, spec: ClipSpec) -> int | None:
    """The moment's frame; None for one in a transition that the template does not have."""
    own = spec.frames - spec.fade_frames
    if moment.in_tail:
        return own + int(moment.at * spec.fade_frames) if spec.fade_frames else None
    return int(moment.at * own)


def _sample_logo(folder: Path) -> Path:
    """A plain word mark in one dark colour: the kind that a picture or a card swallows first."""
    font = font_of(face_of(Typeface.MANROPE), 120)
    left, top, right, bottom = (round(edge) for edge in font.getbbox(SAMPLE_WORD))
    picture = Image.new("RGBA", (right - left + 40, bottom - top + 40))
    ImageDraw.Draw(picture).text((20 - left, 20 - top), SAMPLE_WORD, "#14181F", font)
    path = folder / "logo.png"
    picture.save(path)
    return path


def _sheet(template: Template, frames: list[Image.Image]) -> Image.Image:
    """The frames in rows under the template's name, each of about the same area whatever its shape."""
    shape = frames[0].width / frames[0].height
    cell = (round((CELL_AREA_PX * shape) ** 0.5), round((CELL_AREA_PX / shape) ** 0.5))
    rows = -(-len(frames) // COLUMNS)
    width = COLUMNS * cell[0] + (COLUMNS + 1) * GAP_PX
    sheet = Image.new("RGB", (width, HEAD_PX + rows * (cell[1] + GAP_PX)), PAPER)
    pen = ImageDraw.Draw(sheet)
    name_font, small_font = font_of(face_of(Typeface.INTER), 22), font_of(face_of(Typeface.INTER), 13)
    pen.text((GAP_PX, 10), template.name, INK, name_font)
    pen.text((GAP_PX, 40), _cut(f"{template.version} · {template.description}", small_font, width), QUIET, small_font)
    for at, frame in enumerate(frames):
        row, column = divmod(at, COLUMNS)
        place = (GAP_PX + column * (cell[0] + GAP_PX), HEAD_PX + row * (cell[1] + GAP_PX))
        sheet.paste(frame.resize(cell, Image.Resampling.LANCZOS), place)
    return sheet


def _cut(text: str, font: Any, width_px: int) -> str:
    """As much of the text as one line of the sheet holds."""
    while font.getlength(text) > width_px - 2 * GAP_PX:
        text = text.rstrip("…")[:-1] + "…"
    return text
