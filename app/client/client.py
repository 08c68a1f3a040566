"""The client: one method for each thing that a farm does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from app.client.downloads import Report, download, fetch
from app.client.follow import follow, history, job_path
from app.client.transport import Transport
from app.client.uploads import form_of
from app.client.values import Asset, Job, JobEvent, Output, Readiness, VideoRequest, Voices, understand

PATIENCE_S = 60.0


class Client:
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
        return understand(Asset.from_json, self._transport.call("POST", "/api/assets", form.chunks, form.headers))

    def voices(self) -> Voices:
        """The languages and voices that the farm speaks."""
        return understand(Voices.from_json, self._transport.get("/api/voices"))

    def readiness(self) -> Readiness:
        """Whether the farm can work, and what keeps it from it. Asked once: an answer that does not come is one too."""
        return understand(Readiness.from_json, self._transport.get_health("/health/readyz"))

    def has_live_workers(self) -> bool:
        """Whether anybody is there to do the work. NotAuthorized with a key that may not see the farm's workers."""
        workers = self._transport.get("/api/admin/workers")
        return understand(lambda listed: any(worker["is_alive"] for worker in listed["items"]), workers)

    def submit_video(self, request: VideoRequest, *, idempotency_key: str) -> Job:
        """Ask for a video. The same key with the same request gives the same job, so it may be sent again."""
        headers = {"Idempotency-Key": idempotency_key}
        return understand(Job.from_json, self._transport.post_json("/api/videos", request.to_json(), headers))

    def get_job(self, job_id: str) -> Job:
        return understand(Job.from_json, self._transport.get(job_path(job_id)))

    def follow(self, job_id: str) -> Iterator[Job]:
        """The job as it is, then at each change, last in its terminal state. Outlives broken connections."""
        return follow(self._transport, job_id)

    def events(self, job_id: str) -> list[JobEvent]:
        """All that happened to a job that has ended."""
        return history(self._transport, job_id)

    def cancel(self, job_id: str) -> Job:
        """Stop a job for good. Conflict when it has succeeded or failed already."""
        return understand(Job.from_json, self._transport.call("POST", job_path(job_id) + "/cancel"))

    def download(self, job_id: str, output: Output, path: Path, report: Report | None = None) -> None:
        """Save an output: whole and with the promised SHA-256, or not at all. OSError when `path` cannot be written."""
        download(self._transport, job_id, output, path, report)

    def fetch(self, job_id: str, output: Output, file: BinaryIO, report: Report | None = None) -> None:
        """Write an output to an open, empty file; otherwise as `download`."""
        fetch(self._transport, job_id, output, file, report)
