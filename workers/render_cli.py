"""`scripts/render`: a text file in, a finished video out.

    python -m workers.render_cli TEXT_FILE [options]

--help teaches it; docs/render.md says all of it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from io import TextIOWrapper

from workers.rendering.failures import Exit, RenderFailed, tell_failure
from workers.rendering.options import parse_options


def main(arguments: Sequence[str]) -> int:
    """The command; its exit code is one of `workers.rendering.failures.Exit`."""
    begun_s = time.monotonic()
    for stream in (sys.stdout, sys.stderr):
        # A path that is no valid text, or a terminal that knows only ASCII, must not end a render.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        options = parse_options(arguments)
        # Imported only now: --help and a mistyped option are answered at once.
        from workers.rendering.command import run

        return run(options, begun_s)
    except RenderFailed as failure:
        return tell_failure(failure, begun_s, as_json="--json" in arguments)
    except KeyboardInterrupt:
        # Before anything was begun.
        return Exit.CANCELED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
