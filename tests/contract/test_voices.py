"""What every Voice promises, and what espeak-ng's makes of numbers, pauses and difficult characters."""

from __future__ import annotations

import multiprocessing
import wave
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.domain.errors import InvalidInput, ProviderRefused, StorageFull, TransientError
from app.domain.speech import Speech
from app.domain.states import Pool
from app.providers.espeak import EspeakVoice
from app.providers.espeak.spoken_text import spoken_text
from app.providers.protocols import SpeechRequest, Voice
from tests.broken_places import UNWRITABLE
from tests.media_samples import always_wanted

SENTENCE = (
    "Far below your feet, the Earth is restless. Rock gets hot — so hot that part of it melts; and then it rises."
)


@pytest.fixture(params=[EspeakVoice])
def voice(request: pytest.FixtureRequest) -> Voice:
    """Each Voice that needs no key; one with a key joins with a server that answers as its vendor's does."""
    made: Voice = request.param()
    return made


def samples_of(path: Path) -> tuple[NDArray[np.int16], int]:
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2"), file.getframerate()


def silences_s(path: Path, at_least_s: float) -> list[tuple[float, float]]:
    """(start, length) of each silent stretch between two sounds."""
    samples, rate = samples_of(path)
    loud = np.flatnonzero(np.abs(samples.astype(int)) > 100)
    gaps = np.diff(loud)
    return [(loud[i] / rate, gaps[i] / rate) for i in np.flatnonzero(gaps > at_least_s * rate)]


def assert_words_match(speech: Speech, text: str) -> None:
    assert [word.text for word in speech.words] == text.split(" ")
    last_end_s = 0.0
    for word in speech.words:
        assert last_end_s <= word.start_s + 1e-9 < word.end_s
        last_end_s = word.end_s
    assert last_end_s <= speech.duration_s + 1e-6


# The contract


def test_a_voice_says_who_it_is(voice: Voice) -> None:
    assert voice.name and voice.version
    assert isinstance(voice.pool, Pool)


def test_words_match_the_text_one_to_one_and_their_times_never_go_back(voice: Voice, tmp_path: Path) -> None:
    speech = voice.speak(SpeechRequest(SENTENCE, "en"), tmp_path / "a.wav", always_wanted)
    assert_words_match(speech, SENTENCE)


def test_the_sound_is_mono_16_bit_as_long_as_it_says_and_does_not_clip(voice: Voice, tmp_path: Path) -> None:
    speech = voice.speak(SpeechRequest(SENTENCE, "en"), tmp_path / "a.wav", always_wanted)
    samples, rate = samples_of(tmp_path / "a.wav")
    assert len(samples) / rate == pytest.approx(speech.duration_s)
    assert 5_000 < np.abs(samples.astype(int)).max() < 32_000


def test_sound_begins_and_ends_at_once_and_from_silence(voice: Voice, tmp_path: Path) -> None:
    voice.speak(SpeechRequest(SENTENCE, "en"), tmp_path / "a.wav", always_wanted)
    samples, rate = samples_of(tmp_path / "a.wav")
    loud = np.flatnonzero(np.abs(samples.astype(int)) > 100)
    assert 0 < loud[0] / rate <= 0.06 and 0 < (len(samples) - loud[-1]) / rate <= 0.06
    assert samples[0] == 0 and samples[-1] == 0


def test_speech_is_as_fast_as_a_narrators(voice: Voice, tmp_path: Path) -> None:
    speech = voice.speak(SpeechRequest(SENTENCE, "en"), tmp_path / "a.wav", always_wanted)
    assert 140 < len(speech.words) / speech.duration_s * 60 < 185


def test_the_same_request_gives_the_same_bytes_whatever_was_said_before(voice: Voice, tmp_path: Path) -> None:
    first = voice.speak(SpeechRequest(SENTENCE, "en"), tmp_path / "a.wav", always_wanted)
    voice.speak(SpeechRequest("Bonjour, tout le monde.", "fr"), tmp_path / "b.wav", always_wanted)
    again = voice.speak(SpeechRequest(SENTENCE, "en"), tmp_path / "c.wav", always_wanted)
    assert first == again
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "c.wav").read_bytes()


