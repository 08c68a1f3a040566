"""Captions, lower third, logo and painted heading share one frame, and none of them lies on another."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, product
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from app.domain.caption_style import CaptionBox, CaptionMode, CaptionPosition, CaptionSize, CaptionStyle
from app.domain.dress import dress
from app.domain.plan import VideoPools, plan_scenes
from app.domain.script import Scene, Script
from app.domain.speech import Speech, Word
from app.domain.states import Pool
from app.domain.step_names import clip_name, image_name
from app.domain.template import Corner, Logo, LowerThird, Motion, Move, Template
from app.domain.video import VideoInput
from app.media.caption_layout import lay_out
from app.media.caption_pictures import draw_shapes
from app.media.clip import ClipSpec, render_clip
from app.media.logo import LogoTrack
from app.media.lower_third import LowerThirdTrack
from app.media.motion import window_at
from app.media.overlays import Watermark
from app.media.poster import rgb_of
from app.providers.drawn.headline import headline
from app.providers.drawn.styles import STYLES
from app.providers.drawn.typography import lay_out as lay_out_heading
from app.services.steps.clip import clip_spec
from tests.integration.test_clip import plain
from tests.media_samples import nobody_cares

SIZES = {"9:16": (540, 960), "16:9": (960, 540), "1:1": (540, 540), "4:5": (540, 676)}
TITLE = "What the harbour pilots say about the tide"
TEXT = "The water comes up to the third step of the Donaudampfschifffahrtsgesellschaft house, and it goes again."
POOLS = VideoPools(Pool.IO, Pool.CPU, Pool.CPU)

Box = tuple[float, float, float, float]  # left, top, right, bottom


@pytest.fixture(scope="module", params=[(200, 200), (500, 100), (60, 200)], ids=["square", "word mark", "tall"])
def logo(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("logo") / "logo.png"
    Image.new("RGBA", request.param, (255, 0, 0, 255)).save(path)
    return path


def video(
    size: str,
    position: CaptionPosition,
    corner: Corner,
    *,
    has_lower_third: bool,
    captions: CaptionSize | None,
    moves: tuple[Move, ...] = tuple(Move),
) -> VideoInput:
    style = CaptionStyle(position=position, size=captions or CaptionSize.MEDIUM, box=CaptionBox("#101418", 1.0))
    template = Template(
        "t",
        caption_mode=CaptionMode.OFF if captions is None else CaptionMode.LINE,
        caption_style=style,
        motion=Motion(0.17, moves),
        logo=Logo("ast_1", corner, 0.18, 1.0),
        lower_third=LowerThird(ground="#0000FF", opacity=1.0, accent="#0000FF") if has_lower_third else None,
    )
    width_px, height_px = SIZES[size]
    asked = VideoInput(text="…", template=template, width_px=width_px, height_px=height_px, fps=24)
    return replace(dress(asked), assets={"ast_1": "a" * 64})


def spec_of(asked: VideoInput, logo: Path) -> ClipSpec:
    """What the clip's step would ask of the renderer, with the words at an even pace."""
    (plan,) = (plan for plan in plans_of(asked) if plan.name == clip_name(1))
    words = tuple(Word(word, at * 0.4, (at + 1) * 0.4) for at, word in enumerate(TEXT.split()))
    spec = clip_spec(plan.params, Speech(len(words) * 0.4, words))
    planned = {name: value for name, value in plan.params["logo"].items() if name != "asset"}
    return replace(spec, watermark=Watermark(logo, Logo(**{**planned, "corner": Corner(planned["corner"])})))


def plans_of(asked: VideoInput) -> list:  # type: ignore[type-arg]
    return list(plan_scenes(Script("T", (Scene(1, TEXT, TITLE),)), asked, POOLS))


def boxes_of(asked: VideoInput, logo: Path) -> dict[str, list[Box]]:
    spec = spec_of(asked, logo)
    assert spec.watermark is not None
    size = (spec.width_px, spec.height_px)
    mark = LogoTrack(spec.watermark, *size, spec.frames, spec.fade_frames)
    found: dict[str, list[Box]] = {"logo": [mark.box]}
    if spec.title is not None:
        at_foot = None if spec.watermark.look.corner.is_top else mark.box[1]
        lower_third = LowerThirdTrack(spec.title, spec, spec.frames - spec.fade_frames, at_foot)
        assert lower_third.box is not None
        found["lower third"] = [lower_third.box]
    if spec.caption_mode != "off":
        found["captions"] = []
        for cue in spec.cues:
            layout = lay_out(cue, *size, spec.caption_style)
            assert layout is not None
            shapes = draw_shapes(layout, *size, spec.caption_style)
            rows, columns = shapes.cover.shape
            found["captions"].append((shapes.left, shapes.top, shapes.left + columns, shapes.top + rows))
    if headings := heading_boxes(asked):
        found["heading"] = headings
    return found


