"""Templates the whole way: asked for, refused, rendered, told in the manifest."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from app.client import Client, NotFound, VideoRequest
from app.domain.caption_style import CaptionMode
from app.domain.effects import Effect
from app.domain.template import Card, Corner, Logo, LowerThird, Template, Transition, TransitionKind
from app.domain.typeface import Typeface
from app.domain.variants import AudioFormat, Frame, Teaser, Variants
from app.domain.video import SceneInput, VideoInput
from app.media.clip import render_clip
from app.media.overlays import SceneTitle, Watermark
from app.media.poster import rgb_of
from app.models.database import Database
from app.services.asking import Asking
from app.services.assets import store_asset
from app.services.farm import Farm
from app.services.step_views import list_steps
from app.templates import load_template, template_names
from tests.api_server import Api, data_of, error_of, serve
from tests.farms import make_org
from tests.integration.test_clip import HEIGHT_PX, SPEC, WIDTH_PX, cues, plain
from tests.integration.test_clip import rgb_of as frames_of
from tests.integration.test_effects import RED, written
from tests.made_jobs import made, manifest_of
from tests.media_samples import nobody_cares

GREY = (100, 100, 100)


@pytest.fixture
def api(database: Database, tmp_path: Path) -> Iterator[Api]:
    with serve(database, tmp_path / "home") as api:
        yield api


def video_input(api: Api, job: dict[str, Any]) -> VideoInput:
    from sqlalchemy import select

    from app.models import Job

    with api.farm.database.read() as session:
        return VideoInput.from_json(session.scalars(select(Job.input).where(Job.public_id == job["id"])).one())


def test_a_template_is_listed_shown_changed_and_sent_back(api: Api) -> None:
    items = data_of(api.get("/api/templates"))["items"]
    assert [item["name"] for item in items] == list(template_names())
    whole = data_of(api.get("/api/templates/bulletin"))
    assert whole["captions"]["box"]["opacity"] == 0.85
    own = {**whole, "name": "ours", "version": 3, "colours": {**whole["colours"], "accent": "#00a3a3"}}
    template = video_input(api, api.accept(template=own)).template
    assert template is not None and (template.name, template.version) == ("ours", 3)
    # Colours are concrete from acceptance on: what ships may change, an accepted job may not.
    assert template.transition.colour == "#00A3A3" and template.lower_third is not None
    assert template.lower_third.ground == "#0B1F3A"
    assert api.get("/api/templates/nothing").status == 404


def test_what_a_request_says_of_captions_takes_the_place_of_the_templates(api: Api) -> None:
    video = video_input(api, api.accept(template="bulletin", captions={"size": "large", "font": "fraunces"}))
    assert video.captions == CaptionMode.LINE and video.caption_style.box is not None
    assert (video.caption_style.size, video.caption_style.font) == ("large", "fraunces")
    assert video_input(api, api.accept(template="bulletin", captions="word")).captions == CaptionMode.WORD
    outlined = video_input(api, api.accept(template="bulletin", captions={"outline_colour": "#000000"}))
    assert outlined.caption_style.box is None and outlined.caption_style.outline_colour == "#000000"


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"template": "loud"}, "template"),
        ({"template": 7}, "template"),
        ({"template": {}}, "template.name"),
        ({"template": {"name": "Ours!"}}, "template.name"),
        ({"template": {"name": "ours", "schema_version": 2}}, "template.schema_version"),
        ({"template": {"name": "ours", "colours": {"accent": "red"}}}, "template.colours.accent"),
        ({"template": {"name": "ours", "colours": {"accent": "text"}}}, "template.colours.accent"),
        ({"template": {"name": "ours", "intro": {"ground": "blue"}}}, "template.intro.ground"),
        ({"template": {"name": "ours", "intro": {"text": "ground"}}}, "template.intro.text"),
        ({"template": {"name": "ours", "intro": {"lines": []}}}, "template.intro.lines"),
        ({"template": {"name": "ours", "intro": {"length_s": 9}}}, "template.intro.length_s"),
        ({"template": {"name": "ours", "intro": {"lines": ["{tile}"]}}}, "template.intro.lines.0"),
        ({"template": {"name": "ours", "intro": {"lines": ["{ title }"]}}}, "template.intro.lines.0"),
        ({"template": {"name": "ours", "motion": {"zoom": 0.5}}}, "template.motion.zoom"),
        ({"template": {"name": "ours", "motion": {"moves": ["in", "spin"]}}}, "template.motion.moves.1"),
        ({"template": {"name": "ours", "transition": {"kind": "explode"}}}, "template.transition.kind"),
        ({"template": {"name": "ours", "logo": {"size": 2}}}, "template.logo.size"),
        ({"template": {"name": "ours", "logo": {"asset": "ast_none"}}}, "template.logo.asset"),
        ({"template": {"name": "ours", "sparkles": True}}, "template.sparkles"),
        ({"template": {"name": "ours", "intro": {"lines": ["\U00010820"]}}}, "template"),
        ({"template": "bulletin", "captions": {"colour": "#0B1F3A"}}, "captions.colour"),
    ],
)
def test_what_cannot_be_drawn_is_refused_by_its_field(api: Api, asked: dict[str, Any], field: str) -> None:
    answer = api.post("/api/videos", {"text": "A river.", **asked})
    assert (answer.status, error_of(answer)["details"]["field"]) == (422, field)


def test_an_unknown_name_is_answered_with_the_known_ones(api: Api) -> None:
    message = error_of(api.post("/api/videos", {"text": "A river.", "template": "loud"}))["message"]
    assert all(name in message for name in template_names()) and "loud" not in message


def test_a_program_finds_changes_and_uses_a_template(api: Api) -> None:
    with Client(api.url, api.key) as farm:
        assert {found.name for found in farm.templates()} == set(template_names())
        look = farm.template("pulse")
        look["name"] = "our-pulse"
        job = farm.submit_video(VideoRequest(text="A river.", template=look), idempotency_key="one")
        with pytest.raises(NotFound):
            farm.template("nothing")
    template = video_input(api, {"id": job.id}).template
    assert template is not None and template.name == "our-pulse"


def test_a_title_uncovers_itself_stays_and_goes_before_the_tail(tmp_path: Path) -> None:
    grey = plain(tmp_path / "p.png", GREY)
    title = SceneTitle("A door", LowerThird(1.2, "#0B1F3A", 1.0, "#FFFFFF", "#E63946"), Typeface.MANROPE)
    out = tmp_path / "clip.mp4"
    render_clip(replace(SPEC, title=title, cues=cues("Lava flows down.")), grey, grey, out, nobody_cares)
    frames = frames_of(out)
    shown = [float((np.abs(frame - np.array((11, 31, 58))).max(axis=2) < 14).mean()) for frame in frames]
    assert shown[0] == 0 and 0 < shown[9] < shown[25] and shown[50] == 0
    is_panel = np.abs(frames[25] - np.array((11, 31, 58))).max(axis=2) < 14
    rows = np.flatnonzero(is_panel.sum(axis=1) > 20)
    assert rows.max() < 0.66 * HEIGHT_PX and rows.min() > 0.45 * HEIGHT_PX


@pytest.mark.parametrize("corner", list(Corner))
def test_a_logo_stands_in_its_corner_through_the_transition(tmp_path: Path, corner: Corner) -> None:
    logo = tmp_path / "logo.png"
    Image.new("RGBA", (200, 200), (255, 0, 0, 255)).save(logo)
    spec = replace(
        SPEC,
        frames=30,
        fade_frames=10,
        transition=Transition(TransitionKind.SLIDE),
        watermark=Watermark(logo, Logo(None, corner, 0.12, 1.0)),
    )
    grey, out = plain(tmp_path / "p.png", GREY), tmp_path / "clip.mp4"
    render_clip(spec, grey, grey, out, nobody_cares)
    places = []
    for frame in (frames_of(out)[at] for at in (3, 25)):
        red = (frame[..., 0] > 180) & (frame[..., 1] < 60)
        assert red.mean() == pytest.approx((0.12 * WIDTH_PX) ** 2 / (WIDTH_PX * HEIGHT_PX), rel=0.25)
        places.append((np.flatnonzero(red.any(axis=0)).mean(), np.flatnonzero(red.any(axis=1)).mean()))
    assert places[0] == pytest.approx(places[1], abs=1)
    assert (places[0][0] < WIDTH_PX / 2, places[0][1] < HEIGHT_PX / 2) == (corner.is_left, corner.is_top)
    # Inside the band that apps leave free of buttons and names.
    assert 0.12 * HEIGHT_PX <= places[0][1] <= 0.8 * HEIGHT_PX


SMALL = VideoInput(
    scenes=(SceneInput("First a river.", "The river"), SceneInput("Then the sea.")),
    title="From source to sea",
    width_px=180,
    height_px=320,
    fps=24,
)

FRAMED = Template("ours", intro=Card(length_s=1.5), outro=Card(length_s=1.5), transition=Transition(length_s=0.25))


def test_a_video_in_a_template_passes_the_gate_and_is_told_in_the_manifest(farm: Farm, tmp_path: Path) -> None:
    org_id = make_org(farm.database)
    Image.new("RGBA", (300, 100), (255, 255, 255, 255)).save(tmp_path / "logo.png")
    logo = store_asset(farm, Asking(org_id, "upload"), tmp_path / "logo.png")
    look = Template.from_json(load_template("nightfall"))
    look = replace(look, logo=replace(look.logo or Logo(), asset=logo.id), lower_third=LowerThird())
    job = made(farm, org_id, replace(SMALL, template=look))
    outputs = {output.name: farm.storage.path(output.sha256) for output in job.outputs}
    manifest = json.loads(outputs["manifest.json"].read_text())
    assert manifest["template"] == {"name": "nightfall", "version": 1}
    steps = {step["name"]: step for step in manifest["steps"]}
    assert {"intro/clip", "outro/clip"} <= set(steps)
    # The intro is dark and at rest for three seconds, as asked; its first frame already says the title.
    with av.open(str(outputs["video.mp4"])) as container:
        first = rgb_of(next(container.decode(video=0)))
    assert (first.max(axis=2) > 200).mean() > 0.005
    first_cue = outputs["captions.srt"].read_text().splitlines()[1]
    assert first_cue.startswith("00:00:03,")
    assert manifest["measured"]["picture"]["frames"] == steps["assemble"]["facts"]["frames"]


def test_a_template_frames_every_variant_with_its_cards(farm: Farm) -> None:
    org_id = make_org(farm.database)
    variants = Variants(sizes=(Frame(320, 180),), preview=True, teaser=Teaser(duration_s=1.0), audio=(AudioFormat.M4A,))
    job = made(farm, org_id, replace(SMALL, template=FRAMED, variants=variants))
    outputs = {output.name: farm.storage.path(output.sha256) for output in job.outputs}
    steps = {step.name for step in list_steps(farm.database, org_id, job.id)}
    assert {"320x180/intro/clip", "320x180/outro/clip"} <= steps
    lengths = {}
    for name in ("video.mp4", "video-320x180.mp4", "preview.mp4"):
        with av.open(str(outputs[name])) as container:
            lengths[name] = container.streams.video[0].frames
    assert len(set(lengths.values())) == 1
    assert {"teaser.gif", "audio.m4a"} <= set(outputs)


def test_an_intro_leads_to_the_first_scene_as_its_effect_shows_it(farm: Farm, tmp_path: Path) -> None:
    (tmp_path / "effects").mkdir()
    farm = replace(farm, effects=written(tmp_path / "effects", "red", RED))
    org_id = make_org(farm.database)
    reddened = replace(SMALL, template=FRAMED, effect=Effect("red", {"level": 90}))
    job = made(farm, org_id, reddened)
    manifest = manifest_of(farm, job)
    facts = {step["name"]: step["facts"] for step in manifest["steps"]}
    assert facts["intro/clip"]["effects"] == facts["scene/1/clip"]["effects"] != {}
    assert facts["intro/clip"]["encoder"]["name"] == "x264"


def test_another_look_makes_anew_what_shows_it_and_adopts_the_rest(farm: Farm) -> None:
    org_id = make_org(farm.database)
    look = Template("ours", intro=Card(length_s=1.5), transition=Transition(TransitionKind.CUT))
    made(farm, org_id, replace(SMALL, template=look))

    def anew(template: Template | None) -> set[str]:
        job = made(farm, org_id, replace(SMALL, template=template))
        return {step.name for step in list_steps(farm.database, org_id, job.id) if not step.adopted}

    assert anew(replace(look, name="renamed", version=2)) == {"gate"}
    other_card = replace(look, intro=Card(length_s=1.5, ground="#203040"))
    assert anew(other_card) == {"intro/clip", "assemble", "gate"}
    dipped = replace(look, transition=Transition(TransitionKind.DIP, colour="ground"))
    led_otherwise = anew(dipped)
    # The last scene leads nowhere.
    assert led_otherwise >= {"intro/clip", "scene/1/clip", "assemble", "gate"} and "scene/2/clip" not in led_otherwise
    assert not any(name.endswith(("image", "narration")) for name in led_otherwise)


def test_the_plain_look_is_the_same_to_the_byte_as_it_is_with_a_template_of_defaults(tmp_path: Path) -> None:
    plain_look = Template("plain")
    pictures = (plain(tmp_path / "one.png", (90, 120, 60)), plain(tmp_path / "two.png", GREY))
    told = replace(SPEC, motion=plain_look.motion, transition=plain_look.transition, cues=cues("Lava flows down."))
    here, there = tmp_path / "here.mp4", tmp_path / "there.mp4"
    render_clip(told, *pictures, here, nobody_cares)
    render_clip(replace(SPEC, cues=cues("Lava flows down.")), *pictures, there, nobody_cares)
    assert here.read_bytes() == there.read_bytes()
