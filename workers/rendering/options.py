"""The command line of scripts/render: its options, what they may be, and the help that teaches them."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import app
from app.domain.effects import SETTING_PATTERN, Effect, is_effect_name
from app.domain.errors import InvalidInput
from app.domain.fair_share import HIGHEST_PRIORITY, LOWEST_PRIORITY
from app.domain.sources import Background, is_colour
from app.domain.video import FRAME_RATES, NAMED_SIZES, parse_size
from app.templates import template_names
from workers.rendering.caption_options import CaptionOptions, add_caption_options
from workers.rendering.failures import wrong_input
from workers.rendering.template_option import read_template
from workers.rendering.variant_options import VariantOptions, add_variant_options

STDIN = "-"
MAX_SEED = 2**32 - 1

DESCRIPTION = """\
Turn a text into a finished video, with subtitles and a poster beside it.

The text may be plain or Markdown: headings become scene titles; code and tables are skipped.
Without a farm that runs, one is started for as long as it is needed."""

EXAMPLES = f"""\
examples:
  scripts/render story.md                          out.mp4, out.srt, out.vtt and out.jpg, here
  scripts/render story.md -o films/story.mp4 --size 16:9
  scripts/render story.md --also 16:9 --also 1:1   the same video in three sizes
  scripts/render story.md --images photos --music song.mp3
  scripts/render historia.md --language es --captions line
  scripts/render story.md --template storybook     scripts/preview storybook shows it
  fortune | scripts/render - --size 1:1            the text from standard input
  scripts/render --prompt "Why is the sky blue?"   needs a language model: set OPENAI_API_KEY
  scripts/render story.md --json | tail -n 1       the result, for programs

sizes: {", ".join(f"{name} is {width}x{height}" for name, (width, height) in NAMED_SIZES.items())};
       or any WIDTHxHEIGHT of even numbers from 64 to 4096.

environment:
  SCENEWORKS_HOME      the farm's data folder
  SCENEWORKS_URL       the address of a farm that runs elsewhere, with its key in SCENEWORKS_API_KEY
  NO_COLOR             no colours