def test_another_take_is_another_reading_of_the_same_words(voice: Voice, tmp_path: Path) -> None:
    for take in range(4):
        speech = voice.speak(SpeechRequest(SENTENCE, "en", take=take), tmp_path / f"{take}.wav", always_wanted)
        assert_words_match(speech, SENTENCE)
    assert len({(tmp_path / f"{take}.wav").read_bytes() for take in range(4)}) == 4


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("de", "Am 3. Oktober kamen ca. 1.200 Menschen und zahlten 3 Mio. Euro an Hr. Dr. med. Meier."),
        ("es", "El Sr. García vive en EE. UU. desde 1990."),
        ("en", "We paid approx. €3 for 5 ft. 3 in. of rope."),
    ],
)
def test_no_pause_follows_an_abbreviation(voice: Voice, language: str, text: str, tmp_path: Path) -> None:
    words = voice.speak(SpeechRequest(text, language), tmp_path / "a.wav", always_wanted).words
    assert all(following.start_s - word.end_s < 0.1 for word, following in zip(words, words[1:], strict=False))


@pytest.mark.parametrize(
    ("language", "near"),
    [("english", "en"), ("germn", "de"), ("portugese", "pt"), ("klingon", "piqd")],
)
def test_a_wrong_language_is_refused_with_near_matches(voice: Voice, language: str, near: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        voice.check(language, None)
    assert caught.value.field == "language"
    assert near in caught.value.details["near"]
    assert len(caught.value.details["near"]) <= 5


@pytest.mark.parametrize(
    ("language", "name"), [("", None), (" ", None), ("qqqq", None), ("en", ""), ("en", "klingonn"), ("en", "zzz")]
)
def test_where_nothing_is_near_the_refusal_says_where_the_list_is(
    voice: Voice, language: str, name: str | None
) -> None:
    with pytest.raises(InvalidInput, match=r"GET /api/voices and --list-voices") as caught:
        voice.check(language, name)
    assert caught.value.details["near"] == []


def test_a_wrong_voice_is_refused_with_near_matches(voice: Voice) -> None:
    with pytest.raises(InvalidInput) as caught:
        voice.check("en", "f9")
    assert caught.value.field == "voice"
    assert "f5" in caught.value.details["near"]


@pytest.mark.parametrize("language", ["en", "en_US", "EN-gb", "pt-BR", "de-AT", "zh-Hans", "no", "es-MX"])
def test_a_language_is_understood_however_it_is_spelled(voice: Voice, language: str, tmp_path: Path) -> None:
    voice.check(language, None)
    assert_words_match(voice.speak(SpeechRequest("Radio 7", language), tmp_path / "a.wav", always_wanted), "Radio 7")


def test_a_failure_leaves_nothing_behind(voice: Voice, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput):
        voice.speak(SpeechRequest("Hello", "nowhere"), tmp_path / "a.wav", always_wanted)
    with pytest.raises(ProviderRefused):
        voice.speak(SpeechRequest("— … —", "en"), tmp_path / "a.wav", always_wanted)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", UNWRITABLE)
def test_a_folder_that_is_gone_is_worth_another_attempt(voice: Voice, tmp_path: Path, place: str) -> None:
    out = UNWRITABLE[place](tmp_path)
    with pytest.raises(TransientError) as caught:
        voice.speak(SpeechRequest(SENTENCE, "en"), out, always_wanted)
    assert not isinstance(caught.value, StorageFull)
    assert str(tmp_path) not in caught.value.message


def test_threads_take_turns(voice: Voice, tmp_path: Path) -> None:
    expected = voice.speak(SpeechRequest(SENTENCE, "en"), tmp_path / "a.wav", always_wanted)
    with ThreadPoolExecutor(8) as pool:
        requests = [SpeechRequest(SENTENCE, "en"), SpeechRequest("Hallo, Welt.", "de")] * 10
        outs = [tmp_path / f"{number}.wav" for number in range(len(requests))]
        speeches = list(pool.map(voice.speak, requests, outs, repeat(always_wanted)))
    assert speeches[::2] == [expected] * 10


def speak_in_child(voice: Voice, path: Path) -> None:
    voice.speak(SpeechRequest(SENTENCE, "en"), path, always_wanted)


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_fork_speaks_as_its_parent_did(voice: Voice, tmp_path: Path) -> None:
    voice.speak(SpeechRequest(SENTENCE, "en"), tmp_path / "parent.wav", always_wanted)
    child = multiprocessing.get_context("fork").Process(target=speak_in_child, args=(voice, tmp_path / "child.wav"))
    child.start()
    child.join(30)
    assert child.exitcode == 0
    assert (tmp_path / "child.wav").read_bytes() == (tmp_path / "parent.wav").read_bytes()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    tokens=st.lists(
        st.text(alphabet="aZ5é火п.,;:!?—-'\"()[]<>&%$€°/\\@#*_~^|{}=+…«»“”😀\ufffd\u0301\x01", min_size=1, max_size=8),
        min_size=1,
        max_size=8,
    ),
    language=st.sampled_from(["en", "de", "fr", "cmn", "ar", "hi"]),
)
def test_any_words_get_times_or_a_clear_refusal(voice: Voice, tmp_path: Path, tokens: list[str], language: str) -> None:
    text = " ".join(tokens)
    try:
        assert_words_match(voice.speak(SpeechRequest(text, language), tmp_path / "a.wav", always_wanted), text)
    except ProviderRefused as error:
        assert language in error.message


