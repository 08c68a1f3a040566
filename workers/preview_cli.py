"""`scripts/preview`: a template as a sheet of frames, or what is wrong with it, field by field.

    python -m workers.preview_cli TEMPLATE [--size SIZE] [--output FILE] [--json]

Nothing runs beside it: no farm, no database, no voice.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from app.domain.errors import InvalidInput, SceneworksError
from app.domain.template import Template
from app.domain.video import NAMED_SIZES, parse_size
from app.templates import load_template, template_names
from workers.rendering.failures import Exit, RenderFailed, one_line, tell_failure, write, wrong_input
from workers.rendering.options import Parser
from workers.rendering.template_option import read_template

# Clips are rendered at this shorter side at most: enough to judge a look by, and quick.
SHORT_SIDE_PX = 360

EPILOG = f"""\
templates: {", ".join(template_names())}

examples:
  scripts/preview bulletin
  scripts/preview storybook --size 16:9 --output storybook-wide.png
  scripts/preview ours.json                        one of your own: docs/templates.md says what it may hold

exit codes: 0 done, 1 it could not be drawn, 2 wrong options or a template with faults."""


def main(arguments: Sequence[str]) -> int:
    begun_s = time.monotonic()
    as_json = "--json" in arguments
    try:
        options = _parse(arguments)
        template = checked(read_template(options.template))
        width_px, height_px = small_size(options.size)
        out = options.output or Path(f"{template.name}.png")
        if not out.resolve().parent.is_dir():
            raise wrong_input(f"--output {out}: there is no such folder.")
        # Imported only now: a mistyped name or a faulty file is answered at once.
        from app.services.preview_template import preview_template

        frames = preview_template(template, width_px=width_px, height_px=height_px, out=out)
    except RenderFailed as failure:
        return tell_failure(failure, begun_s, as_json=as_json)
    except InvalidInput as error:
        return tell_faults(error, as_json=as_json)
    except (SceneworksError, OSError) as error:
        said = str(error)
        return tell_failure(RenderFailed(Exit.FAILED, "PREVIEW_FAILED", said), begun_s, as_json=as_json)
    except KeyboardInterrupt:
        return Exit.CANCELED
    if as_json:
        write(sys.stdout, one_line(_result(template, out, (width_px, height_px), frames, begun_s)) + "\n")
    else:
        write(sys.stdout, f"{out}  {template.name} {template.version}, {frames} frames at {width_px}x{height_px}\n")
    return Exit.DONE


def checked(given: str | dict[str, Any]) -> Template:
    """The template; InvalidInput, with every fault in `details.errors`, for one that the API would refuse."""
    # pydantic and the API's models: what a request may carry is said in one place.
    from pydantic import ValidationError

    from app.api.template_schema import TemplateObject
    from app.api.validation import invalid_input

    try:
        return TemplateObject.model_validate(load_template(given) if isinstance(given, str) else given).to_template()
    except ValidationError as error:
        raise invalid_input(error) from None


def small_size(size: str) -> tuple[int, int]:
    """The size in which the clips are rendered: of this shape, and small."""
    try:
        width_px, height_px = parse_size(size)
    except InvalidInput as error:
        raise wrong_input(f"--size {size}: {error.message}") from None
    scale = min(1.0, SHORT_SIDE_PX / min(width_px, height_px))
    return round(width_px * scale / 2) * 2, round(height_px * scale / 2) * 2


def tell_faults(error: InvalidInput, *, as_json: bool) -> int:
    """A line for each fault: the field, and what is wrong with it."""
    faults = error.details.get("errors") or [{"field": error.field, "message": error.message}]
    faults = [{**fault, "field": fault["field"].removeprefix("template.")} for fault in faults]
    for fault in faults:
        write(sys.stderr, f"{fault['field']}: {fault['message']}\n")
    if as_json:
        found = {"code": error.code, "message": error.message, "errors": faults}
        write(sys.stdout, one_line({"status": "failed", "exit_code": int(Exit.USAGE), "error": found}) + "\n")
    return Exit.USAGE


def _result(template: Template, out: Path, size_px: tuple[int, int], frames: int, begun_s: float) -> dict[str, Any]:
    return {
        "status": "succeeded",
        "exit_code": int(Exit.DONE),
        "template": template.name,
        "version": template.version,
        "output": str(out.absolute()),
        "size_px": list(size_px),
        "frames": frames,
        "elapsed_s": round(time.monotonic() - begun_s, 3),
    }


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = Parser(
        prog="scripts/preview",
        usage="%(prog)s TEMPLATE [options]",
        description="Draw a template: some seconds of a sample video, as a sheet of its frames.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("template", metavar="TEMPLATE", help="a name, or a JSON file")
    parser.add_argument(
        "--size", default="9:16", metavar="SIZE", help=f"{', '.join(NAMED_SIZES)} or WIDTHxHEIGHT (default: 9:16)"
    )
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="the sheet, a PNG (default: NAME.png, here)")
    parser.add_argument("--json", action="store_true", help="print the result as one JSON object, last on stdout")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
