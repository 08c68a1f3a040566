"""The name under which a person keeps a download: the video's title, safe on every system."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath

MAX_BYTES = 150
# What Windows, macOS or a shell would stumble over.
_FORBIDDEN = re.compile(r'[\\/:*?"<>|]')
# They can make `gpj.exe` read as `exe.jpg`.
_DIRECTIONS = dict.fromkeys([0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


# What sets a variant's artifact apart, in its name: `preview`, the size of `video-1920x1080`.
_VARIANT = re.compile(r"preview|[0-9]+x[0-9]+")


def download_name(title: str | None, artifact: str, job_id: str) -> str:
    """`Why the sky is blue.mp4` for the artifact `video.mp4`; the job's id where no title is left.

    All outputs of a job share one stem, so that players find the subtitles beside the video; a video in another size
    adds what sets it apart: `Why the sky is blue 1920x1080.mp4`.
    """
    stem = _FORBIDDEN.sub(" ", (title or "").translate(_DIRECTIONS))
    stem = "".join(" " if unicodedata.category(character) in ("Cc", "Cs") else character for character in stem)
    # A leading dot hides a file, a leading dash is an option, and Windows drops dots and spaces at the end.
    stem = _cut(" ".join(stem.split()).lstrip("-. ")).rstrip(". ")
    if not stem or _RESERVED.fullmatch(stem):
        stem = job_id
    variant = _VARIANT.search(artifact)
    return stem + (f" {variant[0]}" if variant else "") + PurePosixPath(artifact).suffix


def _cut(stem: str) -> str:
    """At most MAX_BYTES of UTF-8, ending with a whole word where there is one."""
    if len(stem.encode()) <= MAX_BYTES:
        return stem
    cut = stem.encode()[:MAX_BYTES].decode(errors="ignore")
    whole_words, space, _ = cut.rpartition(" ")
    return whole_words if space and len(whole_words) > len(cut) // 2 else cut
