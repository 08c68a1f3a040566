"""How many requests that make jobs a person, a key or an organisation may send in a minute."""

from __future__ import annotations

import time

from app.domain.rates import Rate, RateState
from app.models import OrgLimits
from app.models.database import Database
from app.services.caller import Caller
from app.services.rate_counter import Bucket, Counted, RateCounter

MINUTE_S = 60
# An organisation's own limit is read this often, not with each request.
READ_EVERY_S = 5.0


class RateLimits:
    """The farm's rates, `user` and `org`, either None for no limit; an organisation's own takes the place of `org`."""

    def __init__(self, database: Database, counter: RateCounter, user: Rate | None, org: Rate | None) -> None:
        self._database = database
        self._counter = counter
        self._user = user
        self._org = org
        self._own: dict[int, tuple[float, Rate | None]] = {}

    def count(self, caller: Caller, end_user: str | None) -> Counted | None:
        """One request of this caller, for its `end_user` if a program named one. None: no limit, or no Redis."""
        return self._counter.count(self._buckets(caller, end_user))

    def look(self, caller: Caller, end_user: str | None) -> tuple[RateState, ...]:
        """What is left to this caller; as much as there is at most when Redis does not answer."""
        buckets = self._buckets(caller, end_user)
        unused = tuple(RateState(bucket.name, bucket.rate, bucket.rate.requests, 0.0) for bucket in buckets)
        return self._counter.look(buckets) or unused

    def give_back(self, counted: Counted) -> None:
        """The request has cost nothing after all."""
        self._counter.give_back(counted)

    def forget(self, org_id: int) -> None:
        """The organisation's own limit has been changed."""
        self._own.pop(org_id, None)

    def _buckets(self, caller: Caller, end_user: str | None) -> tuple[Bucket, ...]:
        buckets = []
        if self._user is not None:
            # A person is one end user, and not as many as they name. The requests of a program and those for its end
            # users are apart: no end user's name is empty.
            whom = end_user or "" if caller.user_id is None else ""
            buckets.append(Bucket("user", f"{caller.org_id}:{caller.rate_name}:{whom}", self._user))
        org = self._rate_of_org(caller.org_id)
        if org is not None:
            buckets.append(Bucket("org", str(caller.org_id), org))
        return tuple(buckets)

    def _rate_of_org(self, org_id: int) -> Rate | None:
        until, rate = self._own.get(org_id, (0.0, None))
        if time.monotonic() >= until:
            with self._database.read() as session:
                row = session.get(OrgLimits, org_id)
            own = None if row is None or row.requests_a_minute is None else Rate(row.requests_a_minute, MINUTE_S)
            rate = own or self._org
            self._own[org_id] = (time.monotonic() + READ_EVERY_S, rate)
        return rate
