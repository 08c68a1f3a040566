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


@dataclass(frozen=True)
class OutputFile:
    path: Path
    media_type: str


@dataclass(frozen=True)
class Outcome:
    """Files by output name, and the facts worth keeping (JSON)."""

    files: Mapping[str, OutputFile]
    facts: Mapping[str, Any] = field(default_factory=dict)


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
