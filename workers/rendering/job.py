"""One job from the caller's files to the saved video, through the client alone."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.client import (
    AnswerError,
    BadRequest,
    Client,
    ClientError,
    FarmUnreachable,
    FileUnreadable,
    Job,
    NotAFarm,
    NotAllowed,
    NotAuthorized,
    VideoRequest,
)
from app.client.patience import may_pass
from app.domain.states import JobStatus
from workers.rendering.display import Display
from workers.rendering.failures import Exit, RenderFailed, wrong_input
from workers.rendering.farm_use import FarmInUse
from workers.rendering.inputs import Inputs, shown_name
from workers.rendering.options import Options
from workers.rendering.outputs import EarlyOutput, save_outputs
from workers.rendering.results import Facts, Rendered, read_facts
from workers.rendering.standstill import Watchman
from workers.rendering.variant_options import PREVIEW

CANCEL_WITHIN_S = 5.0
# A farm that is killed again and again has a reason that starting it once more does not mend.
FARMS_AT_MOST = 4
IS_NONE = {
    "image": "This is not a picture or video that can be read. PNG, JPEG, WebP, GIF, MP4, MOV, WebM and MKV are taken.",
    "audio": "This is not a sound that can be read. MP3, WAV, FLAC, OGG, Opus, M4A and AAC are taken.",
}
OTHER_WORD = {"image": "sound", "audio": "picture"}
# The fields of a request that are options with a value short enough to be shown.
SHOWN_FIELDS = ("language", "voice", "size", "title")


@dataclass(frozen=True)
class Posting:
    """A request on its way, with the key under which it is the same request however often it is sent."""

    request: VideoRequest
    key: str


def run_job(farm: FarmInUse, options: Options, inputs: Inputs, display: Display, begun_s: float) -> Rendered:
    """Upload, post, follow, save. A KeyboardInterrupt cancels the job on the farm before it goes on its way."""
    posting: Posting | None = None
    try:
        with explained(), Client(farm.url, farm.api_key) as client:
            posting = Posting(upload_all(client, options, inputs, display), uuid.uuid4().hex)
            with about_options(options):
                job_id = client.submit_video(posting.request, idempotency_key=posting.key).id
        with explained(job_id):
            job, facts = bring_home(farm, job_id, inputs, display)
    except KeyboardInterrupt:
        display.close()
        if posting is not None:
            display.say("Canceling…")
            cancel(farm, posting)
        raise
    video = job.output("video.mp4")
    size_bytes = 0 if video is None else video.size_bytes
    return Rendered(job_id, inputs.outputs, size_bytes, facts, time.monotonic() - begun_s)


def bring_home(farm: FarmInUse, job_id: str, inputs: Inputs, display: Display) -> tuple[Job, Facts]:
    """Watch the job to its end and save what it made.

    A farm of our own that was killed on the way comes again under another address; the job goes on there.
    """
    tries_left, preview = FARMS_AT_MOST, EarlyOutput(PREVIEW, inputs.outputs.get(PREVIEW))
    while True:
        try:
            with Client(farm.url, farm.api_key, patience_s=farm.patience_s) as client:
                with Watchman(farm.url, farm.api_key, display) as watchman:
                    job = watch(client, job_id, display, watchman, preview)
                save_outputs(client, job, preview.left_of(inputs.outputs))
                return job, read_facts(client, job)
        except FarmUnreachable:
            tries_left -= 1
            if not tries_left or not farm.find_again():
                raise


def upload_all(client: Client, options: Options, inputs: Inputs, display: Display) -> VideoRequest:
    """Send the pictures and the music, each file once, and make the request that names them."""
    for note in inputs.notes:
        display.say(note)
    files = [*inputs.images, *([options.music] if options.music else [])]
    if files:
        display.say(f"Uploading {len(files)} file{'s' if len(files) > 1 else ''}…")
    images = tuple(upload(client, path, "image") for path in inputs.images)
    return VideoRequest(
        text=inputs.text,
        prompt=options.prompt,
        title=options.title,
        size=options.size,
        fps=options.fps,
        language=options.language,
        voice=options.voice,
        captions=options.captions.to_request(over_template=options.has_template),
        template=options.template,
        brand=options.brand,
        images=images or None,
        background=options.background,
        effect=options.effect,
        music=upload(client, options.music, "audio") if options.music else None,
        seed=options.seed,
        variants=options.variants.to_request(),
        priority=options.priority,
    )


def upload(client: Client, path: Path, kind: str) -> str:
    """The asset's id. RenderFailed, naming the file, when the farm does not take it or it is of another kind."""
    try:
        asset = client.upload(path)
    except (NotAuthorized, NotAllowed):
        raise
    except BadRequest as error:
        # The farm cannot know what a file was meant to be, and speaks of pictures and sounds together.
        is_none = error.code == "UNSUPPORTED_MEDIA" and OTHER_WORD[kind] in error.message
        raise wrong_input(f"{path}: {IS_NONE[kind] if is_none else error.message}", error.code) from None
    # A video is taken for either: it is shown in its scene, or heard as music.
    if asset.kind not in (kind, "video"):
        raise wrong_input(f"{path} is no {kind} file, it is {asset.media_type}.", "UNSUPPORTED_MEDIA")
    return asset.id