def heading_boxes(asked: VideoInput) -> list[Box]:
    """Where a painted heading comes to lie in the frame, in every style, under every move of the camera."""
    (plan,) = (plan for plan in plans_of(asked) if plan.name == image_name(1))
    if plan.params.get("wordless"):
        return []
    width_px, height_px = asked.width_px, asked.height_px
    found = headline(plan.params["title"])
    assert found is not None and asked.template is not None
    boxes = []
    for style in STYLES:
        layout = lay_out_heading(found, style, width_px, height_px, plan.params.get("words_from", 0.0))
        assert layout is not None
        rows, columns = layout.main.shape
        moves = product(range(1, 13), (0, 239))
        for window in (window_at(number, frame, 240, 24, asked.template.motion) for number, frame in moves):
            across = [(at / width_px - window.left) / window.size for at in (layout.left, layout.left + columns)]
            down = [(at / height_px - window.top) / window.size for at in (layout.top, layout.top + rows)]
            boxes.append((across[0] * width_px, down[0] * height_px, across[1] * width_px, down[1] * height_px))
    return boxes


def overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


@pytest.mark.parametrize("has_lower_third", [False, True], ids=["no lower third", "lower third"])
@pytest.mark.parametrize("position", list(CaptionPosition))
@pytest.mark.parametrize("size", SIZES)
def test_nothing_lies_on_anything_else(size: str, position: CaptionPosition, has_lower_third: bool, logo: Path) -> None:
    # What is painted moves with the picture; with lower thirds nothing is.
    cameras = ((Move.IN, Move.OUT),) if has_lower_third else (tuple(Move), (Move.IN, Move.OUT))
    corners = (Corner.TOP_LEFT, Corner.BOTTOM_RIGHT)
    for corner, captions, moves in product(corners, (CaptionSize.MEDIUM, CaptionSize.LARGE, None), cameras):
        asked = video(size, position, corner, has_lower_third=has_lower_third, captions=captions, moves=moves)
        boxes = boxes_of(asked, logo)
        for one, other in combinations(boxes, 2):
            for first, second in product(boxes[one], boxes[other]):
                assert not overlap(first, second), (one, first, other, second, corner, captions)
        for left, top, right, bottom in (*boxes["logo"], *boxes.get("lower third", ())):
            assert 0 <= left < right <= asked.width_px and 0 <= top < bottom <= asked.height_px


@pytest.mark.parametrize("logo", [(500, 100)], ids=["word mark"], indirect=True)
def test_a_rendered_frame_shows_logo_title_and_captions_apart(tmp_path: Path, logo: Path) -> None:
    asked = video("9:16", CaptionPosition.TOP, Corner.TOP_LEFT, has_lower_third=True, captions=CaptionSize.MEDIUM)
    grey, out = plain(tmp_path / "grey.png", (120, 120, 120), size=(620, 1104)), tmp_path / "clip.mp4"
    spec = replace(spec_of(asked, logo), frames=36, fade_frames=0, piece=None)
    render_clip(spec, grey, None, out, nobody_cares)
    with av.open(str(out)) as container:
        frame = [rgb_of(frame) for frame in container.decode(video=0)][30].astype(int)
    is_red = (frame[..., 0] > 200) & (frame[..., 1:] < 70).all(axis=2)
    is_blue = (frame[..., 2] > 200) & (frame[..., :2] < 70).all(axis=2)
    is_boxed = (frame < 50).all(axis=2)
    captions, title, mark = (np.flatnonzero(mask.sum(axis=1) > 20) for mask in (is_boxed, is_blue, is_red))
    assert captions.max() < title.min() and title.max() < mark.min()
    # The whole logo is seen: nothing covers a part of it.
    assert is_red.sum() == pytest.approx((0.18 * 540) ** 2, rel=0.1)
