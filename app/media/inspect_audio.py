"""What an uploaded sound is, by its content; anything else is refused with a sentence for a person.

A stranger's file is opened in a process of its own (`app.media.read_audio`), with limits on memory and time.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from app.domain.errors import UnsupportedMedia
from app.domain.machine_faults import machine_faults
from app.media.files import check_readable
from app.media.limited import read_in_process
from app.media.read_audio import ACCEPTED

_MAGIC_BYTES = 64 * 1024


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
        found = read_in_process("app.media.read_audio", demuxer, path, "sound", ACCEPTED)
        if (fault := found.get("fault")) is not None:
            raise UnsupportedMedia(fault)
    except UnsupportedMedia:
        check_readable(path, "the sound")
        raise
    return AudioInfo(found["duration_s"], found["sample_rate_hz"], found["channels"], demuxer)


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
