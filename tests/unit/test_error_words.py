"""An error's message as the books keep it: storable, without secrets, of a size."""

from __future__ import annotations

import pytest

from app.services.error_words import LEFT_OUT, MOST_CHARS, error_words

KEY = "sk-proj-Zm9vYmFyYmF6cXV4MDEyMzQ1Njc4OQ"


def test_what_an_error_of_ours_says_stays_as_it_is() -> None:
    said = "The effect glow failed: ValueError: größer als 日本 🎬 (glow.py, line 3)"
    assert error_words(said) == said


def test_what_no_database_stores_is_replaced() -> None:
    assert error_words("bad \udc80\ud83c \0 end") == "bad \ufffd\ufffd \ufffd end"


@pytest.mark.parametrize("filling", ["x", "x ", "a.", "::", "日"])
@pytest.mark.parametrize("count", [2_001, 5_000, 9_000, 1_000_000])
def test_a_long_one_keeps_its_start_and_its_end(filling: str, count: int) -> None:
    kept = error_words(f"The effect failed: a://{filling * count} at last, in line 9")
    assert len(kept) <= MOST_CHARS and LEFT_OUT in kept
    assert kept.startswith("The effect failed: ") and kept.endswith(" at last, in line 9")
    assert error_words(kept) == kept


@pytest.mark.parametrize("before", [0, 1_190, 7_980, 7_990, 12_000, 100_000])
@pytest.mark.parametrize("behind", [0, 780, 7_980, 7_990, 100_000])
def test_a_secret_is_hidden_wherever_it_stands(before: int, behind: int) -> None:
    kept = error_words(f"Refused: {'-' * before} {KEY} {'-' * behind}")
    assert KEY[8:] not in kept and KEY[-8:] not in kept
