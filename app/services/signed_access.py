"""Who comes with a signed address instead of a key: a caller who may fetch that one file."""

from __future__ import annotations

from sqlalchemy import select

from app.domain.access import Scope
from app.domain.signatures import Signer
from app.models import Job
from app.models.database import Database, database_now_s
from app.services.caller import Caller

# No organisation has it: an address of a job that never was is refused as one that was altered.
NOBODY = 0


def signed_caller(
    database: Database, signer: Signer, job_id: str, method: str, path: str, expires: str, signature: str
) -> Caller:
    """The caller that the address at `path`, a file of the job, was signed for; BadSignature when it was not."""
    with database.read() as session:
        org_id = session.scalar(select(Job.org_id).where(Job.public_id == job_id))
        now = database_now_s(session)
    signer.check(method, path, NOBODY if org_id is None else org_id, expires, signature, now)
    assert org_id is not None
    return Caller(org_id, frozenset({Scope.JOBS_READ}), is_operator=False)
