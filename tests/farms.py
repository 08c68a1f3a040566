"""Small farms for tests: a real database and real storage, and a bell that only remembers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

from app.domain.ids import new_id
from app.domain.plan import StepPlan
from app.domain.states import JobStatus
from app.domain.video import VideoInput
from app.models import Job, Org
from app.models.database import Database, database_now_s
from app.providers.drawn.painter import DrawnPainter
from app.providers.espeak import EspeakVoice
from app.services.api_keys import farms_own_org
from app.services.asking import Asking
from app.services.claim_step import Claim, claim_step
from app.services.farm import Bell, Doorbell, Farm
from app.services.finish_step import Finished, finish_step
from app.services.graph import grow
from app.services.job_log import record
from app.services.leases import LeaseKey
from app.services.run_step import run_step
from app.services.sealing import Sealer
from app.services.submit_video import Submission, submit_video
from app.storage.local import LocalStorage
from app.storage.protocol import Blob
from app.webhooks.addresses import Address
from app.webhooks.target import Guard, look_up
from workers.heartbeat import HeldLease

LEASE_TTL_S = 10.0


@dataclass
class ListBell:
    """A bell that writes down whom it rang for; nobody answers unless the test does."""

    rung: list[Doorbell] = field(default_factory=list)
    hooks_rung: int = 0

    def ring(self, doorbell: Doorbell) -> None:
        self.rung.append(doorbell)

    def ring_hooks(self) -> None:
        self.hooks_rung += 1

    def check(self) -> None:
        pass


def make_org(database: Database, name: str = "studio") -> int:
    with database.begin() as session:
        org = Org(name=name, created_at=database_now_s(session))
        session.add(org)
        session.flush()
        return org.id


def operator(database: Database) -> Asking:
    """A request of those who run the farm."""
    with database.begin() as session:
        return Asking(farms_own_org(session, database_now_s(session)), "test")


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
            input=VideoInput(text="A river runs to the sea.").to_json(),
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


class SteadyHeartbeat:
    """Holds leases without a thread: for steps that a test runs in its own thread, well within their lease."""

    @contextmanager
    def hold(self, key: LeaseKey) -> Iterator[HeldLease]:
        yield HeldLease(key)


def look_up_offline(host: str, port: int) -> Sequence[Address]:
    """`example.com` and its hosts are on the internet, where no test goes; the rest is what the system says."""
    if host == "example.com" or host.endswith(".example.com"):
        return [ip_address("93.184.216.34")]
    return look_up(host, port)


def make_farm(database: Database, folder: Path, bell: Bell | None = None) -> Farm:
    """A farm with the providers that need no key."""
    return Farm(
        database=database,
        storage=LocalStorage(folder / "storage"),
        bell=bell or ListBell(),
        voice=EspeakVoice(),
        painter=DrawnPainter(),
        writer=None,
        work_dir=folder / "work",
        lease_ttl_s=LEASE_TTL_S,
        sealer=Sealer(b"a secret of the tests"),
        guard=Guard(resolve=look_up_offline),
    )


def work_off(farm: Farm, *, steps: int = 10_000) -> int:
    """Answer the farm's doorbells in this thread until none is rung, or `steps` have been answered; how many were."""
    assert isinstance(farm.bell, ListBell)
    answered = 0
    while farm.bell.rung and answered < steps:
        doorbell = farm.bell.rung.pop(0)
        run_step(farm, SteadyHeartbeat(), doorbell.step_id, "worker-1")
        answered += 1
    return answered


def submit(farm: Farm, org_id: int, video: VideoInput) -> str:
    """A job's public id."""
    accepted = submit_video(farm, Asking(org_id, "test"), Submission(video, labels={}))
    return accepted.job.id
