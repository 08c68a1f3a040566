"""The settings of waiting and flow: read as written, and refused all together when they are wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.domain.flow_limits import NO_LIMITS, PROVIDERS
from app.domain.windows import Window
from app.providers.drawn.painter import DrawnPainter
from app.providers.espeak import EspeakVoice
from app.providers.openai_writer import OpenAIWriter
from config.settings import SettingsError, load_settings


def test_a_farm_has_no_limits_by_default() -> None:
    settings = load_settings({})
    assert replace(settings.limits, let_go_s=0.0) == NO_LIMITS and not settings.limits.are_strict
    assert settings.canary_every_s == 0.0


def test_a_canceled_step_keeps_its_place_for_as_long_as_its_worker_may_not_have_heard_of_it() -> None:
    assert [load_settings({"LEASE_TTL_S": ttl_s}).limits.let_go_s for ttl_s in ("10", "60")] == [3.0, 13.0]


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


@pytest.mark.parametrize(
    ("setting", "value", "problem"),
    [
        ("PROVIDER_WINDOWS", "drawn=1/s, drwan=3/10s", "unknown: 'drwan'; known are drawn, espeak, openai"),
        ("PROVIDER_CONCURRENCY", "opneai=1", "unknown: 'opneai'; known are drawn, espeak, openai"),
        ("BUSINESS_HOURS", "video.imgae=mon 08:00-20:00 UTC", "unknown: 'video.imgae'; known are video, video.scr"),
    ],
)
def test_a_limit_under_a_misspelt_name_is_refused_with_the_names_that_are_known(
    setting: str, value: str, problem: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        load_settings({setting: value})
    (told,) = refused.value.problems
    assert told.startswith(f"{setting}: {problem}")


def test_a_limit_may_be_set_for_every_provider_with_or_without_its_key_and_for_every_kind() -> None:
    assert sorted(PROVIDERS) == sorted(provider.name for provider in (DrawnPainter, EspeakVoice, OpenAIWriter))
    kinds = "mon 08:00-20:00 UTC; video=tue 08:00-20:00 UTC; video.image=wed 08:00-20:00 UTC"
    limits = load_settings({"PROVIDER_CONCURRENCY": "openai=1, espeak=2", "BUSINESS_HOURS": kinds}).limits
    assert set(limits.concurrency) == {"openai", "espeak"}
    assert set(limits.hours) == {"", "video", "video.image"}
