"""Fuzz the API for as long as you like: a farm without workers on SQLite, and schemathesis against it.

    scripts/fuzz-api [--minutes 10] [--seed N]

Requests of every form that the OpenAPI document allows, and of those that it forbids, alone and one after the other
along its links. It stops at nothing: every fault is told at the end, each with a curl that shows it.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from app.models.database import Database
from app.models.migrate import migrate
from tests.api_server import finished_job, serve
from tests.fuzz.held import Effort, hold


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0, help="how long (default 10)")
    parser.add_argument("--seed", type=int, help="repeat a run: it says its seed at the end")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fuzz-api-") as folder:
        url = f"sqlite:///{folder}/farm.db"
        migrate(url)
        database = Database(url)
        with serve(database, Path(folder, "home")) as api:
            finished_job(api, "video.mp4", b"not really a video" * 1000, "video/mp4")
            effort = Effort(seed=arguments.seed, seconds=max(1, round(arguments.minutes * 60)))
            code = hold(api, effort, quiet=False).returncode
        database.close()
    return code


if __name__ == "__main__":
    sys.exit(main())
