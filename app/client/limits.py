"""What a caller may use: rates, quotas and sizes, as values, and the calls that ask for them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from urllib.parse import quote

from app.client.transport import Transport
from app.client.values import understand
from app.client.video_request import without_none


@dataclass(frozen=True)
class RateNow:
    """`requests` that make jobs in any `window_s` seconds; of them `left` are left, and more in `reset_s` seconds."""

    name: str
    requests: int
    window_s: int
    left: int
    reset_s: int


@dataclass(frozen=True)
class Quota:
    """`limit` and `left` are None where nothing is limited."""

    limit: float | None
    used: float
    left: float | None

    @classmethod
    def from_json(cls, value: Any) -> Self:
        return cls(value["limit"], value["used"], value["left"])


@dataclass(frozen=True)
class Quotas:
    """Jobs that have not ended, minutes of video accepted until `minutes_reset_at`, bytes in storage, endpoints."""

    jobs_at_once: Quota
    minutes_a_day: Quota
    minutes_reset_at: datetime
    storage_bytes: Quota
    webhook_endpoints: Quota

    @classmethod
    def from_json(cls, value: Any) -> Self:
        minutes = value["minutes_a_day"]
        return cls(
            jobs_at_once=Quota.from_json(value["jobs_at_once"]),
            minutes_a_day=Quota.from_json(minutes),
            minutes_reset_at=datetime.fromisoformat(minutes["resets_at"]),
            storage_bytes=Quota.from_json(value["storage_bytes"]),
            webhook_endpoints=Quota.from_json(value["webhook_endpoints"]),
        )


@dataclass(frozen=True)
class Limits:
    """What the key may use. Sizes in bytes."""

    rates: tuple[RateNow, ...]
    quotas: Quotas
    max_request_bytes: int
    max_upload_bytes: int
    max_text_bytes: int
    max_words: int
    max_scenes: int

    @classmethod
    def from_json(cls, value: Any) -> Self:
        names = ("name", "requests", "window_s", "left", "reset_s")
        return cls(
            rates=tuple(RateNow(**{name: rate[name] for name in names}) for rate in value["rates"]),
            quotas=Quotas.from_json(value["quotas"]),
            max_request_bytes=value["max_request_bytes"],
            max_upload_bytes=value["max_upload_bytes"],
            max_text_bytes=value["max_text_bytes"],
            max_words=value["max_words"],
            max_scenes=value["max_scenes"],
        )


@dataclass(frozen=True)
class OwnLimits:
    """What an organisation has in the place of the farm's settings; None where those hold."""

    jobs_at_once: int | None = None
    minutes_a_day: float | None = None
    storage_bytes: int | None = None
    requests_a_minute: int | None = None


@dataclass(frozen=True)
class OrgLimits:
    """An organisation's own limits, and what it is held to and has used."""

    org: str
    own: OwnLimits
    quotas: Quotas

    @classmethod
    def from_json(cls, value: Any) -> Self:
        own = OwnLimits(**{name: value["own"][name] for name in OwnLimits.__dataclass_fields__})
        return cls(value["org"], own, Quotas.from_json(value["quotas"]))


class LimitCalls:
    """The client's calls about limits."""

    _transport: Transport

    def limits(self) -> Limits:
        """What the key may use and has used, and how large its requests may be."""
        return understand(Limits.from_json, self._transport.get("/api/limits"))

    def org_limits(self, org: str) -> OrgLimits:
        """Those of any organisation, by its name. For operators, as the next one."""
        return understand(OrgLimits.from_json, self._transport.get(_path(org)))

    def set_org_limits(self, org: str, own: OwnLimits) -> OrgLimits:
        """All of them: what is None is the farm's setting again."""
        return understand(OrgLimits.from_json, self._transport.send_json("PUT", _path(org), without_none(own)))


def _path(org: str) -> str:
    return f"/api/admin/orgs/{quote(org, safe='')}/limits"
