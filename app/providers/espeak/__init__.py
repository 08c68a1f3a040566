"""The voice that needs no key: espeak-ng in this process, with the library and data of the espeakng-loader wheel.

What is said may differ from what is shown (spoken_text.py); words are timed by the library's own events.
"""

from __future__ import annotations

import os
import wave
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from app.domain.errors import ProviderRefused
from app.domain.machine_faults import machine_fault
from app.domain.sentences import glued_of, tokens_of
from app.domain.speech import Speech
from app.domain.states import Pool
from app.providers.espeak.catalogue import catalogue, language_tag, variant_name
from app.providers.espeak.library import SAMPLE_RATE_HZ, RawSpeech, library_version, synthesize
from app.providers.espeak.pauses import ShapedSpeech, shape_pauses
from app.providers.espeak.spoken_text import spoken_text
from app.providers.espeak.word_times import anchors_of, wanted_pauses, word_times
from app.providers.protocols import SpeechRequest

# Of all variants the one with the softest upper formants and room before clipping.
DEFAULT_VARIANT = "max"
# Words a minute and range of pitch of each take, in turn. The library's default range is 50; 60 is a little livelier.
READINGS = ((160, 60), (150, 72), (168, 52), (154, 45), (164, 80))
# Part of the cache key: raise it when the same request sounds different.
SHAPING = 1


class EspeakVoice:
    """A Voice. One instance serves any number of threads; they take turns in the library."""

    name = "espeak"
    pool = Pool.CPU

    def __init__(self) -> None:
        self.version = f"{library_version()}+{SHAPING}"

    def voices(self) -> tuple[str, ...]:
        """The names that `voice` may have; each speaks every language."""
        return catalogue().variants

    def languages(self) -> dict[str, str]:
        """Each language tag with the language's name."""
        return {tag: language.name for tag, language in catalogue().languages.items()}

    def check(self, language: str, voice: str | None) -> None:
        language_tag(language)
        if voice is not None:
            variant_name(voice)

    def speak(self, request: SpeechRequest, out: Path, still_wanted: Callable[[], None]) -> Speech:
        """Raises InvalidInput as `check` does, and ProviderRefused when nothing in the text can be said."""
        tag = language_tag(request.language)
        variant = DEFAULT_VARIANT if request.voice is None else variant_name(request.voice)
        tokens = tokens_of(request.text)
        spoken = spoken_text(tokens, tag)
        file = catalogue().languages[tag].file
        rate_wpm, pitch_range = READINGS[request.take % len(READINGS)]
        named = f"{file}+{variant}"
        raw = synthesize(spoken.text, named, rate_wpm=rate_wpm, pitch_range=pitch_range, still_wanted=still_wanted)
        anchors = anchors_of(raw, spoken)
        if not anchors or not _has_sound(raw):
            raise ProviderRefused(f"Nothing in this scene can be spoken in the language {tag}.", language=tag)
        shaped = shape_pauses(raw, wanted_pauses(raw, anchors, tokens))
        still_wanted()
        _write_wav(shaped, out)
        words = word_times(tokens, anchors, shaped)
        glued = glued_of(request.text, tokens)
        return Speech(
            len(shaped.samples) / SAMPLE_RATE_HZ,
            tuple(replace(word, glued=is_glued) for word, is_glued in zip(words, glued, strict=True)),
        )


def _has_sound(raw: RawSpeech) -> bool:
    return bool(raw.samples.any())


def _write_wav(shaped: ShapedSpeech, out: Path) -> None:
    """Written beside its place and moved there whole: a failure leaves nothing at `out`."""
    part = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as opened, wave.open(opened, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(SAMPLE_RATE_HZ)
            file.writeframes(shaped.samples.astype("<i2").tobytes())
        part.replace(out)
    except OSError as error:
        raise machine_fault(error, "writing the speech") from error
    finally:
        with suppress(OSError):
            part.unlink()
