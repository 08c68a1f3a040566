"""The brand kit of an organisation: kept, refused by its fields, shown in its videos, frozen into its jobs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select
from urllib3 import BaseHTTPResponse

from app.client import BrandColours, BrandKit, Client, NotFound, VideoRequest
from app.domain.look import Brand
from app.domain.typeface import Typeface
from app.domain.video import VideoInput
from app.models import Job
from app.models.database import Database
from app.services.asking import Asking
from app.services.assets import store_asset
from app.services.cancel_job import cancel_job
from app.services.repeat_job import retry_job
from tests.api_server import Api, data_of, error_of, local_org_id, serve
from tests.farms import make_org

KIT = {"name": "Atlas", "colours": {"ground": "#10243E", "text": "#FFFFFF", "accent": "#00A3A3"}, "font": "fraunces"}


@pytest.fixture
def api(database: Database, tmp_path: Path) -> Iterator[Api]:
    with serve(database, tmp_path / "home") as api:
        yield api


def put_kit(api: Api, kit: Any) -> BaseHTTPResponse:
    body = json.dumps(kit).encode()
    return api.ask("PUT", "/api/brand-kit", body=body, headers={"Content-Type": "application/json"})


def input_of(api: Api, job_id: str) -> VideoInput:
    with api.farm.database.read() as session:
        return VideoInput.from_json(session.scalars(select(Job.input).where(Job.public_id == job_id)).one())


def accepted(api: Api, **asked: Any) -> VideoInput:
    return input_of(api, api.accept(**asked)["id"])


def test_a_kit_is_kept_changed_and_taken_away(api: Api) -> None:
    with Client(api.url, api.key) as farm:
        with pytest.raises(NotFound):
            farm.brand_kit()
        kit = BrandKit("Atlas", BrandColours(accent="#00A3A3"), "manrope")
        assert farm.set_brand_kit(kit) == kit == farm.brand_kit()
        # What is left out is no longer in it.
        assert farm.set_brand_kit(BrandKit("Borealis")) == BrandKit("Borealis") == farm.brand_kit()
        assert farm.delete_brand_kit() and not farm.delete_brand_kit()
        with pytest.raises(NotFound):
            farm.brand_kit()


@pytest.mark.parametrize(
    ("kit", "field"),
    [
        ({"colours": {"accent": "teal"}}, "colours.accent"),
        ({"colours": {"ground": "#FFFFFF", "text": "#EEEEEE"}}, "colours.text"),
        ({"font": "comic"}, "font"),
        ({"logo": "ast_none"}, "logo"),
        ({"name": "bell\x07"}, "name"),
        ({"name": "\U00010820"}, "name"),
        ({"slogan": "x"}, "slogan"),
    ],
)
def test_a_faulty_kit_is_refused_by_its_field_and_the_old_one_stays(api: Api, kit: dict[str, Any], field: str) -> None:
    with Client(api.url, api.key) as farm:
        farm.set_brand_kit(BrandKit("Atlas"))
        answer = put_kit(api, kit)
        assert (answer.status, error_of(answer)["details"]["field"]) == (422, field)
        assert farm.brand_kit().name == "Atlas"


def test_a_kit_is_used_with_a_template_and_without_one_only_when_asked(api: Api) -> None:
    put_kit(api, KIT)
    dressed = accepted(api, template="bulletin")
    assert dressed.brand == Brand("Atlas", "#10243E", "#FFFFFF", "#00A3A3", Typeface.FRAUNCES)
    assert dressed.template is not None and dressed.template.transition.colour == "#00A3A3"
    assert dressed.caption_style.font == Typeface.FRAUNCES
    plain = accepted(api)
    assert plain.template is None and plain.brand is None and plain.caption_style.highlight_colour == "#FFC828"
    asked = accepted(api, brand=True)
    assert asked.caption_style.highlight_colour == "#00A3A3" and asked.brand == dressed.brand
    unbranded = accepted(api, template="bulletin", brand=False)
    assert unbranded.brand is None and unbranded.template is not None
    assert unbranded.template.transition.colour == "#E63946"


def test_what_a_request_says_of_its_own_stands_above_the_kit(api: Api) -> None:
    put_kit(api, KIT)
    captions = {"font": "inter", "highlight_colour": "#FF8FB0", "mode": "word"}
    video = accepted(api, template="storybook", captions=captions)
    assert video.caption_style.font == Typeface.INTER and video.caption_style.highlight_colour == "#FF8FB0"
    assert video.template is not None and video.template.fonts.titles == Typeface.FRAUNCES
    assert VideoInput.from_json(video.to_json()) == video


def test_a_kit_that_is_asked_for_and_not_there_is_an_error(api: Api) -> None:
    answer = api.post("/api/videos", {"text": "A river.", "brand": True})
    assert (answer.status, error_of(answer)["details"]["field"]) == (422, "brand")


def test_a_later_kit_changes_no_accepted_job_and_none_of_its_retries(api: Api) -> None:
    put_kit(api, KIT)
    job_id = api.accept(template="bulletin")["id"]
    before = input_of(api, job_id)
    put_kit(api, {"name": "Borealis", "colours": {"accent": "#FF00FF"}})
    org_id = local_org_id(api)
    cancel_job(api.farm.database, Asking(org_id, "cancel"), job_id)
    again = retry_job(api.farm, Asking(org_id, "again"), job_id).job.id
    assert input_of(api, job_id) == before == input_of(api, again)


def test_a_logo_comes_with_the_kit_and_is_the_orgs_own(api: Api, tmp_path: Path) -> None:
    Image.new("RGBA", (80, 40), (255, 0, 0, 128)).save(tmp_path / "logo.png")
    Image.new("L", (2200, 2200)).save(tmp_path / "large.png")
    logo = store_asset(api.farm, Asking(local_org_id(api), "upload"), tmp_path / "logo.png")
    large = store_asset(api.farm, Asking(local_org_id(api), "upload"), tmp_path / "large.png")
    others = store_asset(api.farm, Asking(make_org(api.farm.database, "others"), "upload"), tmp_path / "logo.png")
    for refused in (large.id, others.id):
        assert error_of(put_kit(api, {"logo": refused}))["details"]["field"] == "logo"
    assert data_of(put_kit(api, {"logo": logo.id}))["logo"] == logo.id
    video = accepted(api, template="keynote")
    assert video.template is not None and video.template.logo is not None
    assert video.template.logo.asset == logo.id and video.assets == {logo.id: logo.sha256}


def test_a_logo_of_which_nothing_would_be_seen_is_refused_by_its_field(api: Api, tmp_path: Path) -> None:
    Image.new("RGBA", (80, 40), (255, 0, 0, 0)).save(tmp_path / "empty.png")
    with Client(api.url, api.key) as farm:
        empty = farm.upload(tmp_path / "empty.png")
    refused = put_kit(api, {"logo": empty.id})
    assert refused.status == 422 and error_of(refused)["details"]["field"] == "logo"
    answer = api.post("/api/videos", {"text": "A river.", "template": {"name": "ours", "logo": {"asset": empty.id}}})
    assert answer.status == 422 and error_of(answer)["details"]["field"] == "template.logo.asset"


def test_a_kit_belongs_to_one_organisation(api: Api) -> None:
    put_kit(api, KIT)
    stranger = api.stranger()
    assert stranger.get("/api/brand-kit").status == 404
    with Client(stranger.url, stranger.key) as farm:
        job = farm.submit_video(VideoRequest(text="A river.", template="bulletin"), idempotency_key="one")
    assert input_of(api, job.id).brand is None
