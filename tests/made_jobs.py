"""Jobs made to their end in this process, and what they left behind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from app.domain.states import JobStatus
from app.domain.video import VideoInput
from app.services.farm import Farm
from app.services.job_views import JobView, get_job
from app.services.step_views import list_steps
from tests.farms import submit, work_off


def finished(farm: Farm, org_id: int, job_id: str) -> JobView:
    """The job, once all its steps have been done and it has succeeded."""
    work_off(farm)
    job = get_job(farm.database, org_id, job_id)
    assert job.status == JobStatus.SUCCEEDED, job.error
    return job


def made(farm: Farm, org_id: int, video: VideoInput) -> JobView:
    return finished(farm, org_id, submit(farm, org_id, video))


def anew(farm: Farm, org_id: int, job: JobView) -> set[str]:
    """The steps that were not adopted, but for the script, which a revision always has anew."""
    return {step.name for step in list_steps(farm.database, org_id, job.id) if not step.adopted} - {"script"}


def output(farm: Farm, job: JobView, name: str) -> Path:
    return farm.storage.path(next(output.sha256 for output in job.outputs if output.name == name))


def manifest_of(farm: Farm, job: JobView) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads(output(farm, job, "manifest.json").read_text())
    return manifest
