"""An effect as it is written, stored and planned."""

from __future__ import annotations

import json

import pytest

from app.client import Effect, Given, SceneEdit, SceneRequest, VideoRequest
from app.client.acts import edit_to_json
from app.domain.plan import StepKind, VideoPools, plan_scenes
from app.domain.script import Scene, Script, with_effect
from app.domain.states import Pool
from app.domain.video import SceneInput, VideoInput
from config.settings import SettingsError, load_settings
from workers.rendering.failures import RenderFailed
from workers.rendering.options import parse_options

TINT = Effect("tint", {"strength": 0.6, "colours": ["#ffffff", "#000000"]})


def test_an_option_is_a_name_with_or_without_settings() -> None:
    assert parse_options(["story.md", "--effect", "tint"]).effect == Effect("tint")
    written = 'tint:{"strength": 0.6, "colours": ["#ffffff", "#000000"]}'
    assert parse_options(["story.md", "--effect", written]).effect == TINT
    assert parse_options(["story.md"]).effect is None


@pytest.mark.parametrize("written", ["", "Tint", "../tint", "tint:", "tint:1", "tint:{", 'tint:{"a b": 1}'])
def test_another_effect_is_a_fault_of_usage(written: str) -> None:
    with pytest.raises(RenderFailed, match="--effect"):
        parse_options(["story.md", "--effect", written])


def test_the_client_sends_an_effect_as_it_is() -> None:
    request = VideoRequest(scenes=(SceneRequest("One.", effect=TINT), SceneRequest("Two.")), effect=Effect("grain"))
    assert request.to_json() == {
        "scenes": [
            {
                "text": "One.",
                "effect": {"name": "tint", "settings": {"strength": 0.6, "colours": ["#ffffff", "#000000"]}},
            },
            {"text": "Two."},
        ],
        "effect": {"name": "grain", "settings": {}},
    }


def test_the_client_edits_the_effect_of_a_scene() -> None:
    assert edit_to_json(SceneEdit(effect=Given(Effect("tint")))) == {"effect": {"name": "tint", "settings": {}}}
    assert edit_to_json(SceneEdit(effect=Given(None))) == {"effect": None}
    assert edit_to_json(SceneEdit()) == {}


def test_an_effect_is_stored_where_it_is_given_and_read_back() -> None:
    video = VideoInput(scenes=(SceneInput("One.", effect=TINT), SceneInput("Two.")), effect=Effect("grain"))
    stored = json.loads(json.dumps(video.to_json()))
    assert "effect" not in stored["scenes"][1]
    assert VideoInput.from_json(stored) == video
    script = Script(None, (Scene(1, "One.", effect=TINT), Scene(2, "Two.")))
    assert Script.from_json(json.loads(json.dumps(script.to_json()))) == script


def test_a_clip_knows_its_own_effect_and_the_one_that_it_fades_to() -> None:
    script = with_effect(Script(None, (Scene(1, "One."), Scene(2, "Two.", effect=TINT))), Effect("grain"))
    plans = plan_scenes(script, VideoInput(text="…"), VideoPools(Pool.IO, Pool.CPU, Pool.CPU))
    clips = {plan.name: plan.params for plan in plans if plan.kind == StepKind.CLIP}
    assert clips["scene/1/clip"]["effect"] == {"name": "grain", "settings": {}}
    assert clips["scene/1/clip"]["next_effect"]["name"] == clips["scene/2/clip"]["effect"]["name"] == "tint"
    assert "next_effect" not in clips["scene/2/clip"]
    (gate,) = (plan for plan in plans if plan.kind == StepKind.GATE)
    assert gate.params["own_scenes"] == [1, 2]


def test_the_folder_of_effects_is_absolute_and_there() -> None:
    assert load_settings({}).effects_dir is None
    for folder in ("effects", "/no/such/folder"):
        with pytest.raises(SettingsError, match="EFFECTS_DIR: must be the absolute path of a folder that is there"):
            load_settings({"EFFECTS_DIR": folder})
