"""Asking for a video: what is accepted, what is refused and in which words."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from app.api import create_app
from app.domain.caption_style import CaptionBox, CaptionSize, CaptionStyle
from app.domain.errors import ServiceUnavailable
from app.domain.variants import AudioFormat, Frame, Teaser, TeaserFormat, Variants
from app.domain.video import CaptionMode, VideoInput
from app.models import Job, Step
from app.models.database import Database
from app.services.farm import Doorbell
from tests.api_server import Api, data_of, error_of, serve
from tests.farms import ListBell


@pytest.fixture
def api(database: Database, tmp_path: Path) -> Iterator[Api]:
    with serve(database, tmp_path / "home") as api:
        yield api


def jobs_in(api: Api) -> int:
    with api.farm.database.read() as session:
        return session.scalar(select(func.count()).select_from(Job)) or 0


def test_a_video_is_accepted_stored_and_rung_for(api: Api) -> None:
    answer = api.post("/api/videos", {"text": "A river.", "title": "  The\n river ", "metadata": {"customer": "42"}})
    job = data_of(answer)
    assert answer.status == 202
    assert answer.headers["Location"] == f"/api/jobs/{job['id']}"
    assert (job["status"], job["progress"], job["title"], job["outputs"]) == ("queued", 0, "The river", [])
    assert job["metadata"] == {"customer": "42"}
    assert job["correlation_id"] == answer.headers["x-correlation-id"]
    assert job["created_at"].endswith("Z")
    assert isinstance(api.farm.bell, ListBell) and len(api.farm.bell.rung) == 1
    assert data_of(api.get(answer.headers["Location"]))["id"] == job["id"]


class SilentBell:
    """A bell on a broker that is away."""

    def ring(self, doorbell: Doorbell) -> None:
        raise ServiceUnavailable("The broker does not answer.")

    def ring_hooks(self) -> None:
        pass

    def check(self) -> None:
        raise ServiceUnavailable("The broker does not answer.")


def test_a_broker_that_is_away_changes_nothing_for_the_caller(api: Api) -> None:
    client = create_app(replace(api.farm, bell=SilentBell()), api.settings).test_client()
    answer = client.post("/api/videos", json={"text": "A river."}, headers={"X-API-Key": api.key or ""})
    assert answer.status_code == 202
    readiness = client.get("/health/readyz")
    assert readiness.status_code == 503
    assert readiness.json == {
        "status": "unavailable",
        "checks": {"database": "ok", "storage": "ok", "broker": "The broker does not answer."},
    }


REFUSED: list[tuple[Any, int, str, str | None]] = [
    ({"text": "x", "background": {"colour": "red"}}, 422, "INVALID_INPUT", "background.colour"),
    ({"text": "x", "background": {"colour": "#12345"}}, 422, "INVALID_INPUT", "background.colour"),
    ({"text": "x", "background": {"colour": "#123456", "to": 7}}, 422, "INVALID_INPUT", "background.to"),
    ({"text": "x", "background": "#123456"}, 422, "INVALID_INPUT", "background"),
    (
        {"scenes": [{"text": "x", "image": "ast_1", "background": {"colour": "#123456"}}]},
        422,
        "INVALID_INPUT",
        "scenes.0.background",
    ),
    (
        {"scenes": [{"text": "x", "video": {"asset": "ast_1", "end_s": 0}}]},
        422,
        "INVALID_INPUT",
        "scenes.0.video.end_s",
    ),
    (
        {"scenes": [{"text": "x", "video": {"asset": "ast_1", "start_s": "1"}}]},
        422,
        "INVALID_INPUT",
        "scenes.0.video.start_s",
    ),
    ({"scenes": [{"text": "x", "video": {"start_s": 1}}]}, 422, "INVALID_INPUT", "scenes.0.video.asset"),
    ({"text": "x", "seed": False}, 422, "INVALID_INPUT", "seed"),
    ({"text": "x", "seed": 2**32}, 422, "INVALID_INPUT", "seed"),
    ({"text": "x", "seed": -1}, 422, "INVALID_INPUT", "seed"),
    ({"text": "x", "variants": ["16:9"]}, 422, "INVALID_INPUT", "variants"),
    ({"text": "x", "variants": {"sizes": "16:9"}}, 422, "INVALID_INPUT", "variants.sizes"),
    ({"text": "x", "variants": {"sizes": ["1:1", "wide"]}}, 422, "INVALID_INPUT", "variants.sizes.1"),
    ({"text": "x", "variants": {"sizes": ["9:16"]}}, 422, "INVALID_INPUT", "variants.sizes.0"),
    ({"text": "x", "variants": {"sizes": ["64x64"] * 5}}, 422, "INVALID_INPUT", "variants.sizes"),
    ({"text": "x", "variants": {"preview": 1}}, 422, "INVALID_INPUT", "variants.preview"),
    ({"text": "x", "variants": {"teaser": {"formats": []}}}, 422, "INVALID_INPUT", "variants.teaser.formats"),
    ({"text": "x", "variants": {"teaser": {"formats": ["png"]}}}, 422, "INVALID_INPUT", "variants.teaser.formats.0"),
    ({"text": "x", "variants": {"teaser": {"duration_s": 7}}}, 422, "INVALID_INPUT", "variants.teaser.duration_s"),
    ({"text": "x", "variants": {"teaser": {"width_px": 481}}}, 422, "INVALID_INPUT", "variants.teaser.width_px"),
    ({"text": "x", "variants": {"teaser": {"start_s": -1}}}, 422, "INVALID_INPUT", "variants.teaser.start_s"),
    ({"text": "x", "variants": {"audio": ["wav"]}}, 422, "INVALID_INPUT", "variants.audio.0"),
    ({"text": "x", "variants": {"audio": "mp3"}}, 422, "INVALID_INPUT", "variants.audio"),
    ({"text": "x", "priority": 0}, 422, "INVALID_INPUT", "priority"),
    ({"text": "x", "priority": 6}, 422, "INVALID_INPUT", "priority"),
    ({"text": "x", "fps": "30"}, 422, "INVALID_INPUT", "fps"),
    ({"text": "x", "fps": 30.0}, 422, "INVALID_INPUT", "fps"),
    ({"text": "x", "fps": 29}, 422, "INVALID_INPUT", "fps"),
    ({"text": "x", "sise": "9:16"}, 422, "INVALID_INPUT", "sise"),
    ({"text": "x", "size": "1081x1920"}, 422, "INVALID_INPUT", "size"),
    ({"text": "x", "size": "62x62"}, 422, "INVALID_INPUT", "size"),
    ({"text": "x", "size": "4098x64"}, 422, "INVALID_INPUT", "size"),
    ({"text": "x", "size": None}, 422, "INVALID_INPUT", "size"),
    ({"text": "x", "captions": "loud"}, 422, "INVALID_INPUT", "captions"),
    ({"text": "x", "captions": None}, 422, "INVALID_INPUT", "captions"),
    ({"text": "x", "captions": {"mode": "loud"}}, 422, "INVALID_INPUT", "captions.mode"),
    ({"text": "x", "captions": {"font": "Comic"}}, 422, "INVALID_INPUT", "captions.font"),
    ({"text": "x", "captions": {"colour": "red"}}, 422, "INVALID_INPUT", "captions.colour"),
    ({"text": "x", "captions": {"colour": "#202020"}}, 422, "INVALID_INPUT", "captions.colour"),
    ({"text": "x", "captions": {"box": {"opacity": 0.45}}}, 422, "INVALID_INPUT", "captions.highlight_colour"),
    ({"text": "x", "captions": {"box": {"opacity": 2}}}, 422, "INVALID_INPUT", "captions.box.opacity"),
    (
        {"text": "x", "captions": {"box": {}, "outline_colour": "#000000"}},
        422,
        "INVALID_INPUT",
        "captions.outline_colour",
    ),
    ({"text": "x", "language": "klingon"}, 422, "INVALID_INPUT", "language"),
    ({"text": "x", "voice": "nobody at all"}, 422, "INVALID_INPUT", "voice"),
    ({"text": "x", "images": ["ast_none"]}, 422, "INVALID_INPUT", "images.0"),
    ({"text": "x", "music": "ast_none"}, 422, "INVALID_INPUT", "music"),
    ({"text": "x", "metadata": {"a": 1}}, 422, "INVALID_INPUT", "metadata.a"),
    ({"text": "x", "title": "bell\x07"}, 422, "INVALID_INPUT", "title"),
    ({"scenes": []}, 422, "INVALID_INPUT", "scenes"),
    ({"scenes": [{"text": "x"}, {"text": 5}]}, 422, "INVALID_INPUT", "scenes.1.text"),
    ({"scenes": [{"text": "x", "picture": "y"}]}, 422, "INVALID_INPUT", "scenes.0.picture"),
    ({"text": " \n\t "}, 422, "INVALID_INPUT", "text"),
    ({"text": "x", "prompt": "y"}, 422, "INVALID_INPUT", "text"),
    ({}, 422, "INVALID_INPUT", "text"),
    ({"prompt": "Why is the sky blue?"}, 422, "PROVIDER_NOT_CONFIGURED", None),
    ({"text": "a\0b"}, 422, "INVALID_INPUT", "text"),
    (b'{"text": "\\ud800"}', 422, "INVALID_INPUT", "text"),
    (b'{"text": "x", "\\ud800": 1}', 422, "INVALID_INPUT", "body"),
    (b'{"text": "x", "seed": NaN}', 422, "INVALID_INPUT", "body"),
    (b'{"text": "x", "seed": 1e400}', 422, "INVALID_INPUT", "body"),
    (b'{"text": "x", "seed": ' + b"9" * 5000 + b"}", 422, "INVALID_INPUT", "body"),
    (b"[" * 100_000, 422, "INVALID_INPUT", "body"),
    (b'{"text": ' + b'{"a":' * 500 + b"1" + b"}" * 500 + b"}", 422, "INVALID_INPUT", "body"),
    (b"[1]", 422, "INVALID_INPUT", "body"),
    (b"null", 422, "INVALID_INPUT", "body"),
    (b"", 400, "MALFORMED_BODY", None),
    (b'{"text": ', 400, "MALFORMED_BODY", None),
    (b'{"text": "\xff"}', 400, "MALFORMED_BODY", None),
    (b'{"text": "' + b"x " * 2_500_000 + b'"}', 413, "TOO_LARGE", None),
]


def test_a_jobs_priority_is_its_steps_and_3_unless_it_is_given(api: Api) -> None:
    jobs = [api.accept(), api.accept(priority=5)]
    assert [job["priority"] for job in jobs] == [3, 5]
    with api.farm.database.read() as session:
        assert list(session.scalars(select(Step.priority).order_by(Step.id))) == [3, 5]


def test_variants_are_kept_with_the_job_and_none_is_as_if_they_were_not_sent(api: Api) -> None:
    asked = {"sizes": ["1:1"], "preview": True, "teaser": {"formats": ["webp", "webp"]}, "audio": ["mp3"]}
    api.accept(variants=asked)
    api.accept(variants={})
    with api.farm.database.read() as session:
        kept, empty = (VideoInput.from_json(it) for it in session.scalars(select(Job.input).order_by(Job.id)))
    assert kept.variants == Variants((Frame(1080, 1080),), True, Teaser((TeaserFormat.WEBP,)), (AudioFormat.MP3,))
    assert empty.variants is None


def test_everything_wrong_is_refused_by_name_and_leaves_no_job(api: Api) -> None:
    for body, status, code, field in REFUSED:
        answer = api.post("/api/videos", body)
        error = error_of(answer)
        assert (answer.status, error["error_code"], error["details"].get("field")) == (status, code, field), body
    assert jobs_in(api) == 0


def test_a_refusal_never_repeats_the_value(api: Api) -> None:
    for body in (
        {"text": "x", "seed": "hunter2"},
        {"text": "x", "captions": "hunter2"},
        {"text": "x", "title": ["hunter2"]},
    ):
        assert b"hunter2" not in api.post("/api/videos", body).data


def test_all_faults_are_told_at_once(api: Api) -> None:
    error = error_of(api.post("/api/videos", {"text": 1, "fps": 1, "seed": "a"}))
    assert [fault["field"] for fault in error["details"]["errors"]] == ["text", "fps", "seed"]


def test_a_body_that_is_not_json_by_its_type_is_a_415(api: Api) -> None:
    answer = api.ask("POST", "/api/videos", body=b'{"text": "x"}', headers={"Content-Type": "text/plain"})
    assert (answer.status, error_of(answer)["error_code"]) == (415, "UNSUPPORTED_CONTENT_TYPE")


def test_the_same_key_and_body_give_the_same_job(api: Api) -> None:
    first = api.post("/api/videos", {"text": "A river.", "fps": 24}, Idempotency_Key="one")
    again = api.post("/api/videos", {"fps": 24, "text": "A river."}, Idempotency_Key="one")
    assert data_of(first)["id"] == data_of(again)["id"]
    assert again.status == 202
    assert again.headers["Idempotent-Replayed"] == "true" and "Idempotent-Replayed" not in first.headers
    assert jobs_in(api) == 1


def test_the_same_key_with_another_body_is_refused(api: Api) -> None:
    api.post("/api/videos", {"text": "A river."}, Idempotency_Key="one")
    answer = api.post("/api/videos", {"text": "A lake."}, Idempotency_Key="one")
    assert (answer.status, error_of(answer)["error_code"]) == (422, "IDEMPOTENCY_KEY_REUSED")


def test_a_request_that_was_refused_may_be_mended_under_its_key(api: Api) -> None:
    assert api.post("/api/videos", {"text": ""}, Idempotency_Key="one").status == 422
    assert api.post("/api/videos", {"text": "A river."}, Idempotency_Key="one").status == 202


def test_one_key_sent_eight_times_at_once_makes_one_job(api: Api) -> None:
    with ThreadPoolExecutor(8) as callers:
        answers = list(
            callers.map(lambda _: api.post("/api/videos", {"text": "A river."}, Idempotency_Key="one"), range(8))
        )
    assert {answer.status for answer in answers} == {202}
    assert len({data_of(answer)["id"] for answer in answers}) == 1
    assert jobs_in(api) == 1


@pytest.mark.parametrize("key", ["", "x" * 256, "with space"])
def test_a_key_that_is_none_is_refused(api: Api, key: str) -> None:
    answer = api.post("/api/videos", {"text": "A river."}, Idempotency_Key=key)
    assert (answer.status, error_of(answer)["details"]["field"]) == (422, "Idempotency-Key")


def test_letters_that_no_caption_can_show_are_refused_before_anything_is_spoken(api: Api) -> None:
    answer = api.post("/api/videos", {"text": "The name 𐎠𐎡 means northern capital."})
    assert (answer.status, error_of(answer)["error_code"]) == (422, "INVALID_INPUT")
    assert "U+103A1" in error_of(answer)["message"]
    assert api.post("/api/videos", {"text": "The name 𐎠𐎡.", "captions": "off"}).status == 202


def test_a_look_of_the_captions_is_kept_with_the_job(api: Api) -> None:
    look = {"mode": "line", "size": "small", "colour": "#ffe600", "box": {"colour": "#101820"}}
    assert api.post("/api/videos", {"text": "A river.", "captions": look}).status == 202
    with api.farm.database.read() as session:
        kept = VideoInput.from_json(session.scalars(select(Job.input)).one())
    assert kept.captions == CaptionMode.LINE
    assert kept.caption_style == CaptionStyle(size=CaptionSize.SMALL, colour="#FFE600", box=CaptionBox("#101820", 0.75))
