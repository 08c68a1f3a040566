"""A farm whose disks are nearly full takes on no more, and keeps every promise that it has made."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from app.domain.errors import StorageFull
from app.domain.video import VideoInput
from app.models.database import Database
from app.services.asking import Asking, RequestKey
from app.services.room import BOUNDLESS, Room
from app.services.submit_video import Submission, submit_video
from tests.farms import make_farm, make_org

NEVER_ENOUGH_BYTES = 2**62


def test_a_request_is_refused_for_lack_of_room_and_accepted_when_there_is_some(
    database: Database, tmp_path: Path
) -> None:
    full = replace(make_farm(database, tmp_path), room=Room({"the storage": tmp_path}, NEVER_ENOUGH_BYTES))
    asking, wanted = Asking(make_org(database), "test"), Submission(VideoInput(text="Hello."), labels={})
    with pytest.raises(StorageFull, match="the storage"):
        submit_video(full, asking, wanted)
    assert not submit_video(replace(full, room=BOUNDLESS), asking, wanted).replayed


def test_a_request_that_was_accepted_before_gets_the_same_answer_from_a_full_farm(
    database: Database, tmp_path: Path
) -> None:
    farm = make_farm(database, tmp_path)
    key = RequestKey("once", "POST /api/videos", "fingerprint")
    asking, wanted = Asking(make_org(database), "test", key), Submission(VideoInput(text="Hello."), labels={})
    accepted = submit_video(farm, asking, wanted)
    again = submit_video(replace(farm, room=Room({"the storage": tmp_path}, NEVER_ENOUGH_BYTES)), asking, wanted)
    assert (again.replayed, again.job.id) == (True, accepted.job.id)


def test_a_folder_that_is_not_there_yet_has_the_room_of_the_disk_that_it_will_be_on(tmp_path: Path) -> None:
    assert Room({"the storage": tmp_path / "not" / "yet"}, 1).full_folder() is None
    assert Room({"the storage": tmp_path / "not" / "yet"}, NEVER_ENOUGH_BYTES).full_folder() == "the storage"
