"""Accept a request for a video: job, first step, first event and idempotency record in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.errors import InvalidInput, MissingGlyphs, ProviderNotConfigured
from app.domain.fair_share import DEFAULT_PRIORITY
from app.domain.script import Script
from app.domain.video import CaptionMode, VideoInput
from app.media.lettering import advice_for, check_glyphs
from app.models import Asset, Job
from app.providers.own_text import script_from_scenes, script_from_text
from app.services.answer_once import Accepted, Asking, RequestKey, accept_once
from app.services.farm import Farm
from app.services.open_job import open_video_job


@dataclass(frozen=True)
class Submission:
    """Who asks for what. `priority` is 1 to 5, 5 the most urgent; all the job's steps have it."""

    org_id: int
    video: VideoInput
    correlation_id: str
    labels: Mapping[str, Any]
    priority: int = DEFAULT_PRIORITY
    key: RequestKey | None = None


@dataclass(frozen=True)
class AssetUse:
    """A field of the request, the asset that it names, and what kind of file that must be (`image` or `audio`)."""

    field: str
    asset_id: str
    kind: str


def submit_video(farm: Farm, submission: Submission) -> Accepted:
    """Store the job and ring for its first step. RequestError, with nothing stored, when it cannot be done.

    If the broker is away the answer is the same: the dispatcher will ring.
    """
    check_video(farm, submission.video)

    def make(session: Session, now: float) -> Job:
        assets = resolve_assets(session, submission.org_id, _uses_of(submission.video))
        return open_video_job(
            session,
            farm.pools,
            org_id=submission.org_id,
            video=replace(submission.video, assets=assets),
            labels=submission.labels,
            priority=submission.priority,
            correlation_id=submission.correlation_id,
            now=now,
        )

    return accept_once(farm, Asking(submission.org_id, submission.correlation_id, submission.key), make)


def check_video(farm: Farm, video: VideoInput) -> None:
    """Everything that can be known to be wrong before the job is accepted."""
    if sum(given is not None for given in (video.text, video.scenes, video.prompt)) != 1:
        raise InvalidInput("text", "Give exactly one of text, scenes and prompt.")
    if video.prompt is not None and not video.prompt.strip():
        raise InvalidInput("prompt", "The prompt is empty.")
    check_providers(farm, video)
    if video.text is not None:
        _check_shown(script_from_text(video.text), video, "text")
    elif video.scenes is not None:
        _check_shown(script_from_scenes(video.scenes), video, "scenes")


def _check_shown(script: Script, video: VideoInput, field: str) -> None:
    """Captions that cannot be drawn would fail the job when everything has been spoken already."""
    if video.captions == CaptionMode.OFF:
        return
    try:
        check_glyphs(video.shown(scene.text) for scene in script.scenes)
    except MissingGlyphs as error:
        missing = error.details["characters"]
        named = ", ".join(f"U+{ord(character):04X}" for character in missing[:10])
        raise InvalidInput(
            field,
            f"The captions have no letters for {named}{' and others' if len(missing) > 10 else ''}"
            f"{advice_for(missing)}. Otherwise leave these characters out, or set captions to off.",
        ) from None


def check_providers(farm: Farm, video: VideoInput) -> None:
    """InvalidInput for a language or voice that the farm cannot speak, ProviderNotConfigured for a prompt to no one."""
    farm.voice.check(video.language, video.voice)
    if video.prompt is not None and farm.writer is None:
        raise ProviderNotConfigured(
            "A prompt needs a language model and none is configured. "
            "Set OPENAI_API_KEY (and OPENAI_BASE_URL for a compatible server of your own), or send text or scenes.",
            settings=["OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL"],
        )


def resolve_assets(session: Session, org_id: int, uses: Sequence[AssetUse]) -> dict[str, str]:
    """Each named asset's SHA-256; InvalidInput naming the field when it is not the org's or not of the right kind."""
    if not uses:
        return {}
    rows = session.execute(
        select(Asset.id, Asset.kind, Asset.sha256).where(
            Asset.org_id == org_id, Asset.id.in_({use.asset_id for use in uses})
        )
    )
    known = {asset_id: (kind, sha256) for asset_id, kind, sha256 in rows}
    for use in uses:
        if use.asset_id not in known:
            raise InvalidInput(use.field, "There is no asset with this id. Upload it with POST /api/assets first.")
        if known[use.asset_id][0] != use.kind:
            raise InvalidInput(use.field, f"This asset is not an {use.kind} file.")
    return {asset_id: sha256 for asset_id, (_, sha256) in known.items()}


def _uses_of(video: VideoInput) -> list[AssetUse]:
    uses = [AssetUse(f"images.{index}", image, "image") for index, image in enumerate(video.images)]
    for index, scene in enumerate(video.scenes or ()):
        if scene.image is not None:
            uses.append(AssetUse(f"scenes.{index}.image", scene.image, "image"))
    if video.music is not None:
        uses.append(AssetUse("music", video.music, "audio"))
    return uses
