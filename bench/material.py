"""What the render benchmark renders: ten scenes of about six seconds, ten stills, and music.

The stills are synthetic and yet as hard to encode as photographs: detail at every scale in the measure of natural
pictures (amplitude falls with the frequency), hard edges, and a sensor's grain. `--stills FOLDER` takes real ones.
"""

from __future__ import annotations

import wave
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

SCENES = (
    "At first light the harbour is quiet, and the nets hang drying along the old stone wall.",
    "A fishing boat leaves the quay, and gulls follow it far out over the grey, open water.",
    "The coast here is made of slate, layer upon layer, tilted by forces older than the sea.",
    "Every tide moves the sand a little further, and every storm brings a part of it back.",
    "In the rock pools small crabs wait for the water, hidden under curtains of brown weed.",
    "By noon the wind has turned, and long waves from the west begin to break on the reef.",
    "Children collect shells and driftwood, and build a town that will last until the evening.",
    "A lighthouse keeper once wrote down each ship that passed; the books fill a whole room.",
    "When the sun goes down the cliffs turn red, and the first lamps are lit along the bay.",
    "Then the beam of the lighthouse sweeps over the dark water, as it has for ninety years.",
)
STILLS_PX = (1440, 2560)
RATE_HZ = 44_100


def make_stills(folder: Path, count: int) -> list[Path]:
    """JPEGs of a portrait camera's shape, the same on every machine."""
    paths = []
    for number in range(count):
        path = folder / f"still-{number + 1:02}.jpg"
        Image.fromarray(landscape(number, *STILLS_PX)).save(path, quality=92)
        paths.append(path)
    return paths


def found_stills(folder: Path, count: int) -> list[Path]:
    """`count` pictures of the folder, by name, begun again when there are fewer."""
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp"))
    if not found:
        raise SystemExit(f"{folder} holds no JPEG, PNG or WebP.")
    return [found[number % len(found)] for number in range(count)]


def landscape(seed: int, width_px: int, height_px: int) -> npt.NDArray[np.uint8]:
    """Ridges before a sky, uint8 RGB of (height, width, 3)."""
    rng = np.random.default_rng(seed)
    texture = _natural_noise(rng, width_px, height_px)
    sky, ground = rng.uniform(90, 235, 3), rng.uniform(20, 140, 3)
    picture = np.linspace(1.0, 0.55, height_px)[:, None, None] * sky + 12.0 * texture[..., None]
    rows = np.arange(height_px)[:, None]
    for depth in range(4):
        ridge = (0.35 + 0.15 * depth) * height_px + 0.07 * height_px * _natural_noise(rng, width_px, 1)[0]
        share = (depth + 1) / 4
        rock = (1 - share) * sky + share * ground
        rough = 1.0 + (0.1 + 0.15 * share) * texture[:, :: (-1) ** depth]
        picture = np.where((rows > ridge[None, :])[..., None], rock * rough[..., None], picture)
    grain = rng.normal(0.0, 2.0, (height_px, width_px, 1))
    return np.clip(picture + grain, 0, 255).astype(np.uint8)


def _natural_noise(rng: np.random.Generator, width_px: int, height_px: int) -> npt.NDArray[np.float32]:
    """Noise whose amplitude halves with each octave, (height, width), with a deviation of 1."""
    total = np.zeros((height_px, width_px), np.float32)
    for octave in range(2, 11):
        cells = (max(1, height_px * 2**octave // max(width_px, height_px)), 2**octave)
        coarse = rng.normal(size=cells).astype(np.float32)
        total += cv2.resize(coarse, (width_px, height_px), interpolation=cv2.INTER_CUBIC) / 2**octave
    noise: npt.NDArray[np.float32] = total / total.std()
    return noise


def make_music(path: Path, seconds: int = 30) -> Path:
    """Slow chords, 16-bit mono; a video that lasts longer has them again."""
    at = np.arange(seconds * RATE_HZ) / RATE_HZ
    chords = ((220.0, 277.2, 329.6), (196.0, 246.9, 293.7), (174.6, 220.0, 261.6), (196.0, 246.9, 329.6))
    sound = np.zeros_like(at)
    for number, chord in enumerate(chords * (seconds // 8 + 1)):
        begins = 2.0 * number
        swell = np.clip((at - begins) / 0.5, 0, 1) * np.clip((begins + 2.5 - at) / 0.5, 0, 1)
        sound += swell * sum(np.sin(2 * np.pi * tone * at) + 0.3 * np.sin(4 * np.pi * tone * at) for tone in chord)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes((sound / np.abs(sound).max() * 20_000).astype("<i2").tobytes())
    return path
