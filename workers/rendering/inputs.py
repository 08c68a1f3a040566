"""What the caller hands in: the text and the pictures, read and checked before anything is started."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from app.client.uploads import reason
from app.domain.errors import RequestError
from app.providers.own_text import MAX_TEXT_BYTES, script_from_text
from workers.rendering.failures import wrong_input
from workers.rendering.options import STDIN, Options
from workers.rendering.outputs import check_outputs, plan_outputs

# The kinds of picture and video that a farm takes. It decides by their content; this only tells them from other files.
IMAGE_SUFFIXES = (".jpg", ".jpeg", ".jpe", ".png", ".webp", ".gif", ".mp4", ".m4v", ".mov", ".webm", ".mkv")
# Pictures that a farm does not take: said, so that nobody wonders where they are.
OTHER_IMAGE_SUFFIXES = (".heic", ".heif", ".avif", ".bmp", ".tif", ".tiff", ".svg")
# As many as a request may name.
MAX_IMAGES = 1000
UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class Inputs:
    """What goes in and where the results go: `outputs` are the paths by the farm's names for them.

    `images` are in order and no more than can be used; `notes` say what of them was left out.
    """

    text: str | None
    images: tuple[Path, ...]
    outputs: Mapping[str, Path]
    notes: tuple[str, ...] = ()


def read_inputs(options: Options) -> Inputs:
    """Everything that the options name, read and checked; RenderFailed (exit code 2) for the first fault."""
    text, most = None, MAX_IMAGES
    if options.text_file is not None:
        text = read_text(options.text_file)
        most = min(most, count_scenes(text, shown_name(options.text_file)))
    images, notes = list_images(options.images) if options.images is not None else ([], [])
    if len(images) > most:
        notes = [*notes, f"{len(images) - most} of the {len(images)} pictures are not used: there are {most} scenes."]
    if options.music is not None:
        check_music(options.music)
    variants = options.variants.outputs(options.output)
    outputs = plan_outputs(options.output, variants, with_manifest=options.manifest)
    sources = [Path(options.text_file)] if options.text_file not in (None, STDIN) else []
    check_outputs(list(outputs.values()), [*sources, *images, *([options.music] if options.music else [])])
    return Inputs(text, tuple(images[:most]), outputs, tuple(notes))


def shown_name(name: str) -> str:
    return "Standard input" if name == STDIN else name


def read_text(name: str) -> str:
    """The text of a file, or of standard input for `-`; RenderFailed, naming it, when it cannot become a video."""
    shown = shown_name(name)
    if name == STDIN:
        if sys.stdin.isatty():
            print("Type or paste the text; end with Ctrl-D on a line of its own.", file=sys.stderr)
        return decode_text(_read(sys.stdin.buffer, shown), shown)
    path = Path(name)
    if path.is_dir():
        raise wrong_input(f"{shown} is a folder; name a file with the text.")
    try:
        with path.open("rb") as file:
            return decode_text(_read(file, shown), shown)
    except FileNotFoundError:
        raise wrong_input(f"{shown}: there is no such file.") from None
    except OSError as error:
        raise wrong_input(f"{shown} cannot be read: {reason(error)}.") from None


def count_scenes(text: str, shown: str) -> int:
    """How many scenes the text has; RenderFailed when it cannot be one.

    The farm decides, by this very rule; asking it here saves starting one for nothing.
    """
    try:
        return len(script_from_text(text).scenes)
    except RequestError as error:
        raise wrong_input(f"{shown}: {error.message}", error.code) from None


def decode_text(content: bytes, shown: str) -> str:
    """Bytes to text; says where they stop being UTF-8."""
    if content.startswith(UTF16_MARKS):
        raise wrong_input(f"{shown} is in UTF-16; save it as UTF-8.")
    if b"\0" in content:
        raise wrong_input(f"{shown} is not a text: it holds binary data.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise wrong_input(
            f"{shown} is not valid UTF-8 (line {line}, byte {error.start + 1}); save it as UTF-8."
        ) from None


def list_images(folder: Path) -> tuple[list[Path], list[str]]:
    """The folder's pictures in the order in which a person counts, 2 before 10; and a note of those left out."""
    try:
        files = [path for path in folder.iterdir() if not path.name.startswith(".") and path.is_file()]
    except FileNotFoundError:
        raise wrong_input(f"--images {folder}: there is no such folder.") from None
    except NotADirectoryError:
        raise wrong_input(f"--images {folder} is a file; name the folder with the pictures.") from None
    except OSError as error:
        raise wrong_input(f"--images {folder} cannot be read: {reason(error)}.") from None
    files.sort(key=lambda path: natural_key(path.name))
    images = [path for path in files if path.name.lower().endswith(IMAGE_SUFFIXES)]
    others = [path.name for path in files if path.name.lower().endswith(OTHER_IMAGE_SUFFIXES)]
    taken = "PNG, JPEG, WebP, GIF, MP4, MOV, WebM and MKV are taken"
    if not images:
        found = f" ({others[0]} is of another kind)" if others else ""
        raise wrong_input(f"--images {folder}: there is no picture in this folder; {taken}{found}.")
    notes = [f"{len(others)} of the pictures are of other kinds and left out: {taken}."] if others else []
    return images, notes


def check_music(path: Path) -> None:
    """A file that can be opened; what it holds, the farm will say."""
    if path.is_dir():
        raise wrong_input(f"--music {path} is a folder; name a sound file.")
    try:
        with path.open("rb"):
            pass
    except FileNotFoundError:
        raise wrong_input(f"--music {path}: there is no such file.") from None
    except OSError as error:
        raise wrong_input(f"--music {path} cannot be read: {reason(error)}.") from None


def natural_key(name: str) -> list[tuple[int, int, str]]:
    """Sorts digits by their value and all else by its letters, whatever their case; the name itself breaks a tie."""
    parts = [part for part in re.split(r"([0-9]+)", name) if part]
    keys = [(0, int(part), "") if part.isascii() and part.isdigit() else (1, 0, part.casefold()) for part in parts]
    return [*keys, (-1, 0, name)]


def _read(file: BinaryIO, shown: str) -> bytes:
    """At most one byte more than may be: a device that never ends must not fill the memory."""
    content = file.read(MAX_TEXT_BYTES + 1)
    if len(content) > MAX_TEXT_BYTES:
        raise wrong_input(f"{shown} is too long: at most {MAX_TEXT_BYTES:,} bytes are accepted.", "TOO_LARGE")
    return content
