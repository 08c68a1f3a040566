"""AAC-LC in MP4, written and read so that the first sample heard is the first sample given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import chain
from pathlib import Path

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer

from app.media.loudness import RATE_HZ, Samples
from app.media.probe import local_url, open_media

BIT_RATE = 192_000
# At this bit rate libav's plain search keeps more of the sound, in every band, than its two nested loops, in fewer
# bytes and for two thirds of the time. The tools that save bits by leaving something out are not needed, and intensity
# stereo is sometimes grossly wrong (docs/measurements.md).
CODING = {"aac_coder": "fast", "aac_is": "0", "aac_pns": "0", "aac_tns": "0", "flags": "+bitexact"}
# For a sound that is the same on both sides: their difference is nothing, so that there is nothing to try.
SAME_ON_BOTH_SIDES = {"aac_ms": "1"}
# Of what we write ourselves.
SOUND_DECODERS = ("aac", "mp3float")


def encode_aac(blocks: Iterable[Samples], out: Path) -> None:
    """Write 48 kHz `blocks` as AAC-LC stereo, 192 kb/s: at least one, all of one channel for both sides or all of two.

    The encoder's priming stands in the file as an edit list, which players and our join obey.
    """
    options = {
        # The edit list counts in the movie's time scale; in its usual milliseconds the sound's end would be rounded.
        "movie_timescale": str(RATE_HZ),
        # Dates and versions would make the same sound a different file.
        "fflags": "+bitexact",
    }
    given = iter(blocks)
    first = next(given)
    coding = CODING | (SAME_ON_BOTH_SIDES if first.shape[0] == 1 else {})
    with av.open(local_url(out), "w", format="mp4", options=options) as container:
        stream = container.add_stream("aac", rate=RATE_HZ, layout="stereo", options=coding)
        stream.bit_rate = BIT_RATE
        write_sound(container, stream, chain((first,), given))


def write_sound(container: OutputContainer, stream: AudioStream, blocks: Iterable[Samples]) -> None:
    """Encode 48 kHz `blocks` (1 or 2 channels) to a stereo `stream` of an open container, to its end."""
    written = 0
    for block in blocks:
        both = np.ascontiguousarray(np.broadcast_to(block, (2, block.shape[1])), np.float32)
        frame = av.AudioFrame.from_ndarray(both, format="fltp", layout="stereo")
        frame.sample_rate = RATE_HZ
        frame.time_base = Fraction(1, RATE_HZ)
        frame.pts = written
        written += block.shape[1]
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def decode_sound(path: Path, demuxer: str = "mov") -> Iterator[Samples]:
    """The samples that a player plays of a file's first sound track, priming and padding left out, second by second."""
    with open_media(path, demuxer, decoders=SOUND_DECODERS) as container:
        stream = container.streams.audio[0]
        end = None if stream.duration is None else (stream.start_time or 0) + stream.duration
        # A frame is some 20 ms of sound, and to make an array of each takes as long as to decode it.
        held = av.AudioFifo()
        for frame in container.decode(stream):
            left = frame.samples
            if end is not None and frame.pts is not None and frame.time_base == stream.time_base:
                left = max(0, end - frame.pts)
            frame.pts = None
            if left < frame.samples:
                yield from _blocks(held, partial=True)
                yield _samples(frame)[:, :left]
            else:
                held.write(frame)
                yield from _blocks(held, partial=False)
        yield from _blocks(held, partial=True)


def _blocks(held: av.AudioFifo, *, partial: bool) -> Iterator[Samples]:
    """What is held, if it is a second; with `partial` also if it is less."""
    if frame := held.read(0 if partial else RATE_HZ):
        yield _samples(frame)


def _samples(frame: av.AudioFrame) -> Samples:
    return frame.to_ndarray().astype(np.float32, copy=False)
