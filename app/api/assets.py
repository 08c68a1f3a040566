"""Uploads again: a page of them, one, and taken away. Their bytes are never given out."""

from __future__ import annotations

from typing import Literal

from apiflask import APIBlueprint
from flask import Response
from pydantic import BaseModel, Field

from app.api.acceptance import kept_answer
from app.api.answers import success
from app.api.context import current_caller, current_farm
from app.api.cursors import PageQuery
from app.api.facts import Facts, SentAgain
from app.api.presenters import present_asset
from app.api.schemas import Asset, AssetAnswer, Envelope
from app.services.asking import Asking
from app.services.asset_list import delete_asset, get_asset, list_assets

assets = APIBlueprint("assets", __name__, tag="Assets")


class AssetQuery(PageQuery):
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
@Facts(leads_to={"getAsset": {"asset_id": "items/0/id"}})
def index(query_data: AssetQuery) -> Response:
    """List assets

    Newest first, page by page as jobs are.
    """
    page = list_assets(current_farm().database, current_caller().org_id, query_data.to_cut(), query_data.kind)
    return success(AssetPage(items=[present_asset(asset) for asset in page.items], has_more=page.has_more))


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
@Facts(SentAgain.KEPT)
def remove(asset_id: str) -> Response:
    """Delete an asset

    Nothing new can be made of it. Videos that have been accepted keep what they need of it, also when they are retried,
    restarted or edited.
    """

    def delete(asked: Asking) -> AssetDeleted:
        delete_asset(current_farm().database, asked, asset_id)
        return AssetDeleted(id=asset_id)

    return kept_answer(None, delete)
