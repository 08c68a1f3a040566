"""What dispatch must respect besides the slots: vendors' windows, how many at once, opening hours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.domain.business_hours import EVERY_KIND, OpeningHours
from app.domain.windows import Window

# The vendors that steps may be limited by. The domain knows no adapter: a test keeps these the names of all of them.
PROVIDERS = ("drawn", "espeak", "openai")


@dataclass(frozen=True)
class FlowLimits:
    """No limits by default. `concurrency` is how many steps of a provider may be in flight at once,

    `org_concurrency` how many of one org; `hours` are by kind, as `parse_business_hours` gives them. Whoever does a
    canceled step may be at it for `let_go_s` more, so that long it keeps its place at its provider.
    """

    windows: Mapping[str, tuple[Window, ...]] = field(default_factory=dict)
    concurrency: Mapping[str, int] = field(default_factory=dict)
    org_concurrency: int | None = None
    hours: Mapping[str, OpeningHours] = field(default_factory=dict)
    let_go_s: float = 0.0

    @property
    def are_strict(self) -> bool:
        """Whether two dispatches at once could together overstep a limit."""
        return bool(self.windows or self.concurrency or self.org_concurrency)

    def opens_at(self, kind: str, now_s: float) -> float | None:
        """When steps of this kind may start again; None when they may now."""
        for name in (kind, kind.partition(".")[0], EVERY_KIND):
            if name in self.hours:
                return self.hours[name].next_opening(now_s)
        return None


NO_LIMITS = FlowLimits()


def parse_concurrency(raw: str) -> Mapping[str, int]:
    """`openai=4, drawn=2`; ValueError says what is wrong."""
    limits: dict[str, int] = {}
    for part in filter(None, map(str.strip, raw.split(","))):
        provider, _, count = (piece.strip() for piece in part.partition("="))
        if not provider or not count.isdecimal() or int(count) < 1:
            raise ValueError(f"{part!r} is not provider=count with a count of at least 1, as in openai=4")
        limits[provider] = int(count)
    return limits
