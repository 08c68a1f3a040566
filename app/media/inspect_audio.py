"""What an uploaded sound is, by its content; anything else is refused with a sentence for a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import av
from av.audio.stream import AudioStream
from av.container import InputContainer

from app.domain.errors import UnsupportedMedia
from app.domain.machine_faults import machine_faults
from app.media.files import reading
from app.media.probe import MAX_STREAMS, open_media

MAX_DURATION_S = 3 * 3600.0
MAX_CHANNELS = 8
SAMPLE_RATES_HZ = range(8_000, 192_001)
ACCEPTED = "MP3, WAV, FLAC, OGG, Opus, M4A and AAC are accepted."

# Enough to know that the decoder understands it; the rest is decoded when it is used.
DECODED_S = 0.5
_MAGIC_BYTES = 64 * 1024

_CODECS: Mapping[str, frozenset[str]] = MappingProxyType(
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


@dataclass(frozen=True)
class AudioInfo:
    """`format` is libav's name of the demuxer that reads it; `duration_s` is counted from the packets, not claimed."""

    duration_s: float
    sample_rate_hz: int
    channels: int
    format: str


def inspect_audio(path: Path) -> AudioInfo:
    """Facts of the sound at `path`, whatever its name. Raises UnsupportedMedia.

    Reads the whole file, decodes its start. TransientError when the machine cannot read it.
    """
    with machine_faults("reading the sound"), path.open("rb") as file:
        demuxer = demuxer_for(file.read(_MAGIC_BYTES))
    if demuxer is None:
        raise UnsupportedMedia(f"This is not a sound we can read. {ACCEPTED}")
    try:
        with reading(path, "the sound"), open_media(path, demuxer) as container:
            return _inspect(container, demuxer)
    except (av.FFmpegError, OSError, ValueError) as error:
        raise UnsupportedMedia(f"The sound is damaged or cut short. {ACCEPTED}") from error


def demuxer_for(head: bytes) -> str | None:
    """The demuxer that the file's first bytes call for, or None when they are of no sound that we accept."""
    body = _after_id3(head)
    if body[:4] in (b"RIFF", b"RF64") and body[8:12] == b"WAVE":
        return "wav"
    if body[:4] == b"fLaC":
        return "flac"
    if body[:4] == b"OggS":
        return "ogg"
    if body[4:8] == b"ftyp":
        return "mov"
    if body[:4] == b"\x1aE\xdf\xa3":
        return "matroska"
    if len(body) >= 2 and body[0] == 0xFF and body[1] & 0xE0 == 0xE0:
        # The two layer bits: 00 is an ADTS header of AAC; 01 and 10 are MPEG audio's layers III and II.
        return {0: "aac", 1: "mp3", 2: "mp3"}.get(body[1] >> 1 & 3)
    # A tag larger than what was read (cover art), or stray bytes before the first frame: both are common in MP3 only.
    return "mp3" if head[:3] == b"ID3" else None


def _after_id3(head: bytes) -> bytes:
    """`head` without a leading ID3v2 tag and the zero bytes that some writers leave behind it."""
    if head[:3] != b"ID3" or len(head) < 10:
        return head
    size_bytes = 0
    for byte in head[6:10]:
        size_bytes = size_bytes << 7 | byte & 0x7F
    return head[10 + size_bytes :].lstrip(b"\0")


def _inspect(container: InputContainer, demuxer: str) -> AudioInfo:
    if len(container.streams) > MAX_STREAMS:
        raise UnsupportedMedia(f"The file has {len(container.streams)} streams; at most {MAX_STREAMS} are accepted.")
    if not container.streams.audio:
        raise UnsupportedMedia(f"The file holds no sound. {ACCEPTED}")
    stream = container.streams.audio[0]
    # Judged before the first byte is decoded: rare decoders are where the holes are.
    codec = stream.codec_context.codec.name
    if codec not in _CODECS[demuxer]:
        raise UnsupportedMedia(f"The sound is coded as {codec}, which is not accepted. {ACCEPTED}")
    rate_hz, channels = stream.codec_context.sample_rate, stream.codec_context.channels
    if rate_hz not in SAMPLE_RATES_HZ or not 1 <= channels <= MAX_CHANNELS:
        raise UnsupportedMedia(f"{channels} channels at {rate_hz} Hz are not accepted.")
    duration_s = _counted_duration_s(container, stream)
    return AudioInfo(duration_s=duration_s, sample_rate_hz=rate_hz, channels=channels, format=demuxer)


def _counted_duration_s(container: InputContainer, stream: AudioStream) -> float:
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
            raise UnsupportedMedia(f"The sound is longer than {MAX_DURATION_S / 3600:g} hours.")
    if counted_s <= 0.0 or (decoded_s <= 0.0 and counted_s >= DECODED_S):
        raise UnsupportedMedia(f"The file holds no sound that can be played. {ACCEPTED}")
    return counted_s
