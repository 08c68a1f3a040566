"""`/api/brand-kit`: what an organisation's videos have in common."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response

from app.api.acceptance import kept_answer
from app.api.answers import success
from app.api.brand_schema import BrandColours, BrandKitObject
from app.api.context import current_caller, current_farm
from app.api.facts import Facts, SentAgain
from app.api.schemas import BrandKitAnswer, BrandKitDeleted, BrandKitDeletedAnswer
from app.domain.look import Brand
from app.services.brand_kit import delete_brand_kit, get_brand_kit, put_brand_kit

brand_kit = APIBlueprint("brand_kit", __name__, tag="Brand kit")

EXAMPLES = {
    "kit": {
        "summary": "Name, colours and a font",
        "value": {"name": "Atlas Films", "colours": {"ground": "#10243E", "accent": "#00A3A3"}, "font": "manrope"},
    }
}


@brand_kit.get("/api/brand-kit")
@brand_kit.output(BrandKitAnswer)
@brand_kit.doc(operation_id="getBrandKit", responses={404: "There is none"})
def show() -> Response:
    """Get the brand kit"""
    return success(present(get_brand_kit(current_farm().database, current_caller().org_id)))


@brand_kit.put("/api/brand-kit")
@brand_kit.input(BrandKitObject, examples=EXAMPLES)
@brand_kit.output(BrandKitAnswer)
@brand_kit.doc(operation_id="putBrandKit")
@Facts(SentAgain.KEPT)
def put(json_data: BrandKitObject) -> Response:
    """Set the brand kit

    The whole of it: what is left out is the template's again. Videos that have been accepted keep the kit of then.
    """
    return kept_answer(
        json_data, lambda asked: present(put_brand_kit(current_farm().database, asked, json_data.to_brand()))
    )


@brand_kit.delete("/api/brand-kit")
@brand_kit.output(BrandKitDeletedAnswer)
@brand_kit.doc(operation_id="deleteBrandKit")
@Facts(SentAgain.KEPT)
def remove() -> Response:
    """Delete the brand kit

    Videos that have been accepted keep it.
    """
    return kept_answer(None, lambda asked: BrandKitDeleted(deleted=delete_brand_kit(current_farm().database, asked)))


def present(brand: Brand) -> BrandKitObject:
    colours = BrandColours(ground=brand.ground, text=brand.text, accent=brand.accent)
    kit = {"name": brand.name, "font": None if brand.font is None else brand.font.value, "logo": brand.logo}
    return BrandKitObject.model_validate({**kit, "colours": colours})
