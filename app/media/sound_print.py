"""Files with the same sound, packet by packet: what was measured of one is true of the other.

A video's sound is a copy of its soundtrack, and so is that of every variant. To measure it once more for each would
find the same figures again, at half a second of work for each minute of sound.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from app.media.frame_grid import FrameGrid
from app.media.loudness import RATE_HZ, Loudness
from app.media.probe import open_media


@dataclass(frozen=True)
class KnownSound:
    """The loudness that was measured of the sound with this `fingerprint`."""

    fingerprint: str
    loudness: Loudness


def sound_fingerprint(path: Path) -> str:
    """SHA-256 over the first sound track of an MP4 as a player gets it: its decoder's parameters, where it begins and
    ends, and the time and the bytes of every packet, in samples of 48 kHz.
    """
    digest = hashlib.sha256()
    with open_media(path, "mov", decoders=("aac",)) as container:
        stream = container.streams.audio[0]
        samples = FrameGrid(stream.time_base or Fraction(1), RATE_HZ)
        played = (samples.nearest(stream.start_time or 0), samples.nearest(stream.duration or 0))
        context = stream.codec_context
        digest.update(repr((context.name, context.sample_rate, context.channels, *played)).encode())
        digest.update(bytes(context.extradata or b""))
        for packet in container.demux(stream):
            if packet.size and packet.pts is not None:
                digest.update(repr((samples.nearest(packet.pts), packet.size)).encode())
                digest.update(memoryview(packet))
    return digest.hexdigest()
