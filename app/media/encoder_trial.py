"""A real test encode: whether an encoder works on this machine, and keeps to what clips must be."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

import av
import numpy as np
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc

from app.domain.encoders import GOP_S, EncoderName, Trial
from app.domain.errors import StepError
from app.media.files import named_errors
from app.media.join import HEAD_START_FRAMES
from app.media.picture_planes import Plane
from app.media.piped_encoder import PipedEncoder
from app.media.warp import FramePlanes

WIDTH_PX, HEIGHT_PX, FPS, FRAMES = 640, 360, 30, 75
# Far below what any working encoder gives, far above what a broken driver does.
LOWEST_PSNR_DB = 30.0


class FrameSink(Protocol):
    def next_planes(self) -> FramePlanes: ...
    def write(self) -> None: ...


def try_encoder(name: EncoderName) -> Trial:
    """Encode, read it back, and compare: a fault in a sentence when anything is not as it must be."""
    with tempfile.TemporaryDirectory(prefix="encoder-trial-") as folder:
        out = Path(folder) / "trial.mp4"
        try:
            with named_errors(f"trying {name}"):
                encode_all(PipedEncoder(name, out, WIDTH_PX, HEIGHT_PX, FPS, lambda: None), _moving())
                fault, fingerprint = _judge(out)
        except StepError as error:
            return Trial(name, error.message.removeprefix(f"{name} failed: "))
    return Trial(name, fault, fingerprint)


def encode_all(encoder: AbstractContextManager[FrameSink], lumas: Iterable[Plane]) -> None:
    """Encode frames of this luma, height × width, all of one tint."""
    with encoder as sink:
        for luma in lumas:
            frame = sink.next_planes()
            frame.visible_luma[:] = luma
            frame.visible[1][:], frame.visible[2][:] = 100, 150
            sink.write()


def _moving() -> Iterator[Plane]:
    return (pattern(WIDTH_PX, HEIGHT_PX, number) for number in range(FRAMES))


def pattern(width_px: int, height_px: int, number: int) -> Plane:
    """The luma of frame `number` of a pattern with edges and slopes, which moves by two pixels a frame."""
    x = np.arange(width_px)[np.newaxis, :] + 2 * number
    y = np.arange(height_px)[:, np.newaxis]
    return np.asarray(40 + (x + y) % 128 + (x // 32 + y // 32) % 2 * 40, np.uint8)


def _judge(clip: Path) -> tuple[str | None, str]:
    """What is wrong with the trial's clip, if anything, and the hash of its stream."""
    digest, keys, shown, worst_db = hashlib.sha256(), [], [], float("inf")
    ahead = decoded = 0
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        context.thread_count = 1
        tags = (context.color_primaries, context.color_trc, context.colorspace, context.color_range)
        digest.update(bytes(context.extradata or b""))
        for turn, packet in enumerate(container.demux(stream)):
            if packet.size and packet.pts is not None and packet.time_base is not None:
                shown.append(round(packet.pts * packet.time_base * FPS))
                ahead = max(ahead, turn - shown[-1])
                digest.update(bytes(packet))
                if packet.is_keyframe:
                    keys.append(shown[-1])
            for frame in packet.decode():
                expected = pattern(WIDTH_PX, HEIGHT_PX, decoded)
                worst_db = min(worst_db, _psnr_db(np.asarray(frame.to_ndarray(format="gray"), np.uint8), expected))
                decoded += 1
        coding = (context.name, str(context.profile), str(context.pix_fmt))
    fault = None
    if coding != ("h264", "High", "yuv420p"):
        fault = f"it makes {' '.join(coding)}, not h264 High yuv420p"
    elif tags != (ColorPrimaries.BT709, ColorTrc.BT709, Colorspace.ITU709, ColorRange.MPEG):
        fault = "it does not tag its pictures as BT.709"
    elif sorted(shown) != list(range(FRAMES)) or decoded != FRAMES:
        fault = f"of {FRAMES} frames {decoded} came back"
    elif keys != list(range(0, FRAMES, GOP_S * FPS)):
        fault = f"its key frames are {keys}, not every {GOP_S * FPS}th"
    elif ahead > HEAD_START_FRAMES:
        fault = f"it decodes {ahead} frames ahead, and joining allows for {HEAD_START_FRAMES}"
    elif worst_db < LOWEST_PSNR_DB:
        fault = f"its pictures are wrong ({worst_db:.0f} dB PSNR)"
    return fault, digest.hexdigest()[:16]


def _psnr_db(seen: Plane, expected: Plane) -> float:
    error = float(np.mean((seen.astype(np.float32) - expected) ** 2))
    return 99.0 if error == 0 else 10 * float(np.log10(255**2 / error))
