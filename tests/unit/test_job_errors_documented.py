"""docs/api.md tells of every code that a job's error can have, and whether a retry helps as the code has it."""

from __future__ import annotations

import re
from pathlib import Path

from app.domain.errors import (
    InvalidInput,
    ProviderNotConfigured,
    SceneworksError,
    StepError,
    TooLarge,
    UnsupportedMedia,
)

API_GUIDE = Path(__file__).resolve().parents[2] / "docs" / "api.md"
# Of the requests' branch: what a step meets when it reads anew what the API has accepted.
REFUSED_LATE = {InvalidInput, ProviderNotConfigured, TooLarge, UnsupportedMedia}


def test_every_error_that_a_job_can_end_with_is_in_the_guide() -> None:
    errors = {SceneworksError, *REFUSED_LATE, *below(StepError)}
    section = API_GUIDE.read_text(encoding="utf-8").partition("### Why a job failed\n")[2].partition("\n## ")[0]
    told = {
        code: retry == "yes"
        for codes, retry in re.findall(r"^\| (`[A-Z_`, ]+) \|.*\| (yes|no) \|$", section, re.MULTILINE)
        for code in re.findall(r"[A-Z_]+", codes)
    }
    assert told == {error.code: error.retryable for error in errors}


def below(error: type[SceneworksError]) -> set[type[SceneworksError]]:
    """Whatever is raised stands below the two that only divide the tree."""
    return {found for child in error.__subclasses__() for found in {child, *below(child)}}
