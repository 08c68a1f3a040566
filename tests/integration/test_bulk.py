"""Many jobs in one request: not more than it may act on, and each once, whoever else asks for the same."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from sqlalchemy import Connection, event, func, select

from app.domain.ids import new_id
from app.domain.states import JobStatus
from app.domain.video import VideoInput
from app.models import Job
from app.models.database import Database, database_now_s
from app.services.asking import Asking
from app.services.bulk import MOST_JOBS, BulkReport, Done, JobFilter, bulk_cancel, bulk_retry
from app.services.farm import Farm

VIDEO = VideoInput(text="A river runs to the sea.", width_px=64, height_px=64)
EVERY_VIDEO = JobFilter(kind="video")


def store_jobs(database: Database, org_id: int, count: int, status: JobStatus) -> list[str]:
    """Jobs without steps, the oldest first; their public ids."""
    with database.begin() as session:
        now = database_now_s(session)
        jobs = [
            Job(
                public_id=new_id("vid"),
                org_id=org_id,
                kind="video",
                status=status,
                priority=3,
                input=VIDEO.to_json(),
                labels={},
                correlation_id="test",
                created_at=now,
                updated_at=now,
            )
            for _ in range(count)
        ]
        session.add_all(jobs)
        session.flush()
        return [job.public_id for job in sorted(jobs, key=lambda job: job.id)]


def ids_of(report: BulkReport) -> list[str]:
    assert report.results is not None
    return [result.id for result in report.results]


def test_one_request_retries_500_jobs_at_most_the_oldest_first(farm: Farm, org_id: int) -> None:
    jobs = store_jobs(farm.database, org_id, MOST_JOBS + 1, JobStatus.FAILED)
    asking = Asking(org_id, "again")
    assert bulk_retry(farm, asking, EVERY_VIDEO, None) == BulkReport(MOST_JOBS + 1, capped=True, results=None)
    assert ids_of(bulk_retry(farm, asking, EVERY_VIDEO, MOST_JOBS + 1)) == jobs[:MOST_JOBS]
    # The same again does the rest, and no job twice.
    assert bulk_retry(farm, asking, EVERY_VIDEO, None) == BulkReport(1, capped=False, results=None)
    assert ids_of(bulk_retry(farm, asking, EVERY_VIDEO, 1)) == jobs[MOST_JOBS:]


def test_one_request_cancels_500_jobs_at_most_the_oldest_first(database: Database, org_id: int) -> None:
    jobs = store_jobs(database, org_id, MOST_JOBS + 1, JobStatus.QUEUED)
    report = bulk_cancel(database, Asking(org_id, "stop"), EVERY_VIDEO, MOST_JOBS + 1)
    assert (report.capped, ids_of(report)) == (True, jobs[:MOST_JOBS])
    with database.read() as session:
        assert session.scalars(select(Job.public_id).where(Job.status == JobStatus.QUEUED)).all() == jobs[MOST_JOBS:]


@contextmanager
def writing_starts_together(database: Database, threads: int) -> Iterator[None]:
    """Nobody begins to write before all threads want to: whatever each has read until then, it has read alone."""
    together, has_met = threading.Barrier(threads, timeout=30), threading.local()

    def meet(connection: Connection) -> None:
        if not connection.get_execution_options().get("only_reads") and not hasattr(has_met, "once"):
            has_met.once = True
            together.wait()

    event.listen(database.engine, "engine_connect", meet)
    yield
    event.remove(database.engine, "engine_connect", meet)


def test_two_bulk_retries_of_the_same_jobs_at_once_retry_each_of_them_once(farm: Farm, org_id: int) -> None:
    jobs = store_jobs(farm.database, org_id, 10, JobStatus.FAILED)
    with writing_starts_together(farm.database, 2), ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(bulk_retry, farm, Asking(org_id, "again"), EVERY_VIDEO, 10) for _ in range(2)]
        reports = [it.result() for it in asked]
    assert [ids_of(report) for report in reports] == [jobs, jobs]
    results = [result for report in reports for result in report.results or ()]
    done = Counter((result.id, result.done) for result in results)
    assert done == {(job, how): 1 for job in jobs for how in (Done.RETRIED, Done.SKIPPED)}
    skipped = {result.message for result in results if result.done == Done.SKIPPED}
    assert skipped == {"It has been retried meanwhile."}
    with farm.database.read() as session:
        assert session.scalar(select(func.count()).where(Job.parent_id.is_not(None))) == 10
