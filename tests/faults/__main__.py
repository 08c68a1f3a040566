"""Run the faults that CI has no time for at the sizes that their standard asks for, and tell what was measured.

    scripts/faults [--full] [--row 4] [--stack both] [--json]

The rows are those of the standard of faults whose sizes are larger than CI carries; the tests are the same ones that CI
runs, with other numbers. Without --full they are CI's. Each row runs on a farm of its own in a folder that goes away:
on SQLite with the embedded broker, and on PostgreSQL with a Redis (both must be installed). One after the other they
take about an hour on two cores. A test fails when what the standard promises does not hold.

rows:
%(rows)s

Figures are told by test and stack: how many were recorded, their median and the worst (the largest). Names that end in
_s are seconds. Exit code 0 when every test passed, 1 otherwise.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pytest

from tests.faults.sizes import ROWS

STACKS = ("embedded", "servers")


@dataclass(frozen=True)
class Figure:
    """All that was recorded under one name in one test."""

    count: int
    median: float
    worst: float


@dataclass
class Result:
    """What became of one test on one stack; `outcome` is pytest's word."""

    row: int
    test: str
    stack: str
    outcome: str = "passed"
    elapsed_s: float = 0.0
    figures: dict[str, Figure] = field(default_factory=dict)


def figures_of(recorded: list[tuple[str, object]]) -> dict[str, Figure]:
    values: defaultdict[str, list[float]] = defaultdict(list)
    for name, value in recorded:
        values[name].append(float(str(value)))
    return {
        name: Figure(len(found), round(statistics.median(found), 3), round(max(found), 3))
        for name, found in values.items()
    }


class Collector:
    """A plugin of pytest: runs only the wanted rows and stacks, and keeps what they gave, by the test's id."""

    def __init__(self, rows: set[int], stacks: set[str]) -> None:
        self._rows, self._stacks = rows, stacks
        self.results: dict[str, Result] = {}

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        wanted, others = [], []
        for item in items:
            found = self._result_for(item)
            (others if found is None else wanted).append(item)
            if found is not None:
                self.results[item.nodeid] = found
        # The rows in their order, and not the files in theirs.
        items[:] = sorted(wanted, key=lambda item: self.results[item.nodeid].row)
        config.hook.pytest_deselected(items=others)

    def _result_for(self, item: pytest.Item) -> Result | None:
        mark = item.get_closest_marker("row")
        if mark is None or not isinstance(item, pytest.Function):
            return None
        row, stack = int(mark.args[0]), str(item.callspec.params["servers"])
        return Result(row, item.originalname, stack) if row in self._rows and stack in self._stacks else None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        result = self.results[report.nodeid]
        if report.outcome != "passed":
            result.outcome = report.outcome
        if report.when == "call":
            result.elapsed_s = round(report.duration, 1)
            result.figures = figures_of(report.user_properties)


@contextmanager
def stdout_to_stderr() -> Iterator[None]:
    """Everything that pytest prints, and what the programs that it starts do."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)


def lines_of(result: Result) -> Iterator[str]:
    name = result.test.removeprefix("test_").replace("_", " ")
    yield f"row {result.row}, {result.stack}: {result.outcome} in {result.elapsed_s:g} s: {name}"
    for figure, told in result.figures.items():
        yield f"    {figure:18} {told.count:5} times, median {told.median:g}, worst {told.worst:g}"


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="scripts/faults",
        description=(__doc__ or "") % {"rows": "\n".join(f"  {row:2}  {what}" for row, what in ROWS.items())},
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--full", action="store_true", help="the sizes of the standard, and not those of CI")
    parser.add_argument("--row", type=int, action="append", choices=ROWS, help="only this one (again for more)")
    parser.add_argument("--stack", choices=[*STACKS, "both"], default="both")
    parser.add_argument("--json", action="store_true", help="print one JSON object, last, on stdout")
    arguments = parser.parse_args()
    stacks = set(STACKS) if arguments.stack == "both" else {arguments.stack}
    collector = Collector(set(arguments.row or ROWS), stacks)
    options = ["--full-size"] if arguments.full else []
    with stdout_to_stderr():
        code = pytest.main([str(Path(__file__).parent), *options], plugins=[collector])
    results = list(collector.results.values())
    for result in results:
        for line in lines_of(result):
            print(line, file=sys.stderr if arguments.json else sys.stdout)
    if arguments.json:
        print(
            json.dumps({"full": arguments.full, "passed": code == 0, "tests": [asdict(result) for result in results]})
        )
    sys.exit(0 if code == 0 else 1)


if __name__ == "__main__":
    main()