exit codes: 0 done, 1 the job failed, 2 wrong options or input, 3 no farm, 130 canceled by Ctrl-C."""


@dataclass(frozen=True)
class Options:
    """What was asked for. One of `text_file` (`-` is standard input) and `prompt` is given, unless `list_voices`."""

    text_file: str | None
    prompt: str | None
    output: Path
    size: str
    fps: int | None
    language: str | None
    voice: str | None
    captions: CaptionOptions
    variants: VariantOptions
    template: str | dict[str, Any] | None
    brand: bool | None
    images: Path | None
    background: Background | None
    effect: Effect | None
    music: Path | None
    title: str | None
    seed: int | None
    priority: int | None
    manifest: bool
    json: bool
    quiet: bool
    list_voices: bool

    @property
    def has_template(self) -> bool:
        """Whether the captions may stand on something else than the plain look's."""
        return self.template is not None or self.brand is True


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose faults are RenderFailed, so that --json can tell of them too."""

    def error(self, message: str) -> NoReturn:
        raise wrong_input(f"{message[:1].upper()}{message[1:]}. See {self.prog} --help.", "USAGE")


def parse_options(arguments: Sequence[str]) -> Options:
    """Raises RenderFailed (exit code 2) for what cannot be meant; exits after --help and --version."""
    # An abbreviation that works today would be ambiguous with tomorrow's option.
    parser = Parser(
        prog="scripts/render",
        usage="%(prog)s TEXT_FILE [options]",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
        add_help=False,
    )
    source = parser.add_argument_group("what to make")
    source.add_argument("text_file", nargs="?", metavar="TEXT_FILE", help="the text, in UTF-8; - is standard input")
    source.add_argument("--prompt", metavar="TEXT", help="what the video is about, for a language model to write")
    source.add_argument("--title", metavar="TEXT", help="the video's title (default: the text's first heading)")
    source.add_argument("--language", metavar="TAG", help="the language that is spoken: en, es, pt-br (default: en)")
    source.add_argument("--voice", metavar="NAME", help="the voice; --list-voices shows all")
    source.add_argument(
        "--images", type=Path, metavar="DIR", help="pictures and videos for the scenes, in the order of their names"
    )
    source.add_argument(
        "--background",
        type=read_background,
        metavar="COLOUR[,COLOUR]",
        help="a plain card instead of painted pictures: 0b2545, or 0b2545,13315c from top to bottom",
    )
    source.add_argument("--music", type=Path, metavar="FILE", help="music under the speech")
    look = parser.add_argument_group("how it looks")
    look.add_argument(
        "--size", default="9:16", metavar="SIZE", help="1080x1920, or 9:16, 16:9, 1:1, 4:5 (default: 9:16)"
    )
    look.add_argument("--fps", type=int, choices=FRAME_RATES, help="frames per second (default: 30)")
    look.add_argument(
        "--effect",
        type=read_effect,
        metavar="NAME[:JSON]",
        help="a Python effect of the farm's on every scene, with its settings: 'tint:{\"strength\": 0.6}'",
    )
    look.add_argument(
        "--template",
        metavar="NAME|FILE",
        help=f"{', '.join(template_names())}; or a JSON file of your own. The options below take its place",
    )
    look.add_argument(
        "--brand",
        action=argparse.BooleanOptionalAction,
        help="use the brand kit, or do not (default: with a template)",
    )
    look.add_argument("--seed", type=int, metavar="N", help="another number gives another look")
    add_caption_options(parser.add_argument_group("how captions look"))
    result = parser.add_argument_group("what comes out")
    result.add_argument(
        "-o", "--output", type=Path, default=Path("out.mp4"), metavar="FILE", help="the video (default: out.mp4)"
    )
    add_variant_options(result)
    result.add_argument("--manifest", action="store_true", help="also save what it was made of, as out.json")
    result.add_argument("--json", action="store_true", help="print the result as one JSON object, last on stdout")
    result.add_argument("--quiet", action="store_true", help="print nothing but faults")
    other = parser.add_argument_group("other")
    other.add_argument(
        "--priority",
        type=int,
        choices=range(LOWEST_PRIORITY, HIGHEST_PRIORITY + 1),
        help="how urgent it is on a busy farm, 5 the most (default: 3)",
    )
    other.add_argument("--list-voices", action="store_true", help="print the languages and voices, and stop")
    other.add_argument("--version", action="version", version=f"sceneworks {app.__version__}")
    other.add_argument("-h", "--help", action="help", help="print this, and stop")
    parsed = vars(parser.parse_args(arguments))
    captions = CaptionOptions.taken_from(parsed)
    variants = VariantOptions.taken_from(parsed)
    if parsed["template"] is not None:
        parsed["template"] = read_template(parsed["template"])
    options = Options(captions=captions, variants=variants, **parsed)
    if not options.list_voices:
        check_options(options)
    return options


def read_background(value: str) -> Background:
    """`0b2545` or `0b2545,13315c`, each with or without the `#` that a shell would take for a comment."""
    colours = [f"#{part.strip().removeprefix('#').lower()}" for part in value.split(",")]
    if len(colours) > 2 or not all(map(is_colour, colours)):
        raise argparse.ArgumentTypeError(f"{value}: write one colour as rrggbb, or two with a comma between them")
    return Background(*colours)


def read_effect(value: str) -> Effect:
    """`tint`, or `tint:{"strength": 0.6}`."""
    name, colon, settings = value.partition(":")
    try:
        told = json.loads(settings) if colon else {}
    except ValueError:
        told = None
    if is_effect_name(name) and isinstance(told, dict) and all(re.fullmatch(SETTING_PATTERN, key) for key in told):
        return Effect(name, told)
    raise argparse.ArgumentTypeError(f"{value}: write a name, or a name, a colon and a JSON object of settings")


def check_options(options: Options) -> None:
    """What can be known to be wrong from the words alone."""
    if options.text_file is None and options.prompt is None:
        raise wrong_input("Name a file with the text, or - for standard input. See scripts/render --help.", "USAGE")
    if options.text_file is not None and options.prompt is not None:
        raise wrong_input("Give a text or a --prompt, not both.", "USAGE")
    if options.prompt is not None and not options.prompt.strip():
        raise wrong_input("--prompt is empty.")
    if options.title is not None and not options.title.strip():
        raise wrong_input("--title is empty.")
    try:
        parse_size(options.size)
    except InvalidInput as error:
        raise wrong_input(f"--size {options.size}: {error.message}") from None
    options.variants.check(options.size)
    options.captions.to_request(over_template=options.has_template)
    if options.seed is not None and not 0 <= options.seed <= MAX_SEED:
        raise wrong_input(f"--seed must be a whole number from 0 to {MAX_SEED}.")
    for name in ("prompt", "title", "language", "voice"):
        value = getattr(options, name)
        if value is not None and not _is_text(value):
            raise wrong_input(f"--{name} is not valid UTF-8.")
    if options.output.suffix.lower() != ".mp4":
        raise wrong_input(f"--output {options.output}: the name must end in .mp4.")


def _is_text(value: str) -> bool:
    """Whether the bytes on the command line were UTF-8; Python keeps others as lone surrogates."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
