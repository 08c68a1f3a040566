"""For all tests: a run that is told to end takes its servers and farms down with it."""

from __future__ import annotations

import os
import signal
from types import FrameType

import pytest
from hypothesis import settings

# CI asks the same questions each time, so that a change fails for what it changed; elsewhere new ones are asked.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI") == "true":
    settings.load_profile("ci")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--full-size", action="store_true", help="faults as long and as often as their standard says (scripts/faults)"
    )


def pytest_configure(config: pytest.Config) -> None:
    # A plain SIGTERM would end the run without its fixtures' ends, and leave their servers behind.
    signal.signal(signal.SIGTERM, stop_in_order)


def stop_in_order(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
