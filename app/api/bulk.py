"""Many jobs at once: cancel or retry what a filter finds, and the one lever that stops everything."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response

from app.api.acceptance import kept_answer
from app.api.act_requests import (
    BULK_EXAMPLES,
    STOP_EXAMPLES,
    BulkRequest,
    ForceStopRequest,
)
from app.api.context import current_farm
from app.api.facts import Facts, SentAgain
from app.api.schemas import Bulk, BulkAnswer, BulkResult, Stopped, StoppedAnswer
from app.services.bulk import BulkReport, bulk_cancel, bulk_retry, force_stop_all

bulk = APIBlueprint("bulk", __name__, tag="Jobs")

CHANGED = "The filter does not find `confirm` jobs any more; `details.count` says how many it finds"


@bulk.post("/api/jobs/bulk/cancel")
@bulk.input(BulkRequest, examples=BULK_EXAMPLES)
@bulk.output(BulkAnswer)
@bulk.doc(operation_id="cancelJobs", responses={409: CHANGED})
@Facts(SentAgain.KEPT)
def cancel(json_data: BulkRequest) -> Response:
    """Stop many jobs

    Without `confirm` it only counts the live jobs that the filter finds. With `confirm`, that count, it stops them:
    500 at most, the oldest first.
    """
    database, wanted = current_farm().database, json_data.filter.to_filter()
    return kept_answer(json_data, lambda asked: _present(bulk_cancel(database, asked, wanted, json_data.confirm)))


@bulk.post("/api/jobs/bulk/retry")
@bulk.input(BulkRequest, examples=BULK_EXAMPLES)
@bulk.output(BulkAnswer)
@bulk.doc(operation_id="retryJobs", responses={409: CHANGED})
@Facts(SentAgain.KEPT)
def retry(json_data: BulkRequest) -> Response:
    """Try many jobs again

    Without `confirm` it only counts the jobs that the filter finds: failed ones, or canceled ones if `status` names
    them, that have not been retried or restarted yet. With `confirm`, that count, it makes a new job for each of
    them: 500 at most, the oldest first.
    """
    farm, wanted = current_farm(), json_data.filter.to_filter()
    return kept_answer(json_data, lambda asked: _present(bulk_retry(farm, asked, wanted, json_data.confirm)))


@bulk.post("/api/admin/jobs/force-stop-all")
@bulk.input(ForceStopRequest, examples=STOP_EXAMPLES)
@bulk.output(StoppedAnswer)
@bulk.doc(operation_id="forceStopAllJobs")
@Facts(SentAgain.KEPT)
def force_stop(json_data: ForceStopRequest) -> Response:
    """Stop every job

    Cancels every live job of the key's organisation, at once and for good. `reason` stands in each job's last event.
    It takes the scope `admin`.
    """
    database = current_farm().database
    return kept_answer(json_data, lambda asked: Stopped(stopped=force_stop_all(database, asked, json_data.reason)))


def _present(report: BulkReport) -> Bulk:
    results = None
    if report.results is not None:
        results = [
            BulkResult(id=result.id, done=result.done, new_id=result.new_id, message=result.message)
            for result in report.results
        ]
    return Bulk(count=report.count, capped=report.capped, results=results)
