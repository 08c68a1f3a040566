"""From a scene's words to a JPEG: composition, calm for the captions, words, finish."""

from __future__ import annotations

import hashlib
import math
import os
from pathlib import Path

import cv2
import numpy as np

from app.domain.errors import StorageFull
from app.domain.keywords import headline
from app.providers.drawn.canvas import Canvas
from app.providers.drawn.choice import choose_composition, choose_look, choose_mood
from app.providers.drawn.compositions import COMPOSITIONS
from app.providers.drawn.finish import finish
from app.providers.drawn.legibility import calm_caption_band, set_type
from app.providers.drawn.stage import set_stage
from app.providers.drawn.typography import lay_out
from app.providers.protocols import PictureRequest

JPEG_QUALITY = 93


def paint(request: PictureRequest, out: Path) -> None:
    """The finished picture, written to `out`."""
    canvas = compose(request)
    encode(finish(canvas, dice(request, "grain"), choose_look(request.seed).style), out)


def compose(request: PictureRequest) -> Canvas:
    """The picture before its finish: composition, calm for the captions, words."""
    look = choose_look(request.seed)
    mood = choose_mood(request.seed, request.number, look.style)
    words = f"{request.title or ''} {request.text}"
    canvas = Canvas(math.ceil(request.width_px * request.oversample), math.ceil(request.height_px * request.oversample))
    stage = set_stage(look.palette, mood, dice(request, "composition"))
    COMPOSITIONS[choose_composition(request.seed, request.number, words, request.take)](canvas, stage)
    calm_caption_band(canvas, stage)
    found = headline(request.text, request.title)
    layout = lay_out(found, look.style, canvas.width, canvas.height) if found else None
    if layout is not None:
        set_type(canvas, stage, layout)
    return canvas


def dice(request: PictureRequest, purpose: str) -> np.random.Generator:
    """Random numbers that are this scene's own: another number, text, size or take rolls differently."""
    facts = (purpose, request.seed, request.number, request.text, request.title, request.width_px, request.height_px)
    # The first take rolls as it did before there were others.
    rolled = (*facts, request.take) if request.take else facts
    digest = hashlib.sha256(repr(rolled).encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16])))


def encode(pixels: np.ndarray, out: Path) -> None:
    """Write `pixels` (RGB, 8 bits) to `out` as JPEG 4:4:4, whole or not at all."""
    options = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    options += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
    _, data = cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), options)
    part = out.with_name(out.name + ".part")
    try:
        part.write_bytes(data.tobytes())
        os.replace(part, out)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise StorageFull(f"The picture could not be written: {error.strerror}.") from error
