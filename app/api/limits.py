"""`/api/limits`: what a caller may use and has used; and for operators the limits of any organisation."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import cast

from apiflask import APIBlueprint
from flask import Response, current_app

from app.api.acceptance import kept_answer
from app.api.answers import success
from app.api.bodies import MAX_JSON_BYTES
from app.api.context import current_caller, current_farm
from app.api.facts import Facts, SentAgain
from app.api.limits_schemas import (
    ORG_LIMITS_EXAMPLES,
    Limits,
    LimitsAnswer,
    MinutesQuota,
    OrgLimits,
    OrgLimitsAnswer,
    OrgLimitsRequest,
    QuotasNow,
    RateNow,
    WholeQuota,
)
from app.api.rate import FOR_END_USER, current_rates, end_user
from app.api.video_request import MAX_SCENES
from app.domain.quotas import next_day_s
from app.providers.own_text import MAX_TEXT_BYTES, MAX_WORDS
from app.services.asking import Asking
from app.services.org_limits import OwnLimits, QuotaView, set_org_limits, view_org_limits, view_quotas

limits = APIBlueprint("limits", __name__)


@limits.get("/api/limits")
@limits.output(LimitsAnswer)
@limits.doc(operation_id="getLimits", tags=["Limits"])
@Facts(reads=(FOR_END_USER,))
def show() -> Response:
    """Look at your limits

    How often you may ask, how much your organisation may have, what of it is left, and how large a request may be.
    Asking costs nothing.
    """
    farm, caller = current_farm(), current_caller()
    rates = current_rates().look(caller, end_user())
    return success(
        Limits(
            rates=[
                RateNow(
                    name=state.name,
                    requests=state.rate.requests,
                    window_s=state.rate.window_s,
                    left=state.left,
                    reset_s=math.ceil(state.reset_s),
                )
                for state in rates
            ],
            quotas=_present(view_quotas(farm.database, farm.quotas, caller.org_id)),
            max_request_bytes=MAX_JSON_BYTES,
            max_upload_bytes=cast(int, current_app.extensions["max_upload_bytes"]),
            max_text_bytes=MAX_TEXT_BYTES,
            max_words=MAX_WORDS,
            max_scenes=MAX_SCENES,
        )
    )


@limits.get("/api/admin/orgs/<org>/limits")
@limits.output(OrgLimitsAnswer)
@limits.doc(operation_id="getOrgLimits", tags=["Operations"])
def show_org(org: str) -> Response:
    """Look at an organisation's limits"""
    return success(_org_limits(org))


@limits.put("/api/admin/orgs/<org>/limits")
@limits.input(OrgLimitsRequest, examples=ORG_LIMITS_EXAMPLES)
@limits.output(OrgLimitsAnswer)
@limits.doc(operation_id="putOrgLimits", tags=["Operations"])
@Facts(SentAgain.KEPT)
def put_org(org: str, json_data: OrgLimitsRequest) -> Response:
    """Set an organisation's limits

    All of them: what is left out is the farm's setting again. Quotas hold from the next request on, the rate within
    five seconds. What an organisation has above a new limit stays; it gets no more.
    """
    own = OwnLimits(**json_data.model_dump())

    def put(asked: Asking) -> OrgLimits:
        current_rates().forget(set_org_limits(current_farm().database, asked, org, own))
        return _org_limits(org)

    return kept_answer(json_data, put)


def _org_limits(org: str) -> OrgLimits:
    farm = current_farm()
    view = view_org_limits(farm.database, farm.quotas, org)
    return OrgLimits(org=view.org, own=OrgLimitsRequest(**asdict(view.own)), quotas=_present(view.held_to))


def _present(view: QuotaView) -> QuotasNow:
    quotas, usage = view.quotas, view.usage
    minutes, most_minutes = usage.video_s / 60, quotas.minutes_a_day
    return QuotasNow(
        jobs_at_once=_whole(quotas.jobs_at_once, usage.jobs),
        minutes_a_day=MinutesQuota(
            limit=most_minutes,
            used=round(minutes, 2),
            left=None if most_minutes is None else round(max(0.0, most_minutes - minutes), 2),
            resets_at=next_day_s(view.now),  # type: ignore[arg-type]  # Epoch seconds become a time.
        ),
        storage_bytes=_whole(quotas.storage_bytes, usage.storage_bytes),
        webhook_endpoints=_whole(quotas.webhook_endpoints, usage.webhook_endpoints),
    )


def _whole(limit: int | None, used: int) -> WholeQuota:
    return WholeQuota(limit=limit, used=used, left=None if limit is None else max(0, limit - used))
