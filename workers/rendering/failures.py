"""How scripts/render can end otherwise than well: a line for a person, a code for programs, an exit code."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping
from enum import IntEnum
from typing import Any, TextIO


class Exit(IntEnum):
    DONE = 0
    FAILED = 1  # the job failed, or its outputs could not be saved
    USAGE = 2  # an option or an input is wrong; nothing was started
    NO_FARM = 3  # no farm could be started or reached
    CANCELED = 130  # stopped by Ctrl-C


class RenderFailed(Exception):
    """Ends the command. `message` is a sentence; `stage` the job's stage that failed, if it came so far."""

    def __init__(
        self,
        exit_code: Exit,
        code: str,
        message: str,
        *,
        stage: str | None = None,
        retryable: bool = False,
        job_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.exit_code = exit_code
        self.code = code
        self.message = message
        self.stage = stage
        self.retryable = retryable
        self.job_id = job_id


def wrong_input(message: str, code: str = "INVALID_INPUT") -> RenderFailed:
    """An option or a file that the caller must mend."""
    return RenderFailed(Exit.USAGE, code, message)


def failure_json(failure: RenderFailed, elapsed_s: float) -> str:
    return one_line(
        {
            "status": "canceled" if failure.exit_code == Exit.CANCELED else "failed",
            "exit_code": int(failure.exit_code),
            "job_id": failure.job_id,
            "elapsed_s": round(elapsed_s, 3),
            "error": {
                "code": failure.code,
                "message": failure.message,
                "stage": failure.stage,
                "retryable": failure.retryable,
            },
        }
    )


def describe_failure(failure: RenderFailed) -> str:
    """One line: what went wrong; after a job's failure also the code, the step, and whether another try helps."""
    if failure.exit_code != Exit.FAILED:
        return failure.message
    where = f" in {failure.stage}" if failure.stage else ""
    advice = "Trying again may help." if failure.retryable else "Trying again will not help."
    return f"{failure.message} ({failure.code}{where}) {advice}"


def one_line(value: Mapping[str, Any]) -> str:
    """JSON on one line; escaped to ASCII, so that no locale and no odd file name can break it."""
    return json.dumps(value)


def tell_failure(failure: RenderFailed, begun_s: float, *, as_json: bool) -> int:
    """Say it on stderr, and to programs on stdout; the exit code. `begun_s` is of the monotonic clock."""
    write(sys.stderr, describe_failure(failure) + "\n")
    if as_json:
        write(sys.stdout, failure_json(failure, time.monotonic() - begun_s) + "\n")
    return failure.exit_code


def write(stream: TextIO, text: str) -> None:
    """A reader that has gone away (`2>&1 | head`) must not end the render."""
    try:
        stream.write(text)
        stream.flush()
    except OSError:
        # What is still in the buffer goes nowhere, or Python would complain of it once more at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
