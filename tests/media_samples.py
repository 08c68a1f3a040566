"""Sound and pictures for tests, made from numbers: speech-like sound, tones, clips with motion."""

from __future__ import annotations

import re
import subprocess
import wave
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc

from app.media.ffmpeg import ffmpeg_binary


def nobody_cares(fraction: float) -> None:
    """A progress report that no one reads."""


def always_wanted() -> None:
    """A step that nobody cancels."""


def speech_like(duration_s: float, *, rate_hz: int = 22_050, seed: int = 1, level: float = 0.5) -> Any:
    """int16 samples of voiced bursts with short and long pauses; peaks reach `level` of full scale."""
    rng = np.random.default_rng(seed)
    total = int(duration_s * rate_hz)
    out = np.zeros(total)
    at = 0
    while at < total:
        length = min(int(rng.uniform(0.12, 0.4) * rate_hz), total - at)
        time_s = np.arange(length) / rate_hz
        pitch_hz = rng.uniform(95, 160) * (1 + 0.1 * np.sin(2 * np.pi * 3 * time_s))
        phase = 2 * np.pi * np.cumsum(pitch_hz) / rate_hz
        formant_hz = rng.uniform(400, 900)
        burst = sum(np.sin(k * phase) * np.exp(-(((k * 120 - formant_hz) / 900) ** 2)) for k in range(1, 25))
        burst = burst + rng.normal(0, 0.15, length)
        out[at : at + length] = burst * np.sqrt(np.sin(np.pi * np.arange(length) / length)) * rng.uniform(0.4, 1.0)
        at += length + int(rng.choice([0.02, 0.05, 0.3, 0.6], p=[0.5, 0.3, 0.1, 0.1]) * rate_hz)
    return (out / np.abs(out).max() * level * 32767).astype(np.int16)


def write_wav(path: Path, samples: Any, *, rate_hz: int = 22_050, channels: int = 1) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(np.asarray(samples, np.int16).tobytes())
    return path


def tone(duration_s: float, *, hz: float = 440.0, level: float = 0.3, rate_hz: int = 48_000) -> Any:
    return (np.sin(2 * np.pi * hz * np.arange(int(duration_s * rate_hz)) / rate_hz) * level * 32767).astype(np.int16)


def ffmpeg(*args: str | Path) -> str:
    """Run ffmpeg on files of the test's own; return what it says."""
    command = [ffmpeg_binary(), "-nostdin", "-hide_banner", "-nostats", "-y", *map(str, args)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stderr


def loudness_by_ffmpeg(path: Path) -> tuple[float, float]:
    """Integrated LUFS and true peak dBTP, by ffmpeg's own meter: a second opinion on ours."""
    said = ffmpeg("-i", path, "-map", "0:a:0", "-af", "ebur128=peak=true:framelog=quiet", "-f", "null", "-")
    (lufs,), (peak,) = re.findall(r"I:\s+(\S+) LUFS", said), re.findall(r"Peak:\s+(\S+) dBFS", said)
    return float(lufs), float(peak)


def make_clip(
    path: Path,
    frames: int,
    *,
    fps: int = 30,
    size: tuple[int, int] = (160, 288),
    seed: int = 0,
    gop: int = 30,
    tagged: bool = True,
    moves: bool = True,
    zoom: float = 0.0,
    grey: int | None = None,
    caption: bool = False,
    x264: dict[str, str] | None = None,
    pixel_format: str = "yuv420p",
) -> Path:
    """A scene's clip as the renderer makes it: a texture that pans or zooms, or flat `grey`; `caption` blinks on it."""
    width, height = size
    texture = np.random.default_rng(seed).integers(30, 220, (height // 8 + 1, width // 8 + 65), dtype=np.uint8)
    texture = texture.repeat(8, axis=0).repeat(8, axis=1)
    with av.open(str(path), "w", format="mp4") as container:
        params = f"keyint={gop}:min-keyint={gop}:scenecut=0:open-gop=0"
        options = {"preset": "veryfast", "profile": "high", "x264-params": params, **(x264 or {})}
        stream = container.add_stream("libx264", rate=fps, options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, pixel_format
        context = stream.codec_context
        context.thread_count = 1
        if tagged:
            context.color_primaries, context.color_trc = ColorPrimaries.BT709, ColorTrc.BT709
            context.colorspace, context.color_range = Colorspace.ITU709, ColorRange.MPEG
        for number in range(frames):
            pan = number % 500 if moves else 0
            luma = (
                texture[:height, pan : pan + width].copy() if grey is None else np.full((height, width), grey, np.uint8)
            )
            if zoom:
                scale = 1 + zoom * number / frames
                centred = np.array([[scale, 0, width / 2 * (1 - scale)], [0, scale, height / 2 * (1 - scale)]])
                luma = np.asarray(
                    cv2.warpAffine(luma, centred, (width, height), borderMode=cv2.BORDER_REFLECT), np.uint8
                )
            if caption:
                luma[height * 7 // 10 : height * 7 // 10 + 16, : width // 2] = 235 if number // 15 % 2 else 40
            frame = av.VideoFrame.from_ndarray(
                np.vstack([luma, np.full((height // 2, width), 128, np.uint8)]), "yuv420p"
            )
            frame = frame.reformat(format=pixel_format) if pixel_format != "yuv420p" else frame
            frame.pts, frame.time_base = number, Fraction(1, fps)
            if tagged:
                frame.colorspace, frame.color_range = Colorspace.ITU709, ColorRange.MPEG
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path
