"""The poster: one frame of the video as a JPEG, in the colours that the player shows."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from av.video.reformatter import ColorRange, Colorspace
from PIL import Image

from app.domain.errors import BadMedia
from app.media.files import named_errors, written_whole
from app.media.probe import open_media

JPEG_QUALITY = 90


def make_poster(video: Path, *, at_s: float, out: Path) -> None:
    """Write the frame shown at `at_s` seconds (the last one, when the video is shorter) to `out`.

    Raises BadMedia when no frame can be decoded, StorageFull when the disk is full.
    """
    with named_errors("making the poster"), written_whole(out) as partial:
        picture = Image.fromarray(rgb_of(_frame_at(video, at_s)))
        picture.save(partial, "JPEG", quality=JPEG_QUALITY, subsampling=0, optimize=True)


def rgb_of(frame: av.VideoFrame) -> npt.NDArray[np.uint8]:
    """A frame of a video of ours in the colours that the player shows, rows × columns × 3."""
    # Said aloud, as the converter takes BT.601 for granted and reds would turn to orange.
    picture = frame.reformat(
        format="rgb24",
        src_colorspace=Colorspace.ITU709,
        src_color_range=ColorRange.MPEG,
        dst_color_range=ColorRange.JPEG,
    )
    pixels: npt.NDArray[np.uint8] = np.asarray(picture.to_ndarray(), np.uint8)
    return pixels


def _frame_at(video: Path, at_s: float) -> av.VideoFrame:
    with open_media(video, "mov") as container:
        if not container.streams.video:
            raise BadMedia("the video has no picture track to take a poster from")
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        if stream.time_base is not None:
            container.seek(max(0, int(at_s / stream.time_base)), stream=stream)
        latest: av.VideoFrame | None = None
        for frame in container.decode(stream):
            # The frame shown at a time is the last that began before it.
            if latest is not None and frame.time is not None and frame.time > at_s + 1e-6:
                break
            latest = frame
        if latest is None:
            raise BadMedia("no frame of the video can be decoded")
        return latest
