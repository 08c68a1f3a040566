"""The farm as the services see it: the adapters that bootstrap chose, and the seams that workers fill."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from app.domain.encoders import X264_UNTRIED, EncoderChoice
from app.domain.flow_limits import NO_LIMITS, FlowLimits
from app.domain.plan import StepKind, VideoPools
from app.domain.quotas import NO_QUOTAS, Quotas
from app.domain.states import Pool
from app.media.effects import EffectCatalogue
from app.models.database import Database
from app.providers.protocols import Painter, Voice, Writer
from app.services.keys_at_work import KeysAtWork
from app.services.room import BOUNDLESS, Room
from app.services.sealing import Sealer
from app.storage.protocol import Storage
from app.webhooks.target import Guard


@dataclass(frozen=True)
class Doorbell:
    """A call for a worker: the step's id, its kind (the task's name) and its pool (the queue). Nothing else travels."""

    step_id: int
    kind: str
    pool: Pool


class Bell(Protocol):
    """Rings doorbells. Losing one, or ringing it five times, changes nothing."""

    def ring(self, doorbell: Doorbell) -> None:
        """Raise ServiceUnavailable, within about a second, when the broker cannot be reached."""

    def ring_hooks(self) -> None:
        """There are webhooks to send: call it after the commit. Never raises; unheard, they go a second later."""


class Dispatching(Protocol):
    """Sees to it that the workers of steps that are ready are called."""

    def wake(self) -> None:
        """Return at once; a commit has just made steps ready."""


@dataclass(frozen=True)
class Farm:
    """`writer` is None when no LLM is configured: then a `prompt` is refused. `canary_every_s` 0 sends no canary.

    `quotas` are those of organisations that have none of their own. `encoder` is what this process makes clips with,
    `effects` the Python effects that it knows. `dispatching` is who calls the workers for a process whose requests must
    not wait for that; None where who makes steps ready does it. `sealer` keeps secrets that must be read again,
    `guard` knows where webhooks may go.
    """

    database: Database
    storage: Storage
    bell: Bell
    voice: Voice
    painter: Painter
    writer: Writer | None
    work_dir: Path
    lease_ttl_s: float
    sealer: Sealer
    limits: FlowLimits = NO_LIMITS
    quotas: Quotas = NO_QUOTAS
    canary_every_s: float = 0.0
    room: Room = BOUNDLESS
    encoder: EncoderChoice = X264_UNTRIED
    effects: EffectCatalogue = EffectCatalogue()
    guard: Guard = field(default_factory=Guard)
    keys_at_work: KeysAtWork = field(default_factory=KeysAtWork)
    dispatching: Dispatching | None = None

    @property
    def pools(self) -> VideoPools:
        script = Pool.IO if self.writer is None else self.writer.pool
        providers = {StepKind.NARRATION: self.voice.name, StepKind.IMAGE: self.painter.name}
        if self.writer is not None:
            providers[StepKind.SCRIPT] = self.writer.name
        return VideoPools(
            script=script,
            voice=self.voice.pool,
            painter=self.painter.pool,
            providers=providers,
            paints_freely=self.painter.is_free,
        )
