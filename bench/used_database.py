"""A database that has been used for long: a few jobs written by the product's own services, then multiplied."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select, text, update

from app.domain.errors import ProviderUnavailable
from app.domain.plan import StepKind, StepPlan
from app.domain.states import Pool
from app.models import Job, Step, Worker
from app.models.database import Database, database_now_s
from app.models.job import IS_LIVE
from app.services.claim_step import Claim, claim_step
from app.services.fail_step import fail_step
from app.services.finish_step import Finished, finish_step
from app.services.settle_jobs import settle_jobs
from app.storage.protocol import Blob
from bench.multiply import Model, loading, multiply
from tests.farms import make_job, make_org

SLOTS = 8
WORKER = "bench"
LEASE_TTL_S = 86_400.0

CLIP_FACTS = {"duration_s": 8.4, "frames": 252, "width_px": 1080, "height_px": 1920}
FRAME = {"width_px": 1080, "height_px": 1920, "fps": 30}
CLIP = {**FRAME, "captions": "word", "number": 1, "is_last": True}
WHOLE = {**FRAME, "count": 1, "title": "Rivers carry rain to the sea", "language": "en"}
CHAIN = (
    StepPlan("script", StepKind.SCRIPT, Pool.IO),
    StepPlan("scene/1/clip", StepKind.CLIP, Pool.CPU, CLIP, ("script",), provider="drawn"),
    StepPlan("assemble", StepKind.ASSEMBLE, Pool.IO, WHOLE, ("scene/1/clip",)),
    StepPlan("gate", StepKind.GATE, Pool.IO, WHOLE, ("assemble",)),
)


@dataclass(frozen=True)
class Size:
    """Numbers of jobs that have ended and that have not."""

    finished: int
    waiting: int


def prepare(database: Database, orgs: int) -> list[int]:
    """The orgs' ids, and a worker of SLOTS slots for both pools; nothing beats for it, so its last beat lies ahead."""
    with database.begin() as session:
        now = database_now_s(session)
        for pool in (Pool.CPU, Pool.IO):
            session.add(
                Worker(
                    name=f"{pool}@{WORKER}",
                    pool=pool,
                    host=WORKER,
                    pid=1,
                    slots=SLOTS,
                    version="",
                    started_at=now,
                    beat_at=now + 86_400,
                )
            )
    return [make_org(database, f"studio {number}") for number in range(orgs)]


def submit_chain(database: Database, org_id: int) -> int:
    """A job of four steps, one after the other."""
    return make_job(database, org_id, CHAIN)


def claim(database: Database, step_id: int) -> Claim:
    claimed = claim_step(database, step_id, WORKER, LEASE_TTL_S)
    assert claimed is not None
    return claimed


def finish(database: Database, claimed: Claim) -> None:
    """Commit what a step leaves: one output, under a hash of its own; the gate's is the customer's."""
    sha256 = hashlib.sha256(str(claimed.step_id).encode()).hexdigest()
    name = "video.mp4" if claimed.kind == StepKind.GATE else "clip.mp4"
    blob = Blob(sha256, 1_234_567, "video/mp4")
    publishes = (name,) if claimed.kind == StepKind.GATE else ()
    finish_step(database, claimed, Finished(sha256[::-1], {name: blob}, CLIP_FACTS, publishes=publishes))


def fill(database: Database, orgs: Sequence[int], size: Size) -> None:
    """Make the database as large as `size` says.

    Of the backlog a tenth waits for its vendor, a fifth has its second step ready, and the rest its first.
    """
    done, begun, held, new = _write_models(database, orgs[0])
    held_count, begun_count = size.waiting // 10, size.waiting // 5
    with loading(database) as connection:
        multiply(connection, done, size.finished - 1, orgs, "finished")
        multiply(connection, held, held_count - 1, orgs, "put off")
        multiply(connection, begun, begun_count - 1, orgs, "begun")
        multiply(connection, new, size.waiting - held_count - begun_count - 1, orgs, "queued")
    tidy(database)


def give_backlog_to(database: Database, org_id: int) -> None:
    """Make one org the owner of all that is not finished."""
    live = text(IS_LIVE)
    with database.begin() as session:
        session.execute(update(Step).where(Step.job_id.in_(select(Job.id).where(live))).values(org_id=org_id))
        session.execute(update(Job).where(live).values(org_id=org_id))
    tidy(database)


def tidy(database: Database) -> None:
    """What autovacuum would have done by now. On SQLite nobody does such a thing."""
    if database.engine.dialect.name == "postgresql":
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))


def size_gb(database: Database) -> float:
    is_postgresql = database.engine.dialect.name == "postgresql"
    on_sqlite = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
    with database.read() as session:
        query = "SELECT pg_database_size(current_database())" if is_postgresql else on_sqlite
        return float(session.scalar(text(query)) or 0) / 1e9


def _write_models(database: Database, org_id: int) -> tuple[Model, Model, Model, Model]:
    """Jobs as the services leave them: one that has succeeded, one that is begun, one put off, one queued."""
    done, held, begun, new = (_model(database, org_id) for _ in range(4))
    for step_id in range(done.first_step_id, done.first_step_id + done.steps):
        finish(database, claim(database, step_id))
    finish(database, claim(database, begun.first_step_id))
    away = ProviderUnavailable("The vendor asks to come back later.", retry_after_s=7200)
    fail_step(database, claim(database, held.first_step_id), away)
    settle_jobs(database)
    return done, begun, held, new


def _model(database: Database, org_id: int) -> Model:
    job_id = submit_chain(database, org_id)
    with database.read() as session:
        step_ids = session.scalars(select(Step.id).where(Step.job_id == job_id).order_by(Step.id)).all()
    return Model(job_id, step_ids[0], len(step_ids))
