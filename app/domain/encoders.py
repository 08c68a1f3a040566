"""Which encoder turns frames into H.264: what may be asked for, and what a worker then uses."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

AUTO = "auto"
# Hardware has a smallest frame (NVENC's is 145 by 49 pixels); below this x264 is as fast anyway.
SMALLEST_HARDWARE_SIDE_PX = 256
# A key frame each two seconds: a quarter fewer bytes than with one each second, and half as often the small jump in a
# still picture's grain that comes with one. A player that seeks decodes no more than this.
GOP_S = 2


class EncoderName(StrEnum):
    X264 = "x264"  # on the processor, in the worker's own process: there on every machine
    NVENC = "nvenc"  # NVIDIA
    VIDEOTOOLBOX = "videotoolbox"  # Apple
    VAAPI = "vaapi"  # Intel and AMD on Linux
    OPENH264 = "openh264"  # on the processor, the way hardware is driven: tries that way where there is none


# In the order in which `auto` tries them.
HARDWARE = (EncoderName.NVENC, EncoderName.VIDEOTOOLBOX, EncoderName.VAAPI)
WANTED = (AUTO, *EncoderName)


class EncoderUnusable(Exception):
    """The encoder that was asked for does not work on this machine; the message says what it said."""


@dataclass(frozen=True)
class Trial:
    """What came of a real test encode. `fault` is None when all was well.

    `fingerprint` is a hash of the stream that it made: machines that agree in it make the same clips.
    """

    name: EncoderName
    fault: str | None = None
    fingerprint: str = ""


@dataclass(frozen=True)
class EncoderChoice:
    """What a worker encodes with, and why, in a clause. `fingerprint` as in `Trial`; empty for x264."""

    name: EncoderName
    why: str
    fingerprint: str = ""


X264_UNTRIED = EncoderChoice(EncoderName.X264, "nothing else was tried")


def choose_encoder(wanted: str, attempt: Callable[[EncoderName], Trial]) -> EncoderChoice:
    """The encoder for what the setting wants. `attempt` makes a test encode, and is asked for no more than is needed.

    EncoderUnusable when one was asked for by name and fails: whoever pays for a GPU wants to hear it.
    """
    if wanted == EncoderName.X264:
        return EncoderChoice(EncoderName.X264, "VIDEO_ENCODER asks for it")
    if wanted != AUTO:
        trial = attempt(EncoderName(wanted))
        if trial.fault is not None:
            raise EncoderUnusable(f"VIDEO_ENCODER is {wanted}, and its test encode failed: {trial.fault}")
        return EncoderChoice(trial.name, "VIDEO_ENCODER asks for it and its test encode succeeded", trial.fingerprint)
    faults = []
    for name in HARDWARE:
        trial = attempt(name)
        if trial.fault is None:
            return EncoderChoice(name, "its test encode succeeded", trial.fingerprint)
        faults.append(f"{name}: {trial.fault}")
    return EncoderChoice(EncoderName.X264, f"no hardware encoder works here ({'; '.join(faults)})")


def agree(workers: Iterable[tuple[str, str]]) -> bool:
    """Whether clips of all these workers, each an encoder's name and its fingerprint, can be joined."""
    return len(set(workers)) <= 1


def choice_for_clip(own: EncoderChoice, *, keep_to_x264: bool, attempt: int, shorter_side_px: int) -> EncoderChoice:
    """What a worker makes one clip with. Whatever happens to the hardware, the second attempt does without it."""
    if own.name == EncoderName.X264:
        return own
    if keep_to_x264:
        return EncoderChoice(EncoderName.X264, "the farm's workers have different encoders")
    if attempt > 1:
        return EncoderChoice(EncoderName.X264, f"an attempt before this one did not succeed with {own.name}")
    if shorter_side_px < SMALLEST_HARDWARE_SIDE_PX:
        return EncoderChoice(EncoderName.X264, "the frame is too small for a hardware encoder")
    return own
