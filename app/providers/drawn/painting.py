"""From a scene's words to a JPEG: composition, calm for the captions, heading, finish."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from app.domain.machine_faults import machine_fault
from app.providers.drawn.canvas import Canvas
from app.providers.drawn.choice import Deal, choose_mood, deal, look_for
from app.providers.drawn.compositions import COMPOSITIONS
from app.providers.drawn.finish import finish
from app.providers.drawn.headline import headline
from app.providers.drawn.legibility import calm_caption_band, set_type
from app.providers.drawn.stage import Stage, set_stage
from app.providers.drawn.typography import lay_out
from app.providers.protocols import PictureRequest

JPEG_QUALITY = 93


def paint(request: PictureRequest, out: Path, still_wanted: Callable[[], None]) -> None:
    """The finished picture, written to `out`."""
    canvas = compose(request, still_wanted)
    data = encode(finish(canvas, dice(request, "grain"), look_for(request).style))
    still_wanted()
    write(data, out)


def compose(request: PictureRequest, still_wanted: Callable[[], None]) -> Canvas:
    """The picture before its finish: composition, calm for the captions, the author's heading."""
    look = look_for(request)
    dealt = deal(request.seed, request.number, f"{request.title or ''} {request.text}", request.take)
    mood = choose_mood(request.seed, request.number, look.style, dealt.use)
    width, height = (math.ceil(side_px * request.oversample) for side_px in (request.width_px, request.height_px))
    canvas = Canvas(width, height, still_wanted)
    stage = vary_accents(set_stage(look.palette, mood, dice(request, "composition")), dealt.use)
    found = None if request.wordless else headline(request.title)
    layout = None
    if found is not None:
        layout = lay_out(found, look.style, width, height, request.words_from, request.language)
    perform(dealt, canvas, stage, None if layout is None else layout.box)
    calm_caption_band(canvas, stage)
    if layout is not None:
        set_type(canvas, stage, layout)
    return canvas


def perform(dealt: Deal, canvas: Canvas, stage: Stage, words: tuple[int, int, int, int] | None) -> None:
    """Paint the composition as its use demands: mirrored every second time, on a lower horizon every third.

    `words` is where a heading will stand: left, top, right and bottom.
    """
    mirrored = dealt.use % 2 == 1
    if words is not None and canvas.width > canvas.height:
        # The eye-catcher stands on the right, beside the words, or mirrored beside words that are written from there.
        mirrored = words[0] + words[2] > canvas.width
    if words is not None and mirrored:
        words = (canvas.width - words[2], words[1], canvas.width - words[0], words[3])
    # A higher canvas cut off at its foot lowers the horizon; a raised one would run into the words.
    cut_px = canvas.height * 7 // 100 if dealt.use % 3 == 2 else 0
    higher = Canvas(canvas.width, canvas.height + cut_px, canvas.still_wanted, words)
    COMPOSITIONS[dealt.composition](higher, stage)
    pixels = higher.pixels[: canvas.height]
    canvas.pixels[:] = pixels[:, ::-1] if mirrored else pixels


def vary_accents(stage: Stage, use: int) -> Stage:
    """In every second pair of uses the loud colour and the light change places."""
    return replace(stage, accent=stage.glow, glow=stage.accent) if use // 2 % 2 == 1 else stage


def dice(request: PictureRequest, purpose: str) -> np.random.Generator:
    """Random numbers that are this scene's own: another number, text, size or take rolls differently."""
    facts = (purpose, request.seed, request.number, request.text, request.title, request.width_px, request.height_px)
    # The first take rolls as it did before there were others.
    rolled = (*facts, request.take) if request.take else facts
    digest = hashlib.sha256(repr(rolled).encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16])))


def encode(pixels: np.ndarray) -> bytes:
    """`pixels` (RGB, 8 bits) as JPEG 4:4:4."""
    options = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    options += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
    _, data = cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), options)
    return data.tobytes()


def write(data: bytes, out: Path) -> None:
    """Write `data` to `out`, whole or not at all."""
    part = out.with_name(out.name + ".part")
    try:
        part.write_bytes(data)
        os.replace(part, out)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise machine_fault(error, "writing the picture") from error
