"""Open a stranger's sound in a process that may fall: `python -m app.media.read_audio DEMUXER PATH`.

Prints one JSON object: what was found, or `{"fault": …}`, a sentence for a person. `app.media.inspect_audio` starts it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from app.media.limited import limit_this_process

MAX_DURATION_S = 3 * 3600.0
MAX_CHANNELS = 8
SAMPLE_RATES_HZ = range(8_000, 192_001)
ACCEPTED = "MP3, WAV, FLAC, OGG, Opus, M4A and AAC are accepted."
DAMAGED = f"The sound is damaged or cut short. {ACCEPTED}"

# Enough to know that the decoder understands it; the rest is decoded when it is used.
DECODED_S = 0.5

CODECS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "mp3": frozenset({"mp3", "mp3float", "mp2", "mp2float"}),
        "wav": frozenset({"pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le", "pcm_f64le"}),
        "flac": frozenset({"flac"}),
        "ogg": frozenset({"vorbis", "opus", "libopus", "libvorbis", "flac"}),
        "mov": frozenset({"aac", "alac", "mp3", "mp3float"}),
        "aac": frozenset({"aac"}),
        "matroska": frozenset({"vorbis", "opus", "libopus", "libvorbis", "aac", "flac", "mp3", "mp3float"}),
    }
)


class _Refused(Exception):
    """A sentence for a person: why the sound is not accepted."""


def main(demuxer: str, path: Path) -> int:
    with limit_this_process():
        import av

        from app.media.probe import open_media
    av.logging.set_level(None)
    try:
        with open_media(path, demuxer) as container:
            found = read(container, demuxer)
    except _Refused as refusal:
        found = {"fault": str(refusal)}
    except (av.FFmpegError, OSError, ValueError, MemoryError):
        found = {"fault": DAMAGED}
    print(json.dumps(found))
    return 0


def read(container: Any, demuxer: str) -> dict[str, Any]:
    """The facts of the first sound in the file."""
    from app.media.probe import MAX_STREAMS

    if len(container.streams) > MAX_STREAMS:
        raise _Refused(f"The file has {len(container.streams)} streams; at most {MAX_STREAMS} are accepted.")
    if not container.streams.audio:
        raise _Refused(f"The file holds no sound. {ACCEPTED}")
    stream = container.streams.audio[0]
    # Judged before the first byte is decoded: rare decoders are where the holes are.
    codec = stream.codec_context.codec.name
    if codec not in CODECS[demuxer]:
        raise _Refused(f"The sound is coded as {codec}, which is not accepted. {ACCEPTED}")
    rate_hz, channels = stream.codec_context.sample_rate, stream.codec_context.channels
    if not 1 <= channels <= MAX_CHANNELS:
        # libav says 0 also where the header says more than it takes for possible.
        given = f"{channels} channels" if channels else "no channels, or too many"
        raise _Refused(f"The sound has {given}; 1 to {MAX_CHANNELS} are accepted.")
    if rate_hz not in SAMPLE_RATES_HZ:
        least, most = SAMPLE_RATES_HZ[0], SAMPLE_RATES_HZ[-1]
        raise _Refused(f"The sound has {rate_hz} samples a second; {least} to {most} are accepted.")
    return {"duration_s": counted_duration_s(container, stream), "sample_rate_hz": rate_hz, "channels": channels}


def counted_duration_s(container: Any, stream: Any) -> float:
    """Add up the packets, decoding the first of them; a header's claim is never believed."""
    counted_s = decoded_s = 0.0
    for packet in container.demux(stream):
        if packet.size == 0 or packet.duration is None or packet.time_base is None:
            continue
        if counted_s < DECODED_S:
            for frame in packet.decode():
                decoded_s += frame.samples / frame.sample_rate
        counted_s += float(packet.duration * packet.time_base)
        if counted_s > MAX_DURATION_S:
            raise _Refused(f"The sound is longer than {MAX_DURATION_S / 3600:g} hours.")
    if counted_s <= 0.0 or (decoded_s <= 0.0 and counted_s >= DECODED_S):
        raise _Refused(f"The file holds no sound that can be played. {ACCEPTED}")
    return counted_s


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))
