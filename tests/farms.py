"""Small farms for tests: a real database and real storage, and a bell that only remembers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from app.domain.ids import new_id
from app.domain.plan import StepPlan
from app.domain.states import JobStatus
from app.models import Job, Org
from app.models.database import Database, database_now_s
from app.services.claim_step import Claim, claim_step
from app.services.farm import Doorbell
from app.services.finish_step import Finished, finish_step
from app.services.graph import grow
from app.services.job_log import record
from app.storage.protocol import Blob

LEASE_TTL_S = 10.0


@dataclass
class ListBell:
    """A bell that writes down whom it rang for; nobody answers unless the test does."""

    rung: list[Doorbell] = field(default_factory=list)

    def ring(self, doorbell: Doorbell) -> None:
        self.rung.append(doorbell)

    def check(self) -> None:
        pass


def make_org(database: Database, name: str = "studio") -> int:
    with database.begin() as session:
        org = Org(name=name, created_at=database_now_s(session))
        session.add(org)
        session.flush()
        return org.id


def make_job(database: Database, org_id: int, plans: Sequence[StepPlan], *, priority: int = 3) -> int:
    """A queued job with the given steps; its row's id."""
    with database.begin() as session:
        now = database_now_s(session)
        job = Job(
            public_id=new_id("vid"),
            org_id=org_id,
            kind="video",
            status=JobStatus.QUEUED,
            priority=priority,
            input={},
            labels={},
            correlation_id=new_id("req"),
            open_steps=0,
            work_total=0,
            work_done=0,
            last_seq=0,
            created_at=now,
            updated_at=now,
        )
        session.add(job)
        session.flush()
        grow(session, job, plans, now)
        record(session, job, "video.queued", now)
        return job.id


def claim(database: Database, step_id: int, worker: str = "worker-1", ttl_s: float = LEASE_TTL_S) -> Claim:
    """Claim a step that must be claimable."""
    claimed = claim_step(database, step_id, worker, ttl_s)
    assert claimed is not None
    return claimed


def finish(database: Database, claimed: Claim, *, blob: str = "a" * 64, **more: object) -> None:
    """Commit a small result for a claim."""
    finish_step(database, claimed, Finished(f"hash-of-{claimed.name}", {"out": Blob(blob, 1, "text/plain")}, **more))


