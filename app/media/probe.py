"""The one way a media file is opened: by a demuxer we chose, on local files only.

libav guesses the demuxer from the content. A text that looks like a playlist is then a
playlist, whatever its name, and a playlist opens other files. So every opening here forces
the demuxer that the first bytes call for, forbids all others, and allows no protocol but files.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import av
from av.container import InputContainer

# For `decoders`, where packets are only read or copied: libav decodes no first frame to learn what is known already,
# which takes longer than all else about a short clip.
NO_DECODERS = ("none",)

# Enough for sound with covers and chapters; each stream costs memory before we can refuse it. libav may open one more:
# at its limit the Matroska demuxer passes over all others in silence, and the rest would be taken for the whole file.
MAX_STREAMS = 8


def local_url(path: Path) -> str:
    """`path` as libav must be told it: `a:b.mp3` is then never taken for a protocol, nor `-y.mp3` for an option."""
    return f"file:{path.absolute()}"


def input_options(demuxer: str) -> dict[str, str]:
    """The options that hold libav and the ffmpeg program alike to one demuxer and to local files."""
    return {
        "format_whitelist": demuxer,
        "protocol_whitelist": "file",
        "max_streams": str(MAX_STREAMS + 1),
    }


@contextmanager
def open_media(path: Path, demuxer: str, *, decoders: Sequence[str] = ()) -> Iterator[InputContainer]:
    """Open `path` with `demuxer` ("mov", "mp3", …) and nothing else. Raises what libav raises.

    `decoders` are those that may be tried to learn what is in it; all when none is named.
    """
    options = input_options(demuxer)
    if decoders:
        options["codec_whitelist"] = ",".join(decoders)
    with av.open(local_url(path), format=demuxer, options=options) as container:
        yield container
