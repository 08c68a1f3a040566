"""A long sound as a file of raw samples at 48 kHz, read second by second: the memory does not grow with the video."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.media.loudness import RATE_HZ, Samples


@dataclass(frozen=True)
class SoundBed:
    """`frames` samples of each of `channels`, interleaved float32, in the file at `path`."""

    path: Path
    frames: int
    channels: int

    def blocks(self) -> Iterator[Samples]:
        """The bed second by second, each block of shape (channels, frames)."""
        with self.path.open("rb") as file:
            for start in range(0, self.frames, RATE_HZ):
                count = min(RATE_HZ, self.frames - start)
                yield np.fromfile(file, np.float32, self.channels * count).reshape(-1, self.channels).T
