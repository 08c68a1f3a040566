"""The assets that a request names: whether they are the organisation's, and can be what they are named for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.errors import InvalidInput
from app.domain.sources import SHORTEST_FOOTAGE_S, Footage, FootageSound
from app.domain.video import VideoInput
from app.models import Asset
from app.services.assets import BLANK

# A caller's own figure for the end may be rounded up.
END_TOLERANCE_S = 0.05
# Each clip reads the logo anew, and shows a few thousand pixels of it.
MOST_LOGO_PIXELS = 4_000_000
_A_FILE = {"image": "an image file", "audio": "an audio file", "video": "a video file"}


@dataclass(frozen=True)
class AssetUse:
    """A field of the request, the asset that it names, and what kinds of file (`image`, `audio`, `video`) it may be.

    `footage` is the piece that is wanted of a video, `most_pixels` the most that a picture may have; a `must_show`
    picture may not be wholly transparent.
    """

    field: str
    asset_id: str
    kinds: tuple[str, ...]
    footage: Footage | None = None
    most_pixels: int | None = None
    must_show: bool = False


@dataclass(frozen=True)
class Resolved:
    """By asset id: the SHA-256 of every asset's bytes, and the length of every video in seconds."""

    assets: dict[str, str]
    footage_s: dict[str, float]


def resolve_assets(session: Session, org_id: int, uses: Sequence[AssetUse]) -> Resolved:
    """What the named assets are; InvalidInput naming the field when one is not the org's or cannot be used so."""
    if not uses:
        return Resolved({}, {})
    rows = session.execute(
        select(Asset.id, Asset.kind, Asset.sha256, Asset.facts).where(
            Asset.org_id == org_id, Asset.id.in_({use.asset_id for use in uses})
        )
    )
    known = {asset_id: (kind, sha256, facts) for asset_id, kind, sha256, facts in rows}
    for use in uses:
        if use.asset_id not in known:
            raise InvalidInput(use.field, "There is no asset with this id. Upload it with POST /api/assets first.")
        kind, _, facts = known[use.asset_id]
        if kind not in use.kinds:
            raise InvalidInput(use.field, f"This asset is not {_A_FILE[use.kinds[0]]}.")
        if kind == "video":
            _check_use(use, facts)
        if use.most_pixels is not None and facts["width_px"] * facts["height_px"] > use.most_pixels:
            raise InvalidInput(use.field, f"A logo has at most {use.most_pixels // 1_000_000} million pixels.")
        if use.must_show and facts.get(BLANK):
            raise InvalidInput(use.field, "Nothing of this logo would be seen: it is wholly transparent.")
    return Resolved(
        {asset_id: sha256 for asset_id, (_, sha256, _) in known.items()},
        {asset_id: facts["duration_s"] for asset_id, (kind, _, facts) in known.items() if kind == "video"},
    )


def _check_use(use: AssetUse, facts: Mapping[str, Any]) -> None:
    """InvalidInput when a video has not the piece or the sound that is asked of it."""
    if "audio" in use.kinds and not facts["has_sound"]:
        raise InvalidInput(use.field, "This video has no sound.")
    if use.footage is None:
        return
    duration_s, piece = facts["duration_s"], use.footage
    if piece.end_s is not None and piece.end_s > duration_s + END_TOLERANCE_S:
        raise InvalidInput(f"{use.field}.end_s", f"The video is {duration_s:.2f} s long.")
    end_s = duration_s if piece.end_s is None else piece.end_s
    if end_s - piece.start_s < SHORTEST_FOOTAGE_S:
        raise InvalidInput(
            f"{use.field}.start_s", f"The piece ends at {end_s:.2f} s; it must last {SHORTEST_FOOTAGE_S} s at least."
        )
    if piece.sound == FootageSound.MIX and not facts["has_sound"]:
        raise InvalidInput(f"{use.field}.sound", "This video has no sound.")


def logo_use(field: str, asset_id: str) -> AssetUse:
    return AssetUse(field, asset_id, ("image",), most_pixels=MOST_LOGO_PIXELS, must_show=True)


def footage_use(field: str, footage: Footage) -> AssetUse:
    return AssetUse(field, footage.asset, ("video",), footage)


def uses_of(video: VideoInput) -> list[AssetUse]:
    """Every asset that the video names, and as what."""
    uses = [AssetUse(f"images.{index}", image, ("image", "video")) for index, image in enumerate(video.images)]
    for index, scene in enumerate(video.scenes or ()):
        if scene.image is not None:
            uses.append(AssetUse(f"scenes.{index}.image", scene.image, ("image",)))
        if scene.video is not None:
            uses.append(footage_use(f"scenes.{index}.video", scene.video))
    if video.music is not None:
        uses.append(AssetUse("music", video.music, ("audio", "video")))
    if video.template is not None and video.template.logo is not None and video.template.logo.asset is not None:
        uses.append(logo_use("template.logo.asset", video.template.logo.asset))
    return uses
