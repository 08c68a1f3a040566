"""The settings of waiting and flow: read as written, and refused all together when they are wrong."""

from __future__ import annotations

import pytest

from app.domain.flow_limits import NO_LIMITS
from app.domain.windows import Window
from config.settings import SettingsError, load_settings


def test_a_farm_has_no_limits_by_default() -> None:
    settings = load_settings({})
    assert settings.limits == NO_LIMITS and not settings.limits.are_strict
    assert settings.canary_every_s == 0.0


def test_limits_are_read_as_they_are_written() -> None:
    limits = load_settings(
        {
            "PROVIDER_WINDOWS": "openai=25/2h",
            "PROVIDER_CONCURRENCY": "openai=4, drawn=2",
            "ORG_CONCURRENCY": "16",
            "BUSINESS_HOURS": "mon-fri 08:00-20:00 Europe/Berlin",
        }
    ).limits
    assert limits.windows == {"openai": (Window(25, 7200.0),)}
    assert (limits.concurrency, limits.org_concurrency) == ({"openai": 4, "drawn": 2}, 16)
    assert set(limits.hours) == {""}


def test_every_fault_is_named_at_once() -> None:
    wrong = {
        "PROVIDER_WINDOWS": "25/2h",
        "PROVIDER_CONCURRENCY": "openai",
        "ORG_CONCURRENCY": "0",
        "BUSINESS_HOURS": "always",
        "DRAIN_GRACE_S": "-1",
    }
    with pytest.raises(SettingsError) as refused:
        load_settings(wrong)
    assert [problem.partition(":")[0] for problem in refused.value.problems] == [
        "DRAIN_GRACE_S",
        "PROVIDER_WINDOWS",
        "PROVIDER_CONCURRENCY",
        "ORG_CONCURRENCY",
        "BUSINESS_HOURS",
    ]
