"""The client: one method for each thing that a farm does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self, TypeVar
from urllib.parse import quote

from app.client.access import AccessMethods
from app.client.acts import Bulk, JobFilter, JobStep, edit_to_json
from app.client.assets import AssetMethods
from app.client.audit import AuditLogMethods
from app.client.downloads import Report, download, fetch
from app.client.follow import follow, history, job_path
from app.client.follow_org import OrgEvent, follow_org
from app.client.limits import LimitCalls
from app.client.listing import Listing
from app.client.looks import BrandKit, TemplateInfo
from app.client.operations import Canary, FarmStatus, Pool, StuckStep, Worker
from app.client.transport import Transport, once
from app.client.uploads import form_of
from app.client.values import Asset, Job, JobEvent, Output, Readiness, Voices, understand
from app.client.video_request import VideoRequest, without_none
from app.client.webhooks import WebhookMethods
from app.domain.revision import SceneEdit

PATIENCE_S = 60.0

T = TypeVar("T")


class Client(AccessMethods, AuditLogMethods, LimitCalls, Listing, AssetMethods, WebhookMethods):
    """Talks to the farm at `url` (`http://host:port`) with an API key.

    A farm that does not answer is asked again for `patience_s` seconds. All methods raise the
    ClientErrors. One client serves one thread at a time; close it, or use it as a context manager.
    """

    def __init__(self, url: str, api_key: str | None, *, patience_s: float = PATIENCE_S) -> None:
        self._transport = Transport(url, api_key, patience_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, type_: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._transport.close()

    def upload(self, path: Path) -> Asset:
        """Give the farm a picture or a sound, to be named in requests. FileUnreadable when it cannot be read."""
        form = form_of(path)
        headers = {**form.headers, **once()}
        return understand(Asset.from_json, self._transport.call("POST", "/api/assets", form.chunks, headers))

    def voices(self) -> Voices:
        """The languages and voices that the farm speaks."""
        return understand(Voices.from_json, self._transport.get("/api/voices"))

    def templates(self) -> tuple[TemplateInfo, ...]:
        """The looks that ship with the farm."""
        return self._items(TemplateInfo.from_json, "/api/templates")

    def template(self, name: str) -> dict[str, Any]:
        """The whole of one as JSON, to change and send as a `VideoRequest.template`. NotFound for another name."""
        return understand(dict, self._transport.get(f"/api/templates/{quote(name, safe='')}"))

    def brand_kit(self) -> BrandKit:
        """The organisation's. NotFound when it has none."""
        return understand(BrandKit.from_json, self._transport.get("/api/brand-kit"))

    def set_brand_kit(self, kit: BrandKit) -> BrandKit:
        """In the place of the one before; videos that have been accepted keep theirs."""
        return understand(BrandKit.from_json, self._transport.send_json("PUT", "/api/brand-kit", without_none(kit)))

    def delete_brand_kit(self) -> bool:
        """Whether there was one."""
        return understand(lambda value: bool(value["deleted"]), self._transport.call("DELETE", "/api/brand-kit"))

    def readiness(self) -> Readiness:
        """Whether the farm can work, and what keeps it from it. Asked once: an answer that does not come is one too."""
        return understand(Readiness.from_json, self._transport.get_health("/health/readyz"))

    def has_live_workers(self) -> bool:
        """Whether anybody is there to do the work. NotAllowed with a key that may not see the farm's workers."""
        workers = self._transport.get("/api/admin/workers")
        return understand(lambda listed: any(worker["is_alive"] for worker in listed["items"]), workers)

    def submit_video(self, request: VideoRequest, *, idempotency_key: str) -> Job:
        """Ask for a video. The same key with the same request gives the same job, so it may be sent again."""
        return self._new_job("POST", "/api/videos", request.to_json(), idempotency_key)

    def retry(self, job_id: str, *, idempotency_key: str, from_step: str | None = None) -> Job:
        """A new job that does the rest of one that failed or was canceled; or, of any that has ended, the step
        `from_step` and all that needs it, anew. Conflict when there is nothing to do again.
        """
        body = {} if from_step is None else {"from_step": from_step}
        return self._new_job("POST", job_path(job_id) + "/retry", body, idempotency_key)

    def restart(self, job_id: str, *, idempotency_key: str) -> Job:
        """A new job that does all of one that has ended anew."""
        return self._new_job("POST", job_path(job_id) + "/restart", {}, idempotency_key)

    def edit_scene(self, job_id: str, number: int, edit: SceneEdit, *, idempotency_key: str) -> Job:
        """A new job, the video with scene `number` (from 1) edited. Conflict while it has no script yet."""
        path = f"/api/videos/{quote(job_id, safe='')}/scenes/{number}"
        return self._new_job("PATCH", path, edit_to_json(edit), idempotency_key)

    def get_job(self, job_id: str) -> Job:
        return understand(Job.from_json, self._transport.get(job_path(job_id)))

    def follow(self, job_id: str) -> Iterator[Job]:
        """The job as it is, then at each change, last in its terminal state. Outlives broken connections."""
        return follow(self._transport, job_id)

    def follow_org(self, after: str | None = None, *, steps: bool = True) -> Iterator[OrgEvent]:
        """All that happens to any job of the organisation: from now on, or behind the event with the id `after`.

        It has no end, and outlives broken connections without a loss; without `steps` only what happens to whole jobs.
        """
        return follow_org(self._transport, after, steps=steps)

    def events(self, job_id: str) -> list[JobEvent]:
        """All that happened to a job that has ended."""
        return history(self._transport, job_id)

    def steps(self, job_id: str) -> tuple[JobStep, ...]:
        """The job's steps that are known so far, each after those it needs."""
        return self._items(JobStep.from_json, job_path(job_id) + "/steps")

    def cancel(self, job_id: str) -> Job:
        """Stop a job for good. Conflict when it has succeeded or failed already."""
        return understand(Job.from_json, self._transport.call("POST", job_path(job_id) + "/cancel"))

    def cancel_jobs(self, wanted: JobFilter, *, confirm: int | None = None) -> Bulk:
        """Stop the live jobs that the filter finds. Without `confirm`, the count of an earlier answer, only count them.

        500 at most, the oldest first. Conflict when the count is another by now.
        """
        return self._bulk("cancel", wanted, confirm)

    def retry_jobs(self, wanted: JobFilter, *, confirm: int | None = None) -> Bulk:
        """Retry the failed jobs that the filter finds and nobody has retried; otherwise as `cancel_jobs`.

        Canceled ones too, if the filter's statuses name them.
        """
        return self._bulk("retry", wanted, confirm)

    def force_stop_all(self, reason: str) -> int:
        """Stop every live job of the key's organisation, at once and for good; how many there were."""
        body = {"confirm": True, "reason": reason}
        answer = self._transport.send_json("POST", "/api/admin/jobs/force-stop-all", body, once())
        return understand(lambda value: int(value["stopped"]), answer)

    def download(self, job_id: str, output: Output, path: Path, report: Report | None = None) -> None:
        """Save an output: whole and with the promised SHA-256, or not at all. OSError when `path` cannot be written."""
        download(self._transport, job_id, output, path, report)

    def fetch(self, job_id: str, output: Output, file: BinaryIO, report: Report | None = None) -> None:
        """Write an output to an open, empty file; otherwise as `download`."""
        fetch(self._transport, job_id, output, file, report)

    def pools(self) -> tuple[Pool, ...]:
        """The farm's pools: their hands, their work, their pauses. For operators, as all that follows."""
        return self._items(Pool.from_json, "/api/admin/pools")

    def pause_pool(self, name: str, reason: str, *, until: datetime | None = None) -> Pool:
        """Let nothing more begin on a pool, until someone resumes it or, if given, until a time (with its zone)."""
        body = {"reason": reason, **({} if until is None else {"until": until.isoformat()})}
        answer = self._transport.send_json("POST", f"/api/admin/pools/{quote(name, safe='')}/pause", body)
        return understand(Pool.from_json, answer)

    def resume_pool(self, name: str) -> Pool:
        answer = self._transport.call("POST", f"/api/admin/pools/{quote(name, safe='')}/resume")
        return understand(Pool.from_json, answer)

    def status(self) -> FarmStatus:
        """The farm's version, and its workers with what each makes clips with."""
        return understand(FarmStatus.from_json, self._transport.get("/api/status"))

    def workers(self) -> tuple[Worker, ...]:
        """The workers that are there, and those that went without a word a short while ago."""
        return self._items(Worker.from_json, "/api/admin/workers")

    def drain_worker(self, name: str) -> Worker:
        """Tell a worker to take nothing more, finish or hand back what it has, and end."""
        answer = self._transport.call("POST", f"/api/admin/workers/{quote(name, safe='')}/drain")
        return understand(Worker.from_json, answer)

    def stuck(self) -> tuple[StuckStep, ...]:
        """The steps that do not get on, the longest stuck first."""
        return self._items(StuckStep.from_json, "/api/admin/stuck")

    def canary(self) -> Canary:
        """When the farm last made a whole video for itself, and how that went."""
        return understand(Canary.from_json, self._transport.get("/api/admin/canary"))

    def _new_job(self, method: str, path: str, body: Mapping[str, Any], idempotency_key: str) -> Job:
        headers = {"Idempotency-Key": idempotency_key}
        return understand(Job.from_json, self._transport.send_json(method, path, body, headers))

    def _bulk(self, act: str, wanted: JobFilter, confirm: int | None) -> Bulk:
        body = {"filter": wanted.to_json(), "confirm": confirm}
        return understand(Bulk.from_json, self._transport.send_json("POST", f"/api/jobs/bulk/{act}", body, once()))

    def _items(self, read: Callable[[Any], T], path: str) -> tuple[T, ...]:
        return understand(lambda listed: tuple(read(item) for item in listed["items"]), self._transport.get(path))