def watch(client: Client, job_id: str, display: Display, watchman: Watchman, preview: EarlyOutput) -> Job:
    """Show the job until it has succeeded, and save its preview on the way; RenderFailed when it ends otherwise."""
    for job in client.follow(job_id):
        display.show(job)
        watchman.heard(job)
        if preview.save(client, job):
            display.say(f"The preview is there: {preview.path}")
    display.close()
    if job.status == JobStatus.SUCCEEDED:
        return job
    if job.error is None:
        raise RenderFailed(Exit.FAILED, "CANCELED", "Someone else canceled the job.", retryable=True, job_id=job.id)
    failed = [event for event in client.events(job.id) if event.type == "step.failed"]
    stage = failed[-1].data.get("step") if failed else None
    error = job.error
    raise RenderFailed(Exit.FAILED, error.code, error.message, stage=stage, retryable=error.retryable, job_id=job.id)


def cancel(farm: FarmInUse, posting: Posting) -> None:
    """Cancel the job of this posting. Posted again it is the same job, so it is found even when it was interrupted."""
    with Client(farm.url, farm.api_key, patience_s=CANCEL_WITHIN_S) as client:
        try:
            client.cancel(client.submit_video(posting.request, idempotency_key=posting.key).id)
        except ClientError:
            # It has ended, or the farm is away: either way there is nothing more that we could do.
            pass


@contextmanager
def explained(job_id: str | None = None) -> Iterator[None]:
    """The client's errors as what they mean to the caller of the command."""
    try:
        yield
    except ClientError as error:
        raise _explain(error, job_id) from error


@contextmanager
def about_options(options: Options) -> Iterator[None]:
    """The farm names a field and never repeats its value; here the option is named, with what its caller wrote."""
    try:
        yield
    except (NotAuthorized, NotAllowed):
        raise
    except BadRequest as error:
        field = error.details.get("field")
        bare = error.message.removeprefix(f"{field}: ")
        if field == "text" and options.text_file is not None:
            raise wrong_input(f"{shown_name(options.text_file)}: {bare}", error.code) from None
        if field in SHOWN_FIELDS:
            raise wrong_input(f"--{field} {getattr(options, field)}: {bare}", error.code) from None
        raise


def _explain(error: ClientError, job_id: str | None) -> RenderFailed:
    code = getattr(error, "code", "NO_ANSWER")
    match error:
        case NotAuthorized():
            message = f"The farm does not take the key. {error.message}"
            return RenderFailed(Exit.NO_FARM, code, message, job_id=job_id)
        case NotAllowed():
            return RenderFailed(Exit.NO_FARM, code, f"The key may not do this. {error.message}", job_id=job_id)
        case FarmUnreachable():
            goes_on = f" The job {job_id} goes on when the farm is back." if job_id else ""
            return RenderFailed(Exit.NO_FARM, code, error.message + goes_on, retryable=True, job_id=job_id)
        case NotAFarm():
            return RenderFailed(Exit.NO_FARM, "NOT_A_FARM", error.message, job_id=job_id)
        case FileUnreadable():
            return wrong_input(error.message)
        case BadRequest() if job_id is None:
            return wrong_input(error.message, code)
    exit_code = Exit.NO_FARM if may_pass(error) else Exit.FAILED
    # What went wrong on the farm's side stands in its logs, under this id.
    trace = f" (correlation id {error.correlation_id})" if isinstance(error, AnswerError) else ""
    return RenderFailed(exit_code, code, error.message + trace, retryable=exit_code == Exit.NO_FARM, job_id=job_id)
