"""The OpenAPI document is the contract: what it allows is answered as it says, and what it forbids is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.models.database import Database
from tests.api_server import finished_job, serve
from tests.fuzz.held import Effort, hold

# The same requests each time, so that a red run can be seen again; scripts/fuzz-api tries others for longer.
EFFORT = Effort(examples=8, seed=1)


# On the stricter database alone: it is the API's words that are held against the document, and each run takes long.
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.timeout(300)
def test_thousands_of_requests_find_nothing_that_the_document_does_not_say(database: Database, tmp_path: Path) -> None:
    with serve(database, tmp_path / "home") as api:
        finished_job(api, "video.mp4", b"not really a video" * 1000, "video/mp4")
        held = hold(api, EFFORT, quiet=True)
    assert held.returncode == 0, held.stdout
