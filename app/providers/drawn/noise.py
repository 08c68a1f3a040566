"""Smooth noise: the irregularity of ridges, clouds and currents."""

from __future__ import annotations

import cv2
import numpy as np

from app.providers.drawn.canvas import Floats


def clouds(rng: np.random.Generator, width: int, height: int, cells: float, octaves: int = 3) -> Floats:
    """A `height` × `width` field in 0..1; `cells` is how many blobs lie along the short side."""
    total = np.zeros((height, width), np.float32)
    cell_px = min(width, height) / cells
    for octave in range(octaves):
        size = cell_px / 2**octave
        lattice = rng.random((int(height / size) + 3, int(width / size) + 3), dtype=np.float32)
        total += cv2.resize(lattice, (width, height), interpolation=cv2.INTER_CUBIC) * np.float32(0.5**octave)
    low, high = float(total.min()), float(total.max())
    scaled: Floats = (total - low) / max(high - low, 1e-6)
    return scaled


def profile(rng: np.random.Generator, count: int, cells: float, octaves: int = 4, roughness: float = 0.5) -> Floats:
    """A line of `count` heights in about -1..1 with `cells` swells along it; more `roughness`, more crags."""
    total = np.zeros(count, np.float32)
    for octave in range(octaves):
        lattice = rng.uniform(-1, 1, (1, int(cells * 2**octave) + 3)).astype(np.float32)
        line = cv2.resize(lattice, (count, 1), interpolation=cv2.INTER_CUBIC if octave < 2 else cv2.INTER_LINEAR)[0]
        total += line * np.float32(roughness**octave)
    return total
