"""What every Voice promises to a step that is canceled while it speaks."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.domain.errors import LeaseLost
from app.providers.espeak import EspeakVoice
from app.providers.protocols import SpeechRequest, Voice
from tests.canceling import LATEST_S, asked_when, canceled_at
from tests.contract.test_voices import SENTENCE, assert_words_match
from tests.media_samples import always_wanted

LONG = f"{SENTENCE} " * 39 + SENTENCE


@pytest.fixture(params=[EspeakVoice])
def voice(request: pytest.FixtureRequest) -> Voice:
    made: Voice = request.param()
    return made


@pytest.mark.parametrize("at", [1, 2, 5])
def test_a_cancel_is_heard_at_once_and_leaves_no_file(voice: Voice, tmp_path: Path, at: int) -> None:
    with pytest.raises(LeaseLost):
        voice.speak(SpeechRequest(LONG, "en"), tmp_path / "a.wav", canceled_at(at))
    assert list(tmp_path.iterdir()) == []
    # What was broken off spoils nothing for the next one.
    assert_words_match(voice.speak(SpeechRequest(SENTENCE, "en"), tmp_path / "a.wav", always_wanted), SENTENCE)


def test_a_voice_asks_often_whether_it_is_still_wanted(voice: Voice, tmp_path: Path) -> None:
    with asked_when() as asked:
        voice.speak(SpeechRequest(LONG, "en"), tmp_path / "a.wav", asked)
    assert asked.longest_s < LATEST_S
