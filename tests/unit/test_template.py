"""Templates as data: what they say, what they leave as it was, and what a brand makes of them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from app.api.template_schema import TemplateObject
from app.domain.caption_style import CaptionBox, CaptionMode, CaptionPosition, CaptionStyle, contrast, rgb_of
from app.domain.dress import dress
from app.domain.errors import InvalidInput
from app.domain.legible import OUTLINED_CONTRAST, SPOKEN_CONTRAST, check_template, legible, readable, visible
from app.domain.look import PLAIN, Brand, branded, corner_for, resolved, title_card
from app.domain.plan import StepKind, StepPlan, VideoPools, plan_scenes
from app.domain.script import Scene, Script
from app.domain.states import Pool
from app.domain.step_names import INTRO, OUTRO, clip_name, image_name
from app.domain.template import (
    Card,
    Corner,
    Direction,
    Logo,
    LowerThird,
    Motion,
    Move,
    Palette,
    Template,
    Transition,
    TransitionKind,
)
from app.domain.timeline import Pace, lay_out, whole_frames
from app.domain.typeface import Typeface
from app.domain.video import VideoInput
from app.media.motion import motion_within, window_at
from app.media.transitions import blend
from app.media.warp import FramePlanes
from app.providers.protocols import PictureRequest
from app.templates import load_template, template_names

POOLS = VideoPools(script=Pool.IO, voice=Pool.CPU, painter=Pool.GPU)
SCRIPT = Script("Two seas", (Scene(1, "The first.", "One"), Scene(2, "The second.")))
VIDEO = VideoInput(text="…")


def plans_of(template: Template | None, brand: Brand | None = None, **asked: Any) -> dict[str, StepPlan]:
    video = dress(replace(VIDEO, template=template, **asked), brand)
    video = replace(video, assets={"ast_1": "a" * 64})
    return {plan.name: plan for plan in plan_scenes(SCRIPT, video, POOLS)}


def in_colours_of(brand: Brand, template: Template) -> Template:
    return legible(resolved(branded(template, brand)), resolved(template))


@pytest.mark.parametrize("name", template_names())
def test_what_ships_is_whole_legible_and_survives_being_stored(name: str) -> None:
    data = load_template(name)
    template = TemplateObject.model_validate(data).to_template()
    assert template.name == name and template.version >= 1 and template.description
    assert Template.from_json(json.loads(json.dumps(template.to_json()))) == template
    video = dress(replace(VIDEO, template=template))
    assert VideoInput.from_json(json.loads(json.dumps(video.to_json()))) == video
    assert TemplateObject.model_validate(json.loads(json.dumps(template.to_json()))).to_template() == template


def test_at_least_five_looks_ship_and_no_two_are_alike() -> None:
    looks = [Template.from_json(load_template(name)) for name in template_names()]
    assert len(looks) >= 5
    for part in ("transition", "caption_style", "motion", "colours"):
        assert len({str(getattr(look, part)) for look in looks}) == len(looks), part


def test_a_template_of_defaults_makes_the_very_same_steps_as_none() -> None:
    assert plans_of(Template("plain")) == plans_of(None)


def test_an_input_of_before_templates_has_none_and_none_is_not_stored() -> None:
    stored = VIDEO.to_json()
    assert "template" not in stored and "brand" not in stored
    assert VideoInput.from_json(stored).template is None


def test_each_clip_knows_of_the_template_what_it_shows_and_no_more() -> None:
    lower, other = (Template("t", lower_third=LowerThird(accent=colour)) for colour in ("#FF0000", "#00FF00"))
    before, after = plans_of(lower), plans_of(other)
    # Scene 2 has no title.
    assert before[clip_name(1)] != after[clip_name(1)] and before[clip_name(2)] == after[clip_name(2)]
    wiped = plans_of(Template("t", transition=Transition(TransitionKind.WIPE)))
    assert "transition" in wiped[clip_name(1)].params and "transition" not in wiped[clip_name(2)].params
    assert (
        plans_of(Template("t", transition=Transition(TransitionKind.WIPE)))["soundtrack"]
        == plans_of(None)["soundtrack"]
    )


def test_what_a_lower_third_says_is_not_painted_too() -> None:
    assert plans_of(None)[image_name(1)].params["title"] == "One"
    assert plans_of(Template("t", lower_third=LowerThird()))[image_name(1)].params["wordless"] is True


def test_a_painted_picture_has_the_colours_and_the_type_of_its_template() -> None:
    pulse = plans_of(Template.from_json(load_template("pulse")))
    heading, plain = pulse[image_name(1)].params, pulse[image_name(2)].params
    assert heading["heading_font"] == "sofia-condensed" and "heading_font" not in plain
    assert heading["colours"] == plain["colours"] == load_template("pulse")["colours"]
    asked = PictureRequest.from_params(json.loads(json.dumps(heading)))
    assert (asked.heading_font, asked.colours) == (Typeface.SOFIA, Palette("#0A0A0A", "#FFFFFF", "#C6FF00"))


def test_a_painted_picture_has_the_colours_and_the_type_of_the_brand() -> None:
    template = Template.from_json(load_template("nightfall"))
    params = plans_of(template, Brand("Atlas", accent="#00A3A3", font=Typeface.INTER))[image_name(1)].params
    assert params["heading_font"] == "inter"
    assert params["colours"] == {**load_template("nightfall")["colours"], "accent": "#00A3A3"}


def test_a_template_of_before_its_titles_could_be_without_a_font_still_loads() -> None:
    stored = {**Template("t").to_json(), "fonts": {"captions": "inter", "titles": "inter"}}
    assert Template.from_json(stored).fonts.titles == Typeface.INTER
    assert Template.from_json(Template("t").to_json()).fonts.titles is None


def test_cards_are_steps_of_their_own_and_move_the_words() -> None:
    plans = plans_of(Template("t", intro=Card(length_s=2.0), outro=Card(length_s=1.5)))
    assert plans[INTRO].kind == plans[OUTRO].kind == StepKind.CARD
    assert plans[INTRO].needs == (image_name(1),) and plans[OUTRO].needs == ()
    assert {INTRO, OUTRO} <= set(plans["assemble"].needs)
    assert plans["soundtrack"].params["pace"] == {"intro_s": 2.0, "outro_s": 1.5}
    last = plans[clip_name(2)].params
    assert not last["is_last"] and last["next_card"] == {"colour": "#101418", "to": None} and last["is_before_card"]


def test_the_scenes_stand_between_the_cards_and_words_never_lie_under_a_transition() -> None:
    pace = Pace(fade_s=0.9, intro_s=2.0, outro_s=1.5)
    timings = lay_out([1.0, 2.0], 30, pace)
    assert timings[0].start_frame == 60 and timings[-1].fade_frames == 27
    assert whole_frames(timings, pace) == timings[-1].end_frame + 45
    for timing, speech_s in zip(timings, (1.0, 2.0), strict=True):
        assert timing.speech_at_s + speech_s <= (timing.end_frame - timing.fade_frames) / 30


def test_a_card_without_a_word_is_not_shown() -> None:
    template = resolved(Template("t", intro=Card(("{title}", "by {brand}"))))
    found = title_card(template.intro, template, title="Seas", brand=None)
    assert found is not None and found.lines == ("Seas",)
    both = title_card(template.intro, template, title="Seas", brand="Atlas")
    assert both is not None and both.lines == ("Seas", "by Atlas")
    assert title_card(template.intro, template, title=None, brand=None) is None


def test_colours_have_their_values_in_the_place_of_their_names() -> None:
    style = CaptionStyle(colour="text", highlight_colour="accent", box=CaptionBox("ground", 0.9))
    template = Template(
        "t", colours=Palette("#000001", "#FFFFF0", "#C6FF00"), caption_style=style, intro=Card(to="accent")
    )
    found = resolved(template)
    assert found.caption_style.colour == "#FFFFF0" and found.caption_style.highlight_colour == "#C6FF00"
    assert found.caption_style.box == CaptionBox("#000001", 0.9)
    assert found.intro is not None and (found.intro.ground, found.intro.to) == ("#000001", "#C6FF00")


def test_a_brand_takes_the_place_of_the_templates_own_and_stays_legible() -> None:
    template = Template.from_json(load_template("bulletin"))
    brand = Brand("Atlas", ground="#FFFFFF", accent="#FFE600", font=Typeface.FRAUNCES, logo="ast_1")
    found = in_colours_of(brand, template)
    check_template(found)
    assert found.fonts.titles == found.caption_style.font == Typeface.FRAUNCES
    assert found.logo is not None and found.logo.asset == "ast_1" and found.logo.corner == Corner.TOP_RIGHT
    assert found.transition.colour == "#FFE600"
    # White words on the brand's white would not be seen.
    assert found.lower_third is not None and found.lower_third.text != "#FFFFFF"


@pytest.mark.parametrize("accent", ["#10243E", "#152A45", "#FFFFFF", "#FFE600", "#808080"])
@pytest.mark.parametrize("ground", ["#10243E", "#FFFFFF", "#808080"])
@pytest.mark.parametrize("name", template_names())
def test_a_brands_accent_is_seen_on_the_brands_ground(name: str, ground: str, accent: str) -> None:
    look = replace(Template.from_json(load_template(name)), lower_third=LowerThird())
    found = in_colours_of(Brand(ground=ground, accent=accent), look)
    for part in (found.intro, found.outro, found.lower_third):
        if part is None:
            continue
        grounds = [part.ground, *([part.to] if isinstance(part, Card) and part.to else [])]
        for behind in grounds:
            ratio = contrast(rgb_of(part.accent), rgb_of(behind))
            assert ratio >= 3, (part, ratio)
            assert contrast(rgb_of(part.text), rgb_of(behind)) >= 3, part


def test_a_cards_gradient_is_in_shades_of_the_brands_ground() -> None:
    template = Template.from_json(load_template("storybook"))
    found = in_colours_of(Brand(ground="#10243E", text="#FFFFFF"), template)
    assert found.intro is not None and found.outro is not None
    assert (found.intro.ground, found.intro.to) == ("#10243E", "#283A51") == (found.outro.to, found.outro.ground)
    recoloured = resolved(branded(template, Brand(accent="#00A3A3")))
    assert recoloured.intro is not None and recoloured.intro.to == "#EAD7B7"


def test_a_brands_accent_that_is_seen_stays_as_it_is() -> None:
    brand = Brand(ground="#10243E", accent="#FFC828")
    found = in_colours_of(brand, Template("t", lower_third=LowerThird(), intro=Card()))
    assert found.lower_third is not None and found.intro is not None
    assert found.lower_third.accent == found.intro.accent == "#FFC828"


def test_a_mark_that_can_be_seen_is_left_alone_and_another_changes_as_little_as_it_must() -> None:
    black = [(0, 0, 0)]
    assert visible("#FFE600", black) == "#FFE600"
    lighter = visible("#201060", black)
    assert 3.0 <= contrast(rgb_of(lighter), black[0]) < 3.8


@pytest.mark.parametrize("ground", ["#FFE600", "#F6EBD9", "#FFFFFF", "#10243E", "#000000", "#C8553D", "#808080"])
def test_words_that_cannot_be_read_on_a_ground_become_nearly_black_or_white(ground: str) -> None:
    behind = [rgb_of(ground)]
    assert readable(ground, behind) != ground
    best = max(contrast(behind[0], end) for end in ((0, 0, 0), (255, 255, 255)))
    assert contrast(rgb_of(readable(ground, behind)), behind[0]) >= min(7, best)


def test_words_that_can_be_read_keep_their_colour() -> None:
    assert readable("#FFFFFF", [rgb_of("#E63946")]) == "#FFFFFF"


COMMON_KITS = [
    Brand(ground="#FFFFFF", text="#1A1A1A", accent="#0B3D91"),
    Brand(ground="#000000", text="#FFFFFF", accent="#000000"),
    Brand(ground="#FFE600"),
    Brand(ground="#FFE600", text="#000000", accent="#E63946"),
    Brand(accent="#808080"),
    Brand(text="#808080"),
    Brand(ground="#0B3D91", text="#FFFFFF", accent="#FFFFFF"),
    Brand(ground="#FF00FF", text="#00FF00", accent="#FF0000"),
]


@pytest.mark.parametrize("brand", COMMON_KITS)
@pytest.mark.parametrize("name", [*template_names(), "plain"])
def test_captions_can_be_read_over_any_picture_in_any_brands_colours(name: str, brand: Brand) -> None:
    look = PLAIN if name == "plain" else Template.from_json(load_template(name))
    style = in_colours_of(brand, look).caption_style
    if style.box is not None:
        return
    outline = rgb_of(style.outline_colour)
    assert contrast(rgb_of(style.colour), outline) >= OUTLINED_CONTRAST
    if look.caption_mode == CaptionMode.WORD:
        assert contrast(rgb_of(style.highlight_colour), outline) >= SPOKEN_CONTRAST
        assert style.highlight_colour != style.colour


def test_what_a_brand_cannot_colour_keeps_the_templates_own() -> None:
    pulse = Template.from_json(load_template("pulse"))
    dark = in_colours_of(COMMON_KITS[0], pulse).caption_style
    assert (dark.colour, dark.highlight_colour, dark.outline_colour) == ("#FFFFFF", "#C6FF00", "#000000")
    red = in_colours_of(Brand(accent="#FF5A3C"), pulse).caption_style
    assert (red.colour, red.highlight_colour) == ("#FFFFFF", "#FF5A3C")


def test_captions_that_a_brand_does_not_touch_stay_as_they_were_asked_for() -> None:
    faint = Template("t", caption_style=CaptionStyle(colour="#5E5E5E", highlight_colour="#606060"))
    check_template(resolved(faint))
    assert in_colours_of(Brand(accent="#0B3D91"), faint).caption_style == faint.caption_style


@pytest.mark.parametrize(
    ("template", "field"),
    [
        (Template("t", intro=Card(text="#FFFFFF", ground="#EEEEEE")), "template.intro.text"),
        (Template("t", outro=Card(to="#FFFFFF")), "template.outro.text"),
        (Template("t", lower_third=LowerThird(text="ground")), "template.lower_third.text"),
        (Template("t", caption_style=CaptionStyle(colour="#202020")), "template.captions.colour"),
    ],
)
def test_words_that_nobody_could_read_are_refused_by_their_field(template: Template, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        check_template(resolved(template))
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("asked", "captions", "has_lower_thirds", "corner"),
    [
        (Corner.TOP_LEFT, CaptionPosition.TOP, False, Corner.BOTTOM_LEFT),
        (Corner.TOP_LEFT, CaptionPosition.TOP, True, Corner.BOTTOM_LEFT),
        (Corner.BOTTOM_RIGHT, CaptionPosition.BOTTOM, False, Corner.TOP_RIGHT),
        (Corner.BOTTOM_RIGHT, CaptionPosition.MIDDLE, False, Corner.BOTTOM_RIGHT),
        (Corner.BOTTOM_RIGHT, CaptionPosition.MIDDLE, True, Corner.TOP_RIGHT),
        (Corner.BOTTOM_LEFT, None, True, Corner.TOP_LEFT),
        (Corner.TOP_RIGHT, CaptionPosition.BOTTOM, True, Corner.TOP_RIGHT),
    ],
)
def test_the_logo_goes_where_nothing_is_written(
    asked: Corner, captions: CaptionPosition | None, has_lower_thirds: bool, corner: Corner
) -> None:
    assert corner_for(asked, captions, has_lower_thirds=has_lower_thirds) == corner


def test_the_plan_knows_what_is_written() -> None:
    logo = Template("t", logo=Logo("ast_1", Corner.BOTTOM_LEFT))
    assert plans_of(logo)[clip_name(1)].params["logo"]["corner"] == "top-left"
    off = replace(logo, caption_mode=CaptionMode.OFF)
    assert plans_of(off)[clip_name(1)].params["logo"]["corner"] == "bottom-left"


def test_no_move_leaves_the_picture_and_one_on_its_blur_is_never_crossed() -> None:
    motion = Motion(0.17, tuple(Move))
    for number in range(1, len(Move) + 1):
        for frame in (0, 50, 149):
            window = window_at(number, frame, 150, 30, motion)
            assert min(window.left, window.top) >= 0 and max(window.left, window.top) + window.size <= 1
    assert set(motion_within(motion).moves) == {Move.IN, Move.OUT}


def plain_frame(level: int) -> FramePlanes:
    frame = FramePlanes.blank(64, 96)
    for plane in frame.visible:
        plane[:] = level
    return frame


@pytest.mark.parametrize("kind", [kind for kind in TransitionKind if kind != TransitionKind.CUT])
@pytest.mark.parametrize("direction", list(Direction))
def test_every_transition_goes_from_the_one_picture_to_the_other(kind: TransitionKind, direction: Direction) -> None:
    transition = Transition(kind, direction=direction, colour="#FFFFFF")
    shares = []
    for share in (0.02, 0.5, 0.98):
        frame = plain_frame(40)
        blend(frame, plain_frame(90), share, transition)
        # The edge and the colour of a dip are lighter than both.
        shares.append(float((np.abs(frame.luma.astype(int) - 90) < 12).mean()))
    assert shares[0] <= 0.05 and shares[-1] >= 0.9


@pytest.mark.parametrize("direction", list(Direction))
def test_a_wipe_and_a_slide_come_from_where_they_do_not_go_to(direction: Direction) -> None:
    for kind in (TransitionKind.WIPE, TransitionKind.SLIDE):
        frame = plain_frame(40)
        blend(frame, plain_frame(90), 0.5, Transition(kind, direction=direction))
        first, last = {
            Direction.LEFT: (frame.luma[48, 4], frame.luma[48, -4]),
            Direction.RIGHT: (frame.luma[48, -4], frame.luma[48, 4]),
            Direction.UP: (frame.luma[4, 32], frame.luma[-4, 32]),
            Direction.DOWN: (frame.luma[-4, 32], frame.luma[4, 32]),
        }[direction]
        assert (first, last) == (40, 90)
        assert int(frame.cb[4, 4]) in (40, 90)


def test_a_plain_clip_has_the_parameters_that_it_had_before_there_were_templates() -> None:
    """They are what its result is known by: another one would render every earlier video anew."""
    frame = {"width_px": 1080, "height_px": 1920}
    about = {"fps": 30, "count": 2, **frame, "title": "Two seas"}
    plans = plans_of(None)
    assert {
        name: dict(plan.params) for name, plan in plans.items() if "image" not in name and "narration" not in name
    } == {
        clip_name(1): {**frame, "fps": 30, "captions": "word", "number": 1, "is_last": False},
        clip_name(2): {**frame, "fps": 30, "captions": "word", "number": 2, "is_last": True},
        "soundtrack": {"fps": 30, "count": 2, "music": None},
        "assemble": {**about, "language": "en"},
        "gate": {**about, "captions": "word", "notes": [], "own_scenes": []},
    }
