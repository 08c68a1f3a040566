"""Jobs with the same words give the same results, and finish them at the same moment."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from sqlalchemy import func, select

from app.domain.plan import StepPlan
from app.domain.states import Pool, StepStatus
from app.models import Step, StepResult
from app.models.database import Database
from app.services.claim_step import Claim
from app.services.finish_step import Finished, finish_step
from app.storage.protocol import Blob
from tests.farms import claim, make_job, make_org

AT_ONCE = 8


def test_steps_with_the_same_input_may_all_finish_at_once(database: Database) -> None:
    org_id = make_org(database)
    for _ in range(AT_ONCE):
        make_job(database, org_id, [StepPlan("a", "video.clip", Pool.CPU)])
    with database.read() as session:
        step_ids = session.scalars(select(Step.id)).all()
    claims = [claim(database, step_id) for step_id in step_ids]
    start = Barrier(AT_ONCE)

    def finish(claimed: Claim) -> None:
        start.wait()
        finish_step(database, claimed, Finished("one-hash-for-all", {"out": Blob("a" * 64, 1, "text/plain")}))

    with ThreadPoolExecutor(AT_ONCE) as threads:
        list(threads.map(finish, claims))
    with database.read() as session:
        assert set(session.scalars(select(Step.status))) == {StepStatus.SUCCEEDED}
        assert session.scalar(select(func.count()).select_from(StepResult)) == 1
