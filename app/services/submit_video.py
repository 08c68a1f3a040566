"""Accept a request for a video: job, first step, first event and idempotency record in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.audit_actions import AuditAction
from app.domain.dress import dress
from app.domain.effects import Effect, unknown_effect
from app.domain.errors import InvalidInput, MissingGlyphs, ProviderNotConfigured
from app.domain.estimate import video_seconds
from app.domain.fair_share import DEFAULT_PRIORITY
from app.domain.look import Brand
from app.domain.plan_look import written_titles
from app.domain.script import Script
from app.domain.sources import SHORTEST_FOOTAGE_S, Footage, FootageSound
from app.domain.video import CaptionMode, VideoInput
from app.models import Asset, Job
from app.providers.own_text import script_from_scenes, script_from_text
from app.services.answer_once import Accepted, accept_once
from app.services.asking import Asking
from app.services.assets import BLANK
from app.services.audit_log import note
from app.services.brand_of import brand_of
from app.services.farm import Farm
from app.services.open_job import open_video_job
from app.services.outlook import outlook_of
from app.typography.lettering import advice_for, check_glyphs

# A caller's own figure for the end may be rounded up.
END_TOLERANCE_S = 0.05
# Each clip reads the logo anew, and shows a few thousand pixels of it.
MOST_LOGO_PIXELS = 4_000_000
_A_FILE = {"image": "an image file", "audio": "an audio file", "video": "a video file"}


@dataclass(frozen=True)
class Submission:
    """What is asked for. `priority` is 1 to 5, 5 the most urgent; all the job's steps have it.

    `brand`: whether the organisation's kit is used; None: if it has one and the video has a template. `subject_id` is
    what the video is of; of one subject one job is live at a time.
    """

    video: VideoInput
    labels: Mapping[str, Any]
    priority: int = DEFAULT_PRIORITY
    brand: bool | None = None
    subject_id: str | None = None


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


def submit_video(farm: Farm, asking: Asking, submission: Submission) -> Accepted:
    """Store the job and ring for its first step. RequestError, with nothing stored, when it cannot be done;
    GenerationInProgress while another job of its subject is live.

    If the broker is away the answer is the same: the dispatcher will ring.
    """
    script = check_submission(farm, submission)

    def make(session: Session, now: float) -> Job:
        video = asked_video(session, asking.org_id, submission)
        job = open_video_job(
            session,
            farm.pools,
            asking=asking,
            video=video,
            video_s=None if script is None else video_seconds(script, video, outlook_of(session)),
            labels=submission.labels,
            priority=submission.priority,
            now=now,
            subject_id=submission.subject_id,
        )
        note(session, asking, AuditAction.VIDEO_CREATED, job.public_id, after=_told(submission))
        return job

    return accept_once(farm, asking, make)


def _told(submission: Submission) -> dict[str, Any]:
    """What the audit log says of it: of what kind and size, not what it tells."""
    video = submission.video
    source = next(name for name in ("text", "scenes", "prompt") if getattr(video, name) is not None)
    size = {"width_px": video.width_px, "height_px": video.height_px}
    return {"source": source, **size, "priority": submission.priority}


def check_submission(farm: Farm, submission: Submission) -> Script | None:
    """The script, where the caller's own words are it. RequestError for all that is wrong whoever asks."""
    return check_video(farm, dress(submission.video))


def asked_video(session: Session, org_id: int, submission: Submission) -> VideoInput:
    """What is asked for, with the brand's look and the assets that it names. RequestError when they do not fit."""
    # Frozen here: a kit that is changed later changes no job that has been accepted, nor its retries.
    asked = dress(submission.video, _brand_for(session, org_id, submission))
    found = resolve_assets(session, org_id, _uses_of(asked))
    return replace(asked, assets=found.assets, footage_s=found.footage_s or None)


def _brand_for(session: Session, org_id: int, submission: Submission) -> Brand | None:
    """The kit that this video is to show; InvalidInput when one is asked for that is not there."""
    if submission.brand is False or submission.video.template is None:
        return None
    brand = brand_of(session, org_id)
    if brand is None and submission.brand:
        raise InvalidInput("brand", "There is no brand kit. Make one with PUT /api/brand-kit first.")
    return brand


def check_video(farm: Farm, video: VideoInput) -> Script | None:
    """Everything that can be known to be wrong before the job is accepted. The script, if it is known as well."""
    if sum(given is not None for given in (video.text, video.scenes, video.prompt)) != 1:
        raise InvalidInput("text", "Give exactly one of text, scenes and prompt.")
    if video.prompt is not None and not video.prompt.strip():
        raise InvalidInput("prompt", "The prompt is empty.")
    check_providers(farm, video)
    _check_effects(farm, video)
    if video.prompt is not None:
        return None
    script = script_from_text(video.text) if video.text is not None else script_from_scenes(video.scenes or ())
    _check_shown(script, video, "scenes" if video.text is None else "text")
    return script


def _check_effects(farm: Farm, video: VideoInput) -> None:
    of_scenes = [(f"scenes.{index}.effect", scene.effect) for index, scene in enumerate(video.scenes or ())]
    for field, effect in [("effect", video.effect), *of_scenes]:
        if effect is not None:
            check_effect(farm, field, effect)


def check_effect(farm: Farm, field: str, effect: Effect) -> None:
    """InvalidInput below `field` for an effect that there is not, or settings that it does not take.

    The workers have the effects that the API's host has; where they have not, the step says so.
    """
    if effect.name not in (known := farm.effects.names()):
        raise InvalidInput(f"{field}.name", unknown_effect(known))
    takes = farm.effects.settings_of(effect.name)
    if takes is not None and (fault := takes.fault(effect.name, effect.settings)) is not None:
        below = "settings" if fault.setting is None else f"settings.{fault.setting}"
        raise InvalidInput(f"{field}.{below}", fault.message)


def _check_shown(script: Script, video: VideoInput, field: str) -> None:
    """Words that cannot be drawn would fail the job when everything has been spoken already."""
    if video.captions != CaptionMode.OFF:
        texts = [video.shown(scene.text) for scene in script.scenes]
        check_letters(texts, field, "captions", "leave these characters out, or set captions to off")
    check_letters(written_titles(script, video), "template", "titles", "leave these characters out of the titles")


def check_letters(texts: Sequence[str], field: str, what: str, otherwise: str) -> None:
    """InvalidInput on `field` when no font here can draw all of `texts`."""
    try:
        check_glyphs(texts)
    except MissingGlyphs as error:
        missing = error.details["characters"]
        named = ", ".join(f"U+{ord(character):04X}" for character in missing[:10])
        raise InvalidInput(
            field,
            f"The {what} have no letters for {named}{' and others' if len(missing) > 10 else ''}"
            f"{advice_for(missing)}. Otherwise {otherwise}.",
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


def _uses_of(video: VideoInput) -> list[AssetUse]:
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
