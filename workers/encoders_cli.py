"""What this machine can encode with: each encoder's carriers, what its test encode said, and how fast it is.

    scripts/encoders [--json] [--size WIDTHxHEIGHT] [--frames N]

Exit codes: 0 the workers of this machine have an encoder, 1 the one that VIDEO_ENCODER asks for does not work,
2 wrong options or settings.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from itertools import cycle, islice
from pathlib import Path

import av

from app.domain.encoders import EncoderName, EncoderUnusable, Trial, choose_encoder
from app.domain.errors import InvalidInput, StepError
from app.domain.video import parse_size
from app.media.clip import ClipSpec
from app.media.encoder import ClipEncoder
from app.media.encoder_trial import FrameSink, encode_all, pattern, try_encoder
from app.media.ffmpeg import ffmpeg_binary
from app.media.piped_encoder import PipedEncoder, codec_of
from config.settings import SettingsError, load_settings

FPS = 30
# They come again and again, so that many are timed and few held.
FRAMES_DRAWN = 30


@dataclass(frozen=True)
class Found:
    """An encoder on this machine. `fault` is None when it works; `frames_per_s` None when it does not."""

    name: EncoderName
    codec: str
    in_pyav: bool
    in_ffmpeg: bool
    fault: str | None
    fingerprint: str
    frames_per_s: float | None


def main(arguments: list[str]) -> int:
    options = parse_arguments(arguments)
    try:
        size, wanted = parse_size(options.size), load_settings().video_encoder
    except (InvalidInput, SettingsError) as error:
        print(error, file=sys.stderr)
        return 2
    ffmpeg_has = encoders_of_ffmpeg()
    found = [look_at(name, ffmpeg_has, size, options.frames) for name in EncoderName]
    trials = {one.name: Trial(one.name, one.fault, one.fingerprint) for one in found}
    try:
        choice = choose_encoder(wanted, trials.__getitem__)
    except EncoderUnusable as error:
        chosen, why = None, str(error)
    else:
        chosen, why = choice.name, choice.why
    if options.json:
        told = {"size": options.size, "encoders": [asdict(one) for one in found], "chosen": chosen, "why": why}
        print(json.dumps(told, ensure_ascii=False))
    else:
        show(found, chosen, why)
    return 1 if chosen is None else 0


def parse_arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/encoders",
        description="Try every video encoder on this machine, as a worker does when it starts, and time it.",
        epilog="VIDEO_ENCODER (auto, x264, nvenc, videotoolbox, vaapi, openh264) says what workers are to use.",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--size", default="1080x1920", help="of the frames that are timed (default %(default)s)")
    parser.add_argument("--frames", type=int, default=90, help="how many are timed (default %(default)s)")
    return parser.parse_args(arguments)


def encoders_of_ffmpeg() -> frozenset[str]:
    listed = subprocess.run([ffmpeg_binary(), "-hide_banner", "-encoders"], capture_output=True, text=True, check=True)
    return frozenset(line.split()[1] for line in listed.stdout.splitlines() if len(line.split()) > 1)


def look_at(name: EncoderName, ffmpeg_has: frozenset[str], size: tuple[int, int], frames: int) -> Found:
    codec = "libx264" if name == EncoderName.X264 else codec_of(name)
    trial = Trial(name) if name == EncoderName.X264 else try_encoder(name)
    fault, speed = trial.fault, None
    if fault is None:
        try:
            speed = round(frames_per_s(name, size, frames), 1)
        except StepError as error:
            # It works on the small frame of the trial, and not on this one.
            fault = error.message
    return Found(name, codec, is_in_pyav(codec), codec in ffmpeg_has, fault, trial.fingerprint, speed)


def is_in_pyav(codec: str) -> bool:
    try:
        return av.Codec(codec, "w").name == codec
    except ValueError:
        return False


def frames_per_s(name: EncoderName, size: tuple[int, int], frames: int) -> float:
    """Of one clip alone; the frames are drawn before the time is taken."""
    drawn = [pattern(*size, number) for number in range(min(frames, FRAMES_DRAWN))]
    with tempfile.TemporaryDirectory(prefix="encoders-") as folder:
        out, begun_s = Path(folder) / "timed.mp4", time.monotonic()
        sink: AbstractContextManager[FrameSink]
        if name == EncoderName.X264:
            sink = ClipEncoder(out, *size, FPS, ClipSpec.preset, ClipSpec.crf)
        else:
            sink = PipedEncoder(name, out, *size, FPS, lambda: None)
        encode_all(sink, islice(cycle(drawn), frames))
        return frames / (time.monotonic() - begun_s)


def show(found: list[Found], chosen: EncoderName | None, why: str) -> None:
    for one in found:
        carriers = " and ".join(carrier for carrier, has in (("PyAV", one.in_pyav), ("ffmpeg", one.in_ffmpeg)) if has)
        came_of_it = f"{one.frames_per_s:.0f} frames/s" if one.frames_per_s is not None else one.fault
        print(f"{one.name:<13} {one.codec:<18} in {carriers or 'neither'}: {came_of_it}")
    print(f"Workers here use {chosen}: {why}." if chosen else why)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
