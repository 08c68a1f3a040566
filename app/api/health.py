"""Whether this process lives (`/health/healthz`) and whether the farm can serve (`/health/readyz`); without a key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import structlog
from apiflask import APIBlueprint
from flask import Response, jsonify

from app.api.context import Responses, current_farm
from app.api.schemas import Alive, Readiness
from app.domain.errors import ServiceUnavailable
from app.services.database_health import check_database
from app.services.farm import Farm

log = structlog.get_logger()
health = APIBlueprint("health", __name__, tag="Health")


@runtime_checkable
class Checkable(Protocol):
    """A bell that can say beforehand whether it could be rung."""

    def check(self) -> None:
        """Raise ServiceUnavailable when the broker does not answer."""


@health.get("/health/healthz")
@health.output(Alive)
@health.doc(operation_id="isAlive")
def healthz() -> Response:
    """Is this process alive?

    Asks nothing of database, storage or broker: a restart of this process would mend none of them.
    """
    return jsonify(Alive().model_dump())


ANSWERS: Responses = {
    503: {
        "description": "At least one part is down",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Readiness"}}},
    }
}


@health.get("/health/readyz")
@health.output(Readiness)
@health.doc(operation_id="isReady", responses=ANSWERS)
def readyz() -> Response:
    """Can the farm serve?

    Looks at the database, the storage and the broker.
    """
    checks = {name: outcome(name, check) for name, check in checks_of(current_farm()).items()}
    is_ready = all(result == "ok" for result in checks.values())
    readiness = Readiness(status="ready" if is_ready else "unavailable", checks=checks)
    response = jsonify(readiness.model_dump())
    response.status_code = 200 if is_ready else 503
    return response


def checks_of(farm: Farm) -> dict[str, Callable[[], None]]:
    checks = {"database": lambda: check_database(farm.database), "storage": farm.storage.check}
    if isinstance(farm.bell, Checkable):
        checks["broker"] = farm.bell.check
    return checks


def outcome(name: str, check: Callable[[], None]) -> str:
    """`ok`, or what is wrong in a sentence."""
    try:
        check()
    except ServiceUnavailable as error:
        log.warning("not_ready", part=name, reason=str(error.__cause__ or error))
        return error.message
    return "ok"
