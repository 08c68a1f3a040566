"""Of one subject (a product, a post) one job is live at a time: asked again, the caller learns which."""

from __future__ import annotations

from sqlalchemy import bindparam, select, text
from sqlalchemy.orm import Session

from app.domain.errors import GenerationInProgress
from app.models import Job
from app.models.job import IS_LIVE_SUBJECT

# In the words of the unique index, which then finds it.
FIND_LIVE = select(Job.public_id).where(
    Job.org_id == bindparam("org"), Job.subject_id == bindparam("subject"), text(IS_LIVE_SUBJECT)
)


def refuse_live_subject(session: Session, org_id: int, subject_id: str) -> None:
    """Raise GenerationInProgress, with the live job's id in `details.job_id`, if there is one.

    That none was seen is no promise: two who ask at once see none. The index decides between them.
    """
    live = session.connection().execute(FIND_LIVE, {"org": org_id, "subject": subject_id}).scalar_one_or_none()
    if live is not None:
        raise GenerationInProgress("A video of this subject is being made. Follow that job, or cancel it.", job_id=live)