# Pauses


def test_pauses_grow_with_the_punctuation(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    EspeakVoice().speak(SpeechRequest("One moon, many moons; all moons. More moons.", "en"), path, always_wanted)
    comma, strong, sentence = [length_s for _, length_s in silences_s(path, 0.15)]
    assert (comma, strong, sentence) == pytest.approx((0.2, 0.32, 0.5), abs=0.03)


def test_a_word_after_a_pause_starts_when_it_sounds(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    speech = EspeakVoice().speak(SpeechRequest(SENTENCE, "en"), path, always_wanted)
    pauses = silences_s(path, 0.15)
    assert len(pauses) == 4
    for start_s, length_s in pauses:
        assert min(abs(word.start_s - (start_s + length_s)) for word in speech.words) < 0.03


def test_an_abbreviation_makes_no_pause(tmp_path: Path) -> None:
    EspeakVoice().speak(SpeechRequest("Dr. Moon met Mr. Lee on Mt. Nebo", "en"), tmp_path / "a.wav", always_wanted)
    assert silences_s(tmp_path / "a.wav", 0.15) == []


def test_a_dash_stands_in_the_pause_it_makes(tmp_path: Path) -> None:
    speech = EspeakVoice().speak(SpeechRequest("Many moons — one Earth", "en"), tmp_path / "a.wav", always_wanted)
    ((start_s, length_s),) = silences_s(tmp_path / "a.wav", 0.15)
    assert speech.words[2].start_s == pytest.approx(start_s, abs=0.03)
    assert speech.words[2].end_s == pytest.approx(start_s + length_s, abs=0.03)


# What is said for what is shown


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        ("In 1883 and 1905", "In 18 83 and 19 oh 5"),
        ("the 1980s", "the 19 eighties"),
        ("1500 km away", "1500 kilometers away"),
        ("1 km or 5 km/h", "1 kilometer or 5 kilometers per hour"),
        ("hot: 1,200 °C.", "hot: 1,200 degrees Celsius."),
        ("a 5GB file", "a 5 gigabytes file"),
        ("10–20% off", "10 to 20% off"),
        ("$5.50 or $3 million", "5 dollars 50 or 3 million dollars"),
        ("World War II and Louis XIV", "World War 2 and Louis the 14th"),
        ("Dr. Who, e.g. here", "Dr Who, for example here"),
        ("No. 5 and/or #7", "number 5 and or number 7"),
        ("in 79 AD now", "in 79 A-D now"),
        ("I am in no. way", "I am in no way"),
    ],
)
def test_english_is_said_as_a_narrator_says_it(shown: str, said: str) -> None:
    assert spoken_text(shown.split(" "), "en-us").text == said


def test_other_languages_keep_their_words_and_lose_false_stops() -> None:
    assert spoken_text("Hr. Müller kam 1883 an.".split(" "), "de").text == "Hr Müller kam 1883 an."


@pytest.mark.parametrize("markup", ["<break time='9s'/>", "[[h@'loU]]", "&lt;", "<speak>", "<audio", "]]", "<!--"])
def test_markup_in_a_text_is_only_text(markup: str, tmp_path: Path) -> None:
    text = f"one {markup} two"
    speech = EspeakVoice().speak(SpeechRequest(text, "en"), tmp_path / "a.wav", always_wanted)
    assert_words_match(speech, text)
    assert speech.duration_s < 8


def test_each_language_and_each_variant_speaks(tmp_path: Path) -> None:
    voice = EspeakVoice()
    for tag in voice.languages():
        assert_words_match(
            voice.speak(SpeechRequest("Radio 7, 1999.", tag), tmp_path / "a.wav", always_wanted), "Radio 7, 1999."
        )
    for variant in voice.voices():
        voice.check("en", variant)
        assert (
            voice.speak(SpeechRequest("Hello, world.", "en", variant), tmp_path / "a.wav", always_wanted).duration_s
            > 0.5
        )
