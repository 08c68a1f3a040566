"""What a route says of itself where it is defined, beside its line in `app.api.policy`.

The document, the reader of bodies and the answers under an `Idempotency-Key` all read it here, so that nothing of a
route is written down a second time far from it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

from flask import Flask

from app.api.auth import PROTECTED
from app.api.csrf import SAFE

View = TypeVar("View", bound=Callable[..., Any])


class SentAgain(StrEnum):
    """What comes of a request that may change something when it is sent again with its `Idempotency-Key`."""

    SAME_JOB = "same_job"  # the job that it made, as that is by then: `accepted_answer`
    KEPT = "kept"  # the answer that it got, word by word: `kept_answer`
    HARMLESS = "harmless"  # it is done again, which changes nothing more
    REFUSED = "refused"  # what it said was true the first time alone
    ANEW = "anew"  # it is done once more, as whoever sends it wants


@dataclass(frozen=True)
class Header:
    """A header that a route reads; `schema` is JSON Schema, as strict as the reader is."""

    name: str
    meaning: str
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})


@dataclass(frozen=True)
class Facts:
    """One route's, and the decorator that says them: `@Facts(SentAgain.KEPT)` above its view.

    `sent_again` is None where the method changes nothing. `body_is_optional`: it may be left out, for each field of it
    has a default. `body` is an OpenAPI request body where no `input` describes it. `answers` has the headers of the
    answer by its status, with their meanings. `leads_to` has the operations that can be asked next, each with the
    places below the answer's `data` where its path's parameters stand.
    """

    sent_again: SentAgain | None = None
    body_is_optional: bool = False
    body: Mapping[str, Any] | None = None
    reads: tuple[Header, ...] = ()
    answers: Mapping[int, Mapping[str, str]] = field(default_factory=dict)
    leads_to: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def is_kept(self) -> bool:
        """Whether the same `Idempotency-Key` gets what it got before."""
        return self.sent_again in (SentAgain.SAME_JOB, SentAgain.KEPT)

    def __call__(self, view: View) -> View:
        # APIFlask's decorators copy a view's attributes to what they put around it, so their order does not matter.
        vars(view)["facts"] = self
        return view


def facts_of(api: Flask, endpoint: str | None) -> Facts:
    """What a route says; Facts() of one that says nothing, and where there is no route."""
    view = None if endpoint is None else api.view_functions.get(endpoint)
    facts: Facts = Facts() if view is None else vars(view).get("facts", Facts())
    return facts


def check_facts(api: Flask) -> None:
    """ValueError unless each route under /api that may change something says what comes of it when it is sent again,
    and no other route does."""
    wrong = []
    for rule in api.url_map.iter_rules():
        may_change = rule.rule.startswith(PROTECTED) and bool((rule.methods or set()).difference(SAFE))
        if may_change != (facts_of(api, rule.endpoint).sent_again is not None):
            wrong.append(rule.endpoint)
    if wrong:
        raise ValueError(f"routes whose app.api.facts.SentAgain is missing, or one too many: {', '.join(wrong)}")
