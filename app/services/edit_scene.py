"""Edit one scene: a new job, the parent's next revision, in which only what changed is done."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.audit_actions import AuditAction
from app.domain.descent import Relation
from app.domain.errors import Conflict, Gone, NotFound
from app.domain.estimate import video_seconds
from app.domain.revision import Given, SceneEdit, Takes, revise, scene_of, takes_of
from app.domain.script import Scene, Script
from app.domain.states import StepStatus
from app.domain.video import VideoInput
from app.models import Job, Step
from app.providers.own_text import clean_title, refuse_too_many_words, scene_words
from app.services.answer_once import Accepted, accept_once
from app.services.asking import Asking
from app.services.audit_log import note
from app.services.check_video import check_effect, check_providers
from app.services.family import lock_family, root_of
from app.services.farm import Farm
from app.services.job_views import find_job
from app.services.named_assets import AssetUse, footage_use, resolve_assets
from app.services.open_job import Origin, open_video_job
from app.services.outlook import outlook_of
from app.services.steps.script import OUTPUT as SCRIPT
from app.services.steps.script import load_script
from app.storage.protocol import Blob


def edit_scene(farm: Farm, asking: Asking, public_id: str, number: int, edit: SceneEdit) -> Accepted:
    """The new job. Its input is the parent's script, word for word but for scene `number` (from 1).

    Conflict while the parent has no script yet, Gone when storage has lost it, NotFound for a scene that it has not,
    InvalidInput (fields `text`, `title`, `image`, `video`, `background`, `effect`, `regenerate`, `body`) for an edit
    that cannot be made.
    """
    if edit.effect is not None and edit.effect.value is not None:
        check_effect(farm, "effect", edit.effect.value)
    script = _script_of(farm, asking.org_id, public_id)
    cleaned, notes = _cleaned(edit, scene_of(script, number))
    noted = replace(script, notes=(*script.notes, *(f"Scene {number}: {note}" for note in notes)))

    def make(session: Session, now: float) -> Job:
        parent = find_job(session, asking.org_id, public_id)
        lock_family(session, parent)
        before = VideoInput.from_json(parent.input)
        used = _used_takes(session, parent, script, number) if edit.regenerate else Takes()
        revised = revise(noted, number, cleaned, used)
        refuse_too_many_words(revised.scenes, "text")
        picture = None if edit.image is None else edit.image.value
        uses = [] if picture is None else [AssetUse("image", picture, ("image",))]
        if edit.video is not None and edit.video.value is not None:
            uses.append(footage_use("video", edit.video.value))
        found = resolve_assets(session, asking.org_id, uses)
        video = replace(
            before,
            text=None,
            scenes=None,
            prompt=None,
            # They have found their scenes already.
            images=(),
            background=None,
            effect=None,
            script=revised,
            # The look follows from the words unless it is fixed, and would change with them.
            seed=before.look_seed,
            assets={**(before.assets or {}), **found.assets},
            footage_s={**(before.footage_s or {}), **found.footage_s} or None,
        )
        check_providers(farm, video)
        child = open_video_job(
            session,
            farm.pools,
            asking=asking,
            video=video,
            labels=parent.labels,
            priority=parent.priority,
            now=now,
            origin=Origin(parent, Relation.REVISION),
            video_s=video_seconds(revised, video, outlook_of(session)),
        )
        after = {"revision": child.revision, "job": child.public_id, "scene": number, "changed": edit.changed}
        note(session, asking, AuditAction.SCENE_EDITED, public_id, before={"revision": parent.revision}, after=after)
        return child

    return accept_once(farm, asking, make)


def _script_of(farm: Farm, org_id: int, public_id: str) -> Script:
    """The script as the job's first step wrote it."""
    with farm.database.read() as session:
        job = find_job(session, org_id, public_id)
        outputs = session.scalar(
            select(Step.outputs).where(
                Step.job_id == job.id, Step.name == "script", Step.status == StepStatus.SUCCEEDED
            )
        )
        if outputs is None:
            raise Conflict("The job has no script yet, so it has no scenes to edit.", status=job.status)
    try:
        return load_script(farm, Blob.from_json(outputs[SCRIPT]))
    except NotFound as error:
        # The row is there, so they have been lost: the caller has not asked for the wrong thing.
        raise Gone("The script's bytes are lost. A retry or restart of the job makes them anew.") from error


def _cleaned(edit: SceneEdit, scene: Scene) -> tuple[SceneEdit, tuple[str, ...]]:
    """The edit with its text and title as they will be spoken and shown, and what was left out of the text."""
    title = edit.title
    if title is not None:
        title = Given(clean_title(title.value, "title"))
    if edit.text is None:
        return replace(edit, title=title), ()
    words = scene_words(edit.text, "text")
    if title is None and scene.title is None and words.heading is not None:
        title = Given(words.heading)
    return replace(edit, text=words.text, title=title), words.notes


def _used_takes(session: Session, parent: Job, script: Script, number: int) -> Takes:
    """What the revisions of the video show and say: asked for again, each must give something new."""
    family = (Job.root_id == root_of(parent), Job.relation == Relation.REVISION)
    inputs = session.scalars(select(Job.input).where(*family))
    scripts = (VideoInput.from_json(value).script for value in inputs)
    others = [scene_of(other, number) for other in scripts if other is not None]
    return takes_of(scene_of(script, number), others)
