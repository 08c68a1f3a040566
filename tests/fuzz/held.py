"""Hold an API that runs against its document: schemathesis as a process, with what it found in its own words."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.api_server import Api

CONFIG = Path(__file__).with_name("schemathesis.toml")
# They never end, the first while its job is live, and a fuzzer reads to the end.
ENDLESS = ("followJob", "followOrg")


@dataclass(frozen=True)
class Effort:
    """How much is tried: `examples` an operation in each phase, from the `seed`, or as long as `seconds` last."""

    examples: int | None = None
    seed: int | None = None
    seconds: int | None = None

    @property
    def options(self) -> list[str]:
        given = {"--max-examples": self.examples, "--seed": self.seed, "--max-time": self.seconds}
        return [word for name, value in given.items() if value is not None for word in (name, str(value))]


def hold(api: Api, effort: Effort, *, quiet: bool) -> subprocess.CompletedProcess[str]:
    """Run schemathesis against the API with its key. A return code of 0: nothing was found."""
    command = [
        *(str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(CONFIG), "run"),
        f"{api.url}/openapi.json",
        *("--header", f"Authorization: Bearer {api.key}"),
        *(word for name in ENDLESS for word in ("--exclude-operation-id", name)),
        *("--generation-database", "none", "--continue-on-failure", "--no-color"),
        *effort.options,
    ]
    return subprocess.run(
        command, text=True, check=False, stdout=subprocess.PIPE if quiet else None, stderr=subprocess.STDOUT
    )
