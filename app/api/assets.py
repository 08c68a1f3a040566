"""Uploads again: a page of them, one, and taken away. Their bytes are never given out."""

from __future__ import annotations

from typing import Literal

from apiflask import APIBlueprint
from flask import Response
from pydantic import BaseModel, Field

from app.api.acceptance import asking
from app.api.answers import success
from app.api.context import current_caller, current_farm
from app.api.presenters import present_asset
from app.api.schemas import Asset, AssetAnswer, Envelope
from app.domain.errors import InvalidInput, RequestError
from app.services.asset_list import delete_asset, get_asset, list_assets

assets = APIBlueprint("assets", __name__, tag="Assets")


class AssetQuery(BaseModel):
    """Query parameters arrive as text, so numbers are read from it; an unknown one is an error all the same."""

    model_config = {"extra": "forbid"}

    limit: int = Field(20, ge=1, le=100, description="How many assets at most.")
    starting_after: str | None = Field(None, max_length=64, description="An asset's id: the page of older ones.")
    ending_before: str | None = Field(None, max_length=64, description="An asset's id: the page of newer ones.")
    kind: Literal["image", "audio", "video"] | None = Field(None, description="Only assets of this kind.")


class AssetPage(BaseModel):
    items: list[Asset] = Field(description="Newest first.")
    has_more: bool = Field(description="Whether there are more in the direction that was asked for.")


class AssetPageAnswer(Envelope):
    data: AssetPage


class AssetDeleted(BaseModel):
    id: str = Field(examples=["ast_0m3v9k2q8x7y1z4w"])
    deleted: Literal[True] = True


class AssetDeletedAnswer(Envelope):
    data: AssetDeleted


@assets.get("/api/assets")
@assets.input(AssetQuery, location="query")
@assets.output(AssetPageAnswer)
@assets.doc(operation_id="listAssets", responses={400: "The cursor is not one of your assets"})
def index(query_data: AssetQuery) -> Response:
    """List assets

    Newest first, page by page as jobs are.
    """
    if query_data.starting_after is not None and query_data.ending_before is not None:
        raise InvalidInput("ending_before", "Give starting_after or ending_before, not both.")
    try:
        page = list_assets(current_farm().database, current_caller().org_id, **query_data.model_dump())
    except InvalidInput as error:
        # A cursor is well formed or not ours: another org's must look the same as one that never was.
        raise RequestError(error.message, field=error.field) from error
    return success(AssetPage(items=[present_asset(asset) for asset in page.assets], has_more=page.has_more))


@assets.get("/api/assets/<asset_id>")
@assets.output(AssetAnswer)
@assets.doc(operation_id="getAsset")
def show(asset_id: str) -> Response:
    """Look at an asset

    What it is; its bytes are not given out again.
    """
    return success(present_asset(get_asset(current_farm().database, current_caller().org_id, asset_id)))


@assets.delete("/api/assets/<asset_id>")
@assets.output(AssetDeletedAnswer)
@assets.doc(operation_id="deleteAsset", responses={409: "It is the logo of your brand kit"})
def remove(asset_id: str) -> Response:
    """Delete an asset

    Nothing new can be made of it. Videos that have been accepted keep what they need of it, also when they are retried,
    restarted or edited.
    """
    delete_asset(current_farm().database, asking(), asset_id)
    return success(AssetDeleted(id=asset_id))
