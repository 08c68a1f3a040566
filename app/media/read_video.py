"""Open a stranger's video in a process that may fall: `python -m app.media.read_video DEMUXER PATH`.

Prints one JSON object: what was found, `{"fault": …}` for what is refused before anything is decoded, or null when
there is no moving picture. `app.media.inspect_video` starts it and judges what it says.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.media.limited import limit_this_process

# Rare decoders are where the holes are.
CODECS = frozenset({"h264", "hevc", "vp8", "vp9", "av1", "mpeg4", "prores"})
DECODERS = (*sorted(CODECS), "libdav1d", "libvpx", "libvpx-vp9", "aac", "mp3float", "mp3", "opus", "vorbis", "flac")
DECODED_FRAMES = 12
HDR_TRANSFERS = (16, 18)  # PQ and HLG, as ITU-T H.273 numbers them
UNSPECIFIED = 2


@dataclass(frozen=True)
class Seen:
    """What a decoded frame says of itself. `is_turned`: a quarter turn makes it upright."""

    is_turned: bool
    is_interlaced: bool

    @classmethod
    def of(cls, frame: Any) -> Seen:
        return cls(frame.rotation % 180 != 0, frame.interlaced_frame)


def main(demuxer: str, path: Path) -> int:
    with limit_this_process():
        import av

        from app.media.probe import open_media
    av.logging.set_level(None)
    try:
        with open_media(path, demuxer, decoders=DECODERS) as container:
            found = read(container)
    except (av.FFmpegError, OSError, ValueError, MemoryError):
        found = {"fault": "The video is damaged or cut short."}
    print(json.dumps(found))
    return 0


def read(container: Any) -> dict[str, Any] | None:
    """The facts of the first moving picture in the file; the limits are judged by whoever asked."""
    from av.stream import Disposition

    from app.media.inspect_video import MAX_DURATION_S, MAX_PIXELS
    from app.media.probe import MAX_STREAMS

    if len(container.streams) > MAX_STREAMS:
        return {"fault": f"The file has {len(container.streams)} streams; at most {MAX_STREAMS} are accepted."}
    # A cover is a track too.
    stream = next((it for it in container.streams.video if Disposition.attached_pic not in it.disposition), None)
    if stream is None:
        return None
    context = stream.codec_context
    if context is None or context.codec.canonical_name not in CODECS:
        return {"fault": "The picture is coded in a way that is not accepted."}
    if context.width * context.height > MAX_PIXELS:
        return {"fault": f"The video has {context.width} × {context.height} pixels."}
    context.thread_count = 1
    width_px, height_px = upright_size(stream, context)
    frames = 0
    end_s = file_s = 0.0
    origin_s = (container.start_time or 0) / 1e6
    seen: list[Seen] = []
    # All of its streams: where Matroska is damaged it ends for all of them, and tells no length of each.
    for packet in container.demux():
        if packet.size == 0 or packet.pts is None:
            continue
        file_s = max(file_s, float((packet.pts + (packet.duration or 0)) * packet.time_base))
        if packet.stream is not stream:
            continue
        frames += 1
        end_s = max(end_s, float((packet.pts + (packet.duration or 0)) * packet.time_base) - origin_s)
        if end_s > MAX_DURATION_S:
            return {"fault": f"The video is longer than {MAX_DURATION_S / 3600:g} h."}
        if len(seen) < DECODED_FRAMES:
            seen += map(Seen.of, packet.decode())
    if 0 < frames < DECODED_FRAMES or len(seen) < DECODED_FRAMES:
        # What the decoder still held back.
        seen += map(Seen.of, context.decode(None))
    if any(frame.is_turned for frame in seen):
        width_px, height_px = height_px, width_px
    return {
        "width_px": width_px,
        "height_px": height_px,
        "stream": stream.index,
        "duration_s": end_s,
        "frames": frames,
        "decoded_frames": len(seen),
        "claimed_s": claimed_s(container, stream),
        "claimed_frames": stream.frames,
        "file_s": file_s,
        "claimed_file_s": (container.duration or 0) / 1e6,
        "has_sound": len(container.streams.audio) > 0,
        "is_hdr": int(context.color_trc) in HDR_TRANSFERS,
        "is_untagged": int(context.colorspace) == UNSPECIFIED,
        "primaries": int(context.color_primaries),
        # Each frame says it of itself; what the header says is often missing.
        "is_interlaced": any(frame.is_interlaced for frame in seen),
    }


def upright_size(stream: Any, context: Any) -> tuple[int, int]:
    """The size with square pixels."""
    shape = stream.sample_aspect_ratio
    return (round(context.width * shape) if shape else context.width), context.height


def claimed_s(container: Any, stream: Any) -> float:
    """How long the header says the picture is; 0 when it says nothing, as in recordings from a browser."""
    if stream.duration is not None:
        return float(stream.duration * stream.time_base)
    return 0.0 if container.duration is None or len(container.streams) > 1 else container.duration / 1e6


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))
