"""Several hosts: one accepts, another works; they share a database, a broker and a storage folder, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.client import VideoRequest
from app.domain.states import JobStatus
from tests.real_farm import ROOT, RealFarm
from tests.servers import PostgresServer, RedisServer

FRONT = ("web", "dispatcher", "release")


@pytest.fixture
def hosts(tmp_path: Path, postgres: PostgresServer) -> Iterator[tuple[RealFarm, RealFarm]]:
    """A front host without workers, and a worker host, each with a data folder of its own."""
    lines = (ROOT / "Procfile").read_text().splitlines(keepends=True)
    procfile = tmp_path / "Procfile.front"
    procfile.write_text("".join(line for line in lines if line.split(":")[0] in FRONT))
    with RedisServer() as redis:
        shared = {
            "DATABASE_URL": postgres.new_database(),
            "REDIS_URL": redis.url,
            "STORAGE_URL": (tmp_path / "shared").as_uri(),
        }
        front = RealFarm(tmp_path / "front", shared, ["--procfile", str(procfile)])
        try:
            back = RealFarm(tmp_path / "back", shared)
            try:
                yield front, back
            finally:
                back.close()
        finally:
            front.close()


def test_what_one_host_accepts_another_renders_and_the_first_delivers(
    hosts: tuple[RealFarm, RealFarm], tmp_path: Path
) -> None:
    front, back = hosts
    assert not front.pids("celery")
    done = front.finished(front.submit(VideoRequest(text="One host takes it. Another makes it.", size="180x320")))
    assert done.status == JobStatus.SUCCEEDED, back.log()
    video = done.output("video.mp4")
    assert video is not None
    with front.client() as client:
        client.download(done.id, video, tmp_path / "out.mp4")
    assert (tmp_path / "out.mp4").stat().st_size == video.size_bytes
