"""What every step of a video gives: what its result depends on, and how to make it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from app.domain.plan import Follow
from app.services.claim_step import Claim
from app.services.farm import Farm
from app.storage.protocol import Blob


@dataclass(frozen=True)
class Bench:
    """Where a step works: a folder of its own, removed afterwards, and a way to report progress.

    `report(fraction)` (0 to 1) raises LeaseLost when the step was canceled or taken back.
    `call_key` names the call to a vendor: the same for every attempt that asks for the same answer.
    """

    folder: Path
    report: Callable[[float], None]
    call_key: str

    def still_wanted(self) -> None:
        """For work that knows no fraction of itself: raises as `report` does."""
        self.report(0.0)


@dataclass(frozen=True)
class OutputFile:
    path: Path
    media_type: str


@dataclass(frozen=True)
class Outcome:
    """Files by output name, and the facts worth keeping (JSON). `stored` are outputs whose bytes are kept already."""

    files: Mapping[str, OutputFile]
    facts: Mapping[str, Any] = field(default_factory=dict)
    stored: Mapping[str, Blob] = field(default_factory=dict)


class StepHandler(ABC):
    """`version` is raised when the same input would give another result; `publishes` names the customer's outputs."""

    version: ClassVar[int] = 1
    is_adoptable: ClassVar[bool] = True
    publishes: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def work(self, farm: Farm, claim: Claim) -> Mapping[str, Any]:
        """Everything the result depends on, as JSON. Equal works have equal results: its hash is the cache key."""

    @abstractmethod
    def run(self, farm: Farm, claim: Claim, bench: Bench) -> Outcome:
        """Do the work. Raises `StepError`s, and lets LeaseLost pass.

        Begun anew when the database was away: whatever is read there is read before a vendor is called.
        """

    def follow(self, farm: Farm, claim: Claim, outputs: Mapping[str, Blob]) -> Follow:
        """What comes after, made from the stored outputs, so that an adopted step leads to the same."""
        return Follow()

    def published(self, claim: Claim) -> tuple[str, ...]:
        """The names of the outputs that the customer gets of this very step."""
        return self.publishes


def find_need(claim: Claim, name: str) -> Mapping[str, Blob] | None:
    """What the needed step `name` of the scenes gave: a variant's own (`1920x1080/scene/1/image`) or the video's."""
    return next((given for step, given in claim.upstream.items() if step == name or step.endswith(f"/{name}")), None)


def need(claim: Claim, name: str) -> Mapping[str, Blob]:
    """As `find_need`, of a step that every plan has."""
    given = find_need(claim, name)
    assert given is not None, name
    return given
