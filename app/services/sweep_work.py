"""Remove the work folders that killed workers left behind on this host."""

from __future__ import annotations

import shutil
from pathlib import Path

import structlog
from sqlalchemy import select

from app.domain.states import StepStatus
from app.models import Step
from app.models.database import Database

log = structlog.get_logger()


def work_folder(work_dir: Path, step_id: int, token: int) -> Path:
    """The folder of one claim: no two claims ever share one."""
    return work_dir / f"{step_id}-{token}"


def sweep_work(database: Database, work_dir: Path) -> int:
    """Remove every folder whose claim does not run any more; how many there were."""
    if not work_dir.is_dir():
        return 0
    removed = 0
    for folder in work_dir.iterdir():
        step_id, _, token = folder.name.partition("-")
        if not (step_id.isdecimal() and token.isdecimal()):
            continue
        with database.read() as session:
            runs = session.scalar(
                select(Step.id).where(
                    Step.id == int(step_id), Step.token == int(token), Step.status == StepStatus.RUNNING
                )
            )
        if runs is None:
            shutil.rmtree(folder, ignore_errors=True)
            removed += 1
    if removed:
        log.info("work_folders_swept", folders=removed)
    return removed
