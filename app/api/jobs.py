"""Jobs: a page of them, one, its steps, its end, and the jobs that are made from it."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response, request

from app.api.acceptance import accepted_answer, asking, kept_answer, next_of_a_job
from app.api.act_requests import RETRY_EXAMPLES, RetryRequest
from app.api.answers import ETAG, IF_NONE_MATCH, refuse_failed_condition, success
from app.api.context import Responses, current_caller, current_farm
from app.api.facts import Facts, SentAgain
from app.api.job_query import JobQuery
from app.api.presenters import present_job, present_step
from app.api.schemas import JobAnswer, JobPage, JobPageAnswer, StepList, StepListAnswer
from app.domain.ids import canonical_hash
from app.services.cancel_job import cancel_job
from app.services.job_lists import list_jobs
from app.services.job_views import get_job
from app.services.repeat_job import restart_job, retry_job
from app.services.step_views import list_steps

jobs = APIBlueprint("jobs", __name__, tag="Jobs")

JOB_ANSWERS: Responses = {
    304: {"description": "Not changed since the ETag in If-None-Match"},
    412: "The job has no strong tag, so no `If-Match` but `*` holds",
}
RETRY_CONFLICT = "The job has not ended, or has succeeded and no step is named, or another of its subject is live"


@jobs.get("/api/jobs")
@jobs.input(JobQuery, location="query")
@jobs.output(JobPageAnswer)
@jobs.doc(operation_id="listJobs", responses={400: "The cursor is not one of your jobs"})
@Facts(leads_to=next_of_a_job("items/0/id"))
def index(query_data: JobQuery) -> Response:
    """List jobs

    Newest first. For the next page give the last job's id as `starting_after`; to look for newer ones give the
    first job's id as `ending_before`. All filters that are given must hold.
    """
    page = list_jobs(current_farm().database, current_caller().org_id, query_data.to_cut(), query_data.to_search())
    return success(JobPage(items=[present_job(job) for job in page.items], has_more=page.has_more))


@jobs.get("/api/jobs/<job_id>")
@jobs.output(JobAnswer)
@jobs.doc(operation_id="getJob", responses=JOB_ANSWERS)
@Facts(
    reads=(IF_NONE_MATCH,),
    answers={200: ETAG},
    leads_to={"getOutput": {"job_id": "id", "name": "outputs/0/name"}},
)
def show(job_id: str) -> Response:
    """Look at a job

    Send the `ETag` back as `If-None-Match` and an unchanged job costs a 304 without a body.
    """
    job = present_job(get_job(current_farm().database, current_caller().org_id, job_id))
    response = success(job)
    # Weak, because the envelope around an unchanged job carries another correlation id.
    response.set_etag(canonical_hash(job.model_dump(mode="json"))[:32], weak=True)
    response.make_conditional(request)
    refuse_failed_condition(response)
    return response


@jobs.get("/api/jobs/<job_id>/steps")
@jobs.output(StepListAnswer)
@jobs.doc(operation_id="listSteps")
def steps(job_id: str) -> Response:
    """List a job's steps

    Which were done, which took over an earlier result, which failed and why.
    """
    found = list_steps(current_farm().database, current_caller().org_id, job_id)
    return success(StepList(items=[present_step(step) for step in found]))


@jobs.post("/api/jobs/<job_id>/retry")
@jobs.input(RetryRequest, examples=RETRY_EXAMPLES)
@jobs.output(JobAnswer, 202, description="A new job, with this one as its `parent`. `Location` is where to follow it.")
@jobs.doc(operation_id="retryJob", responses={409: RETRY_CONFLICT})
@Facts(SentAgain.SAME_JOB, body_is_optional=True)
def retry(job_id: str, json_data: RetryRequest) -> Response:
    """Try a job again

    A job that has ended never changes, so this makes a new one with the same input. What the old one finished is
    taken over; what failed, or the step that you name and all that needs it, is done again.
    """
    return accepted_answer(retry_job(current_farm(), asking(json_data), job_id, json_data.from_step))


@jobs.post("/api/jobs/<job_id>/restart")
@jobs.output(JobAnswer, 202, description="A new job, with this one as its `parent`. `Location` is where to follow it.")
@jobs.doc(operation_id="restartJob", responses={409: "The job has not ended, or another of its subject is live"})
@Facts(SentAgain.SAME_JOB)
def restart(job_id: str) -> Response:
    """Do a job again from nothing

    A new job with the same input, in which nothing is taken over from before.
    """
    return accepted_answer(restart_job(current_farm(), asking(), job_id))


@jobs.post("/api/jobs/<job_id>/cancel")
@jobs.output(JobAnswer)
@jobs.doc(operation_id="cancelJob", responses={409: "The job has succeeded or failed already"})
@Facts(SentAgain.KEPT)
def cancel(job_id: str) -> Response:
    """Stop a job

    It stops for good, within seconds. Stopping it again changes nothing.
    """
    return kept_answer(None, lambda asked: present_job(cancel_job(current_farm().database, asked, job_id)))
