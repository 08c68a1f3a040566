"""The farm's own Celery application, with one more kind of step: one that does nothing and gives a few bytes' name.

    celery --app bench.noop_steps worker --queues cpu …

All around the step is the product's: doorbell, claim, lease, commit, dispatch.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.domain.plan import WEIGHTS
from app.services.claim_step import Claim
from app.services.farm import Farm
from app.services.steps import HANDLERS
from app.services.steps.handler import Bench, Outcome, StepHandler
from tasks.steps import TASKS, make_task
from workers.celery_app import app

NOOP = "bench.noop"


class NoopStep(StepHandler):
    """Named by its step, so that no two are alike and none is adopted."""

    def work(self, farm: Farm, claim: Claim) -> Mapping[str, Any]:
        return {"step": claim.step_id}

    def run(self, farm: Farm, claim: Claim, bench: Bench) -> Outcome:
        return Outcome(files={})


WEIGHTS[NOOP] = 1
HANDLERS[NOOP] = NoopStep()
TASKS[NOOP] = make_task(NOOP)

__all__ = ["app"]
