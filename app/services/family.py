"""The family of a video: the job that it began with, and all that were made from that one by retry, restart or edit."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import Job


def root_of(job: Job) -> int:
    return job.root_id or job.id


def lock_family(session: Session, job: Job) -> None:
    """Edits of one video take turns: two at once would both see the last number, and the last picture, as theirs."""
    # Against other edits only: whoever merely names this job as the root of a new one need not wait.
    session.execute(select(Job.id).where(Job.id == root_of(job)).with_for_update(key_share=True))


def next_revision(session: Session, job: Job) -> int:
    """One more than any job of the family has. The family is locked."""
    return (session.scalar(select(func.max(Job.revision)).where(Job.root_id == root_of(job))) or 1) + 1
