"""The video's sound as a file of its own: M4A, the very packets of the video, or MP3; and the check of either."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import av

from app.domain.errors import GateFailed
from app.domain.machine_faults import words_of
from app.media.aac import decode_sound, write_sound
from app.media.files import named_errors, reading, written_whole
from app.media.gate import loudness_misses
from app.media.loudness import RATE_HZ, Loudness, Samples, analyse, measure
from app.media.music import reporting
from app.media.probe import local_url, open_media
from app.media.soundtrack import Codec, encode_to_target

MP3_BIT_RATE = 192_000
DEMUXERS = {"m4a": "mov", "mp3": "mp3"}
CODECS = {"m4a": "aac", "mp3": "mp3float"}
# A frame of MP3 that a decoder may or may not count; of AAC the edit list knows each sample.
TOLERANCE_S = {"m4a": 0.001, "mp3": 1152 / RATE_HZ}


@dataclass(frozen=True)
class AudioFacts:
    """As measured on the decoded samples."""

    codec: str
    rate_hz: int
    channels: int
    duration_s: float
    loudness: Loudness


def make_m4a(soundtrack: Path, title: str | None, out: Path) -> None:
    """Copy the packets of `soundtrack` (AAC in MP4) to `out`, with its index first and the title in it."""
    options = {
        "movflags": "+faststart",
        "brand": "M4A ",
        # As for the video: the edit list then holds every sample, and the same sound is the same file.
        "movie_timescale": str(RATE_HZ),
        "fflags": "+bitexact",
    }
    with named_errors("making the sound file"), written_whole(out) as partial, open_media(soundtrack, "mov") as sound:
        with av.open(local_url(partial), "w", format="mp4", options=options) as copied:
            copied.metadata.update(_tags(title))
            source = sound.streams.audio[0]
            stream = copied.add_stream_from_template(source)
            for packet in sound.demux(source):
                if packet.size and packet.pts is not None:
                    packet.stream = stream
                    copied.mux_one(packet)


def make_mp3(soundtrack: Path, title: str | None, out: Path, report: Callable[[float], None]) -> None:
    """Encode `soundtrack` (AAC in MP4) as MP3, 192 kb/s stereo, and level it again: a second codec moves peaks too."""

    def encode(blocks: Iterator[Samples], path: Path) -> None:
        with av.open(local_url(path), "w", format="mp3", options={"fflags": "+bitexact"}) as container:
            container.metadata.update(_tags(title))
            stream = container.add_stream("libmp3lame", rate=RATE_HZ, layout="stereo")
            stream.bit_rate = MP3_BIT_RATE
            write_sound(container, stream, blocks)

    def blocks() -> Iterator[Samples]:
        return decode_sound(soundtrack)

    def is_wanted(_: float) -> None:
        report(0.0)

    with named_errors("making the sound file"), written_whole(out) as partial:
        frames = _length(soundtrack)
        analysis = analyse(reporting(blocks(), frames, is_wanted))
        codec = Codec(encode, lambda path: decode_sound(path, "mp3"))
        encode_to_target(blocks, analysis, frames, partial, report, codec)


def check_audio(path: Path, format: str, duration_s: float) -> AudioFacts:
    """Measure a sound file of this `format` (m4a, mp3); GateFailed, with every miss, when it is not as planned."""
    try:
        with reading(path, "the sound file"):
            facts = measure_audio(path, format)
    except (av.FFmpegError, OSError, ValueError, IndexError) as error:
        message = f"the sound file cannot be read: {words_of(error)}"
        raise GateFailed(message, misses=["the sound file cannot be read"]) from error
    found = []
    if (facts.codec, facts.rate_hz, facts.channels) != (CODECS[format], RATE_HZ, 2):
        found.append(f"the sound is {facts.codec} {facts.rate_hz} Hz × {facts.channels}")
    if abs(facts.duration_s - duration_s) > TOLERANCE_S[format]:
        found.append(f"{facts.duration_s:.3f} s instead of {duration_s:.3f} s")
    found.extend(loudness_misses(facts.loudness))
    if found:
        raise GateFailed("the sound file is not what was planned: " + "; ".join(found), misses=found)
    return facts


def measure_audio(path: Path, format: str) -> AudioFacts:
    """Raises what libav does."""
    frames = 0

    def counted() -> Iterator[Samples]:
        nonlocal frames
        for block in decode_sound(path, DEMUXERS[format]):
            frames += block.shape[1]
            yield block

    loudness = measure(counted())
    with open_media(path, DEMUXERS[format]) as container:
        context = container.streams.audio[0].codec_context
        return AudioFacts(context.name, context.sample_rate, context.channels, frames / context.sample_rate, loudness)


def _tags(title: str | None) -> dict[str, str]:
    return {} if title is None else {"title": title}


def _length(sound: Path) -> int:
    """Of an MP4's sound, in samples; at least 1."""
    with open_media(sound, "mov") as container:
        stream = container.streams.audio[0]
        return max(1, round(float((stream.duration or 0) * (stream.time_base or 0)) * RATE_HZ))
