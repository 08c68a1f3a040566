"""The services' views as the schemas that callers see."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from app.api import schemas
from app.api.context import current_signer
from app.domain.descent import Relation
from app.domain.signatures import Signer
from app.services.assets import BLANK, AssetView
from app.services.job_facts import OutputView
from app.services.job_views import JobView, ParentView, WaitView
from app.services.step_views import StepView
from config.redaction import redact


def present_job(job: JobView, signer: Signer | None = None) -> schemas.Job:
    """`signer` only where no request is in hand any more, as in a stream."""
    sign = partial((signer or current_signer()).signed, org_id=job.org_id, now_s=job.seen_at)
    error = None
    if job.error is not None:
        # A vendor's answer may have quoted our key.
        error = schemas.JobError(code=job.error.code, message=redact(job.error.message), retryable=job.error.retryable)
    return schemas.Job(
        id=job.id,
        kind=job.kind,
        status=job.status,
        priority=job.priority,
        stage=job.stage,
        stages=[schemas.Stage(name=stage.name, done=stage.done, total=stage.total) for stage in job.stages],
        steps_summary=schemas.StepsSummary(
            adopted=job.steps_summary.adopted, done=job.steps_summary.done, total=job.steps_summary.total
        ),
        progress=job.progress,
        queue_position=job.queue_position,
        eta_seconds=job.eta_seconds,
        cost_microcents=job.cost_microcents,
        title=job.title,
        subject_id=job.subject_id,
        metadata=job.labels,
        parent=_present_parent(job.parent),
        revision=job.revision,
        correlation_id=job.correlation_id,
        created_at=job.created_at,  # type: ignore[arg-type]  # Time reads epoch seconds.
        started_at=job.started_at,  # type: ignore[arg-type]
        finished_at=job.finished_at,  # type: ignore[arg-type]
        waiting=None if job.waiting is None else _present_wait(job.waiting),
        error=error,
        outputs=[_present_output(job.id, output, sign) for output in job.outputs],
    )


def _present_parent(parent: ParentView | None) -> schemas.Parent | None:
    return None if parent is None else schemas.Parent(id=parent.id, relation=Relation(parent.relation))


def present_step(step: StepView) -> schemas.Step:
    error = None
    if step.error is not None:
        error = schemas.StepError(code=step.error.code, message=redact(step.error.message))
    return schemas.Step(
        name=step.name,
        kind=step.kind,
        status=step.status,
        adopted=step.adopted,
        fresh=step.fresh,
        attempts=step.attempts,
        started_at=step.started_at,  # type: ignore[arg-type]
        finished_at=step.finished_at,  # type: ignore[arg-type]
        error=error,
    )


def _present_wait(wait: WaitView) -> schemas.JobWait:
    return schemas.JobWait(
        reason=wait.reason,
        message=wait.message,
        resume_at=wait.resume_at,  # type: ignore[arg-type]
    )


def _present_output(job_id: str, output: OutputView, sign: Callable[[str], str]) -> schemas.Output:
    path = f"/api/jobs/{job_id}/artifacts/{output.name}"
    return schemas.Output(
        name=output.name,
        media_type=output.media_type,
        size_bytes=output.size_bytes,
        sha256=output.sha256,
        url=path,
        signed_url=sign(path),
    )


def present_asset(asset: AssetView) -> schemas.Asset:
    return schemas.Asset(
        id=asset.id,
        kind=asset.kind,  # type: ignore[arg-type]  # The service stores these two kinds alone.
        media_type=asset.media_type,
        size_bytes=asset.size_bytes,
        sha256=asset.sha256,
        created_at=asset.created_at,  # type: ignore[arg-type]
        **{name: fact for name, fact in asset.facts.items() if name != BLANK},
    )
