"""The espeak-ng library through ctypes: one text in, its samples and word events out.

Each call loads a copy of the library of its own and unloads it. The library keeps oscillator phases and
translation state in globals, so that with one copy the same text sounds different the second time; a fresh one
gives the same bytes always, in 3 ms more. Nothing starts a thread, opens a sound device or survives the call.
"""

from __future__ import annotations

import _ctypes
import ctypes
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

import espeakng_loader
import numpy as np
from numpy.typing import NDArray

from app.domain.errors import PermanentError

SAMPLE_RATE_HZ = 22_050
VOLUME_PERCENT = 85  # a few variants clip at 100

# From the library's public header, speak_lib.h.
_SYNCHRONOUS = 2
_DO_NOT_EXIT = 0x8000
_UTF8 = 1  # without the SSML and phoneme flags, so that < and [[ are letters like any other
_BUFFER_MS = 1000
_RATE, _VOLUME, _RANGE = 1, 2, 4
_WORD_EVENT, _END_EVENT = 1, 5

# Two threads would share the one copy that is loaded; a fork in the middle of a call would inherit half of its state.
_one_at_a_time = threading.Lock()
os.register_at_fork(
    before=_one_at_a_time.acquire,
    after_in_parent=_one_at_a_time.release,
    after_in_child=_one_at_a_time.release,
)


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position_ms", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", ctypes.c_char * 8),
    )


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


@dataclass(frozen=True)
class Event:
    """`position` counts characters of the text from 0, `sample` counts from the start of the sound."""

    position: int
    sample: int


@dataclass(frozen=True)
class RawSpeech:
    """`samples` are 16-bit mono at SAMPLE_RATE_HZ; `ends` are the ends of clauses, pauses included."""

    samples: NDArray[np.int16]
    words: tuple[Event, ...]
    ends: tuple[Event, ...]


@cache
def library_version() -> str:
    """The version of the wheel's library, such as `1.52.0`."""
    with _fresh_library() as library:
        library.espeak_Info.restype = ctypes.c_char_p
        version: bytes = library.espeak_Info(None)
        return version.decode().split()[0]


@contextmanager
def _fresh_library() -> Iterator[ctypes.CDLL]:
    with _one_at_a_time:
        library = ctypes.CDLL(espeakng_loader.get_library_path())
        try:
            yield library
        finally:
            library.espeak_Terminate()
            _ctypes.dlclose(library._handle)


def synthesize(
    text: str, voice: str, *, rate_wpm: int, pitch_range: int, still_wanted: Callable[[], None]
) -> RawSpeech:
    """Say `text` with `voice` (`en-us+f3`); raises PermanentError when the library refuses.

    `still_wanted` is called for each second of sound that the library gives, and may raise.
    """
    chunks: list[bytes] = []
    words: list[Event] = []
    ends: list[Event] = []
    raised: list[BaseException] = []

    def receive(samples: ctypes._Pointer[ctypes.c_short], count: int, events: ctypes._Pointer[_Event]) -> int:
        if count > 0:
            chunks.append(ctypes.string_at(samples, count * 2))
        index = 0
        while (event := events[index]).type != 0:
            if event.type == _WORD_EVENT:
                words.append(Event(event.text_position - 1, event.sample))
            elif event.type == _END_EVENT:
                ends.append(Event(event.text_position - 1, event.sample))
            index += 1
        try:
            still_wanted()
        except BaseException as error:
            # Nothing can be raised through the library: 1 asks it to stop.
            raised.append(error)
            return 1
        return 0

    callback = _Callback(receive)
    with _fresh_library() as library:
        data_folder = os.fsencode(espeakng_loader.get_data_path())
        if library.espeak_Initialize(_SYNCHRONOUS, _BUFFER_MS, data_folder, _DO_NOT_EXIT) != SAMPLE_RATE_HZ:
            raise PermanentError("espeak-ng does not find its data: reinstall the espeakng-loader package.")
        library.espeak_SetSynthCallback(callback)
        if library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise PermanentError(f"espeak-ng has no voice {voice}.")
        library.espeak_SetParameter(_RATE, rate_wpm, 0)
        library.espeak_SetParameter(_VOLUME, VOLUME_PERCENT, 0)
        library.espeak_SetParameter(_RANGE, pitch_range, 0)
        data = text.encode() + b"\0"
        answer = library.espeak_Synth(data, ctypes.c_size_t(len(data)), 0, 1, 0, _UTF8, None, None)
        if raised:
            raise raised[0]
        if answer != 0:
            raise PermanentError("espeak-ng refused the text.")
    return RawSpeech(np.frombuffer(b"".join(chunks), np.int16), tuple(words), tuple(ends))
