"""What a request tells an effect, held against what the effect's function takes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from app.domain.effect_settings import EffectSettings
from app.media.effect_source import signature_in


def plain(clip, words="", count=2, share=0.5, is_on=True, colours=("#fff",), other=None): ...  # type: ignore[no-untyped-def]


def annotated(
    clip: Any,
    *,
    count: int = 1,
    share: float | None = None,
    either: str | list[str] = "",
    free: dict[str, int] | None = None,
) -> None: ...


def wide(clip: Any, first: Sequence[float], **settings: Any) -> None: ...


def fault(function: Callable[..., Any], **settings: Any) -> str | None:
    found = EffectSettings.of(inspect.signature(function)).fault("tried", settings)
    return None if found is None else found.message


@pytest.mark.parametrize(
    ("function", "settings"),
    [
        (plain, {}),
        (plain, {"words": "a", "count": 1.5, "share": 1, "is_on": False, "colours": ["#000"], "other": "anything"}),
        (annotated, {"count": 3, "share": 1, "either": "a", "free": "anything"}),
        (annotated, {"either": ["a", "b"]}),
        (wide, {"first": [0.5], "another": True}),
    ],
)
def test_what_a_function_takes_is_right(function: Callable[..., Any], settings: dict[str, Any]) -> None:
    assert fault(function, **settings) is None


@pytest.mark.parametrize(
    ("function", "settings", "said"),
    [
        (plain, {"words": 1}, "words of the effect tried must be a string."),
        (plain, {"count": True}, "count of the effect tried must be a number."),
        (plain, {"is_on": 1}, "is_on of the effect tried must be true or false."),
        (plain, {"colours": "#000"}, "colours of the effect tried must be a list."),
        (plain, {"word": "a"}, "has no setting word. It takes: words='', count=2, share=0.5"),
        (annotated, {"count": 1.5}, "must be a whole number."),
        (annotated, {"share": "1"}, "must be a number."),
        (annotated, {"either": 1}, "must be a string or a list."),
        (wide, {}, "needs the setting first. It takes: first: Sequence[float], any others."),
        (lambda clip: clip, {"a": 1}, "has no setting a. It takes no settings."),
    ],
)
def test_what_it_does_not_take_is_told(function: Callable[..., Any], settings: dict[str, Any], said: str) -> None:
    message = fault(function, **settings)
    assert message is not None and said in message


@pytest.mark.parametrize("function", [plain, annotated, wide])
def test_the_source_says_what_the_function_says(function: Callable[..., Any]) -> None:
    read = signature_in(inspect.getsource(function).encode(), function.__name__)
    assert read is not None
    assert EffectSettings.of(read) == EffectSettings.of(inspect.signature(function))
