"""The states of jobs and steps, and which of them are final."""

from __future__ import annotations

from enum import StrEnum


class JobStatus(StrEnum):
    QUEUED = "queued"  # accepted; no step has been claimed yet
    RUNNING = "running"  # at least one step has been claimed
    WAITING = "waiting"  # nothing of it can run before a time comes or someone acts
    SUCCEEDED = "succeeded"  # every step committed and the output passed the gate
    FAILED = "failed"  # a step failed for good; `error` says why
    CANCELED = "canceled"  # someone asked for it to stop

    @property
    def is_terminal(self) -> bool:
        return self in TERMINAL_JOB_STATUSES


class JobKind(StrEnum):
    VIDEO = "video"  # what a customer asks for
    CANARY = "canary"  # a tiny video that the farm asks of itself; lists leave it out


class StepStatus(StrEnum):
    BLOCKED = "blocked"  # waits for the steps it depends on
    READY = "ready"  # may be claimed; its doorbell may have been rung
    RUNNING = "running"  # a worker holds a lease on it
    WAITING = "waiting"  # holds no slot; resumes at resume_at
    SUCCEEDED = "succeeded"  # its outputs are committed
    FAILED = "failed"  # out of attempts, or its failure is permanent
    CANCELED = "canceled"  # its job ended before it did


class Pool(StrEnum):
    """Where work is done. Each pool is a queue of its own and scales on its own."""

    CPU = "cpu"  # one process a core: clips, soundtrack, local voice and pictures
    GPU = "gpu"  # one process a device: local models
    IO = "io"  # threads: scripts, vendors' APIs, sound, stream copies
    HOOKS = "hooks"  # threads: deliveries of webhooks, and no steps


# Where steps run.
STEP_POOLS = (Pool.CPU, Pool.GPU, Pool.IO)
TERMINAL_JOB_STATUSES = frozenset({JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELED})
LIVE_STEP_STATUSES = frozenset({StepStatus.BLOCKED, StepStatus.READY, StepStatus.RUNNING, StepStatus.WAITING})
