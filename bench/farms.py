"""A farm of a benchmark's own: embedded, on a folder that goes away with it."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.client import Client, Job, VideoRequest
from app.models.database import Database
from config.settings import Settings, load_settings
from workers.presence import use_farm
from workers.rendering.farm_use import wait_until_gone


@dataclass(frozen=True)
class BenchFarm:
    client: Client
    database: Database
    settings: Settings

    def make(self, request: VideoRequest) -> Job:
        """Submit the request, and follow its job."""
        return self.follow(self.client.submit_video(request, idempotency_key=uuid.uuid4().hex))

    def follow(self, submitted: Job) -> Job:
        """Wait for the job, and insist on success."""
        *_, job = self.client.follow(submitted.id)
        if job.error is not None:
            raise SystemExit(f"The benchmark's job failed: {job.error.code}: {job.error.message}")
        return job


@contextlib.contextmanager
def fresh_farm(*, cpu_slots: int) -> Iterator[BenchFarm]:
    """A farm with nothing in it and `cpu_slots` CPU workers; stopped and removed at the end."""
    with tempfile.TemporaryDirectory(prefix="sceneworks-bench-") as folder:
        environment = {
            **{name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")},
            "SCENEWORKS_HOME": folder,
            "SCENEWORKS_CPU_SLOTS": str(cpu_slots),
            "RATE_LIMIT_USER": "off",
            "RATE_LIMIT_ORG": "off",
        }
        environment.pop("SCENEWORKS_URL", None)
        settings = load_settings(environment)
        try:
            with use_farm(Path(folder), environment) as url:
                database = Database(settings.database_url)
                with Client(url, settings.local_key_file.read_text().strip()) as client:
                    yield BenchFarm(client, database, settings)
                database.close()
        finally:
            # Whatever has happened: the folder must not go while the farm still lives in it.
            wait_until_gone(settings)


def print_result(result: dict[str, Any], *, as_json: bool) -> None:
    """The figures as lines for a person, or as one JSON object, last on stdout."""
    if as_json:
        print(json.dumps(result))
        return
    for name, value in result.items():
        print(f"{name:>24}  {value}")
