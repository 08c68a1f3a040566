"""Take in a caller's picture, music or video: known by its content, kept under its hash, remembered with what it is."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from app.domain.audit_actions import AuditAction
from app.domain.errors import (
    InvalidInput,
    QuotaExceeded,
    ServiceUnavailable,
    StorageFull,
    TransientError,
    UnsupportedMedia,
)
from app.domain.ids import new_id
from app.models import Asset, RemovedAsset
from app.models.database import database_now_s
from app.services.asking import Asking
from app.services.audit_log import note
from app.services.farm import Farm
from app.services.quotas import check_upload_quota
from app.storage.protocol import Blob

HEAD_BYTES = 64 * 1024
AUDIO_MEDIA_TYPES = {
    "mp3": "audio/mpeg",
    "wav": "audio/wav",
    "flac": "audio/flac",
    "ogg": "audio/ogg",
    "mov": "audio/mp4",
    "aac": "audio/aac",
    "matroska": "audio/webm",
}
IMAGE_FACTS = ("width_px", "height_px")
BLANK = "is_blank"  # A fact of pictures that are wholly transparent, and of no others.
VIDEO_MEDIA_TYPES = {"mov": "video/mp4", "matroska": "video/webm"}
# What the farm needs to know when the video is used it reads from the file.
VIDEO_FACTS = ("duration_s", "width_px", "height_px", "has_sound", "is_hdr")


@dataclass(frozen=True)
class Inspected:
    """What a file is by its content. `facts` are its size in pixels, or its duration in seconds and so on."""

    kind: str
    media_type: str
    facts: dict[str, Any]


@dataclass(frozen=True)
class AssetView:
    """`kind` is `image`, `audio` or `video`."""

    id: str
    kind: str
    media_type: str
    size_bytes: int
    sha256: str
    facts: dict[str, Any]
    created_at: float


def store_asset(farm: Farm, asking: Asking, path: Path) -> AssetView:
    """Keep the upload at `path`, whose name means nothing. UnsupportedMedia when we cannot use what is in it."""
    if path.stat().st_size == 0:
        raise InvalidInput("file", "The file is empty.")
    inspected = inspect(path)
    with farm.database.begin() as session:
        # Before its bytes are kept; and once more below, for several may come at once.
        check_upload_quota(session, farm.quotas, asking.org_id, path.stat().st_size)
    try:
        blob = farm.storage.put(path, inspected.media_type)
    except StorageFull:
        raise
    except TransientError as error:
        raise ServiceUnavailable(error.message) from error
    try:
        return _store(farm, asking, blob, inspected)
    except QuotaExceeded:
        # Another upload has filled the room meanwhile. The bytes are there, so they count until they are swept.
        with farm.database.begin() as session:
            now = database_now_s(session)
            session.add(
                RemovedAsset(
                    id=new_id("ast"),
                    org_id=asking.org_id,
                    sha256=blob.sha256,
                    size_bytes=blob.size_bytes,
                    created_at=now,
                    removed_at=now,
                )
            )
        raise


def _store(farm: Farm, asking: Asking, blob: Blob, inspected: Inspected) -> AssetView:
    """The upload's row. QuotaExceeded when there is no room for it any more."""
    with farm.database.begin() as session:
        check_upload_quota(session, farm.quotas, asking.org_id, blob.size_bytes)
        asset = Asset(
            id=new_id("ast"),
            org_id=asking.org_id,
            kind=inspected.kind,
            sha256=blob.sha256,
            size_bytes=blob.size_bytes,
            media_type=blob.media_type,
            facts=inspected.facts,
            created_at=database_now_s(session),
        )
        session.add(asset)
        facts = {"kind": asset.kind, "media_type": asset.media_type, "sha256": asset.sha256}
        note(session, asking, AuditAction.ASSET_UPLOADED, asset.id, after={**facts, "size_bytes": asset.size_bytes})
        return view_asset(asset)


def view_asset(asset: Asset) -> AssetView:
    return AssetView(
        asset.id, asset.kind, asset.media_type, asset.size_bytes, asset.sha256, asset.facts, asset.created_at
    )


def inspect(path: Path) -> Inspected:
    """What the file is. The decoders are loaded by the first upload, so that the API starts without them."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if looks_like_picture(head):
        from app.media.inspect_image import inspect_image

        image = inspect_image(path)
        facts = {name: value for name, value in _facts(image).items() if name in IMAGE_FACTS}
        if image.is_blank:
            facts[BLANK] = True
        return Inspected("image", f"image/{image.format.lower()}", facts)
    from app.media import inspect_video
    from app.media.inspect_audio import demuxer_for, inspect_audio

    if inspect_video.holds_pictures(head):
        raise UnsupportedMedia("AVIF and HEIC pictures cannot be read. PNG, JPEG, WebP and GIF are accepted.")
    if inspect_video.demuxer_for(head) is not None:
        video = inspect_video.inspect_video(path)
        # Without a moving picture it is a sound in the same kind of box.
        if video is not None:
            facts = {name: value for name, value in _facts(video).items() if name in VIDEO_FACTS}
            return Inspected("video", VIDEO_MEDIA_TYPES[video.format], facts)
    if demuxer_for(head) is None:
        raise UnsupportedMedia(
            "This is neither a picture nor a sound nor a video that we can read. "
            "PNG, JPEG, WebP, GIF, MP3, WAV, FLAC, OGG, Opus, M4A, AAC, MP4, MOV, WebM and MKV are accepted."
        )
    audio = inspect_audio(path)
    return Inspected("audio", AUDIO_MEDIA_TYPES[audio.format], _facts(audio))


def looks_like_picture(head: bytes) -> bool:
    """Whether the first bytes are those of a picture format that we read."""
    is_webp = head[:4] == b"RIFF" and head[8:12] == b"WEBP"
    return is_webp or head.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a"))


def _facts(info: Any) -> dict[str, Any]:
    return {name: value for name, value in asdict(info).items() if name != "format"}
