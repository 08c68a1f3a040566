"""A provider that may be called so many times at once is not called once more, whatever becomes of the steps."""

from __future__ import annotations

import threading

import pytest

from app.client import VideoRequest
from app.domain.states import JobStatus
from tests.chat_vendor import GOOD, Answer, ChatVendor
from tests.real_farm import RealFarm
from tests.waiting import wait_for

CANCELED = 3


@pytest.fixture
def environment(vendor: ChatVendor) -> dict[str, str]:
    return {"OPENAI_API_KEY": "test-key", "OPENAI_BASE_URL": vendor.url, "PROVIDER_CONCURRENCY": "openai=1"}


def test_a_canceled_call_that_hangs_is_closed_towards_the_vendor_before_the_next_begins(
    farm: RealFarm, vendor: ChatVendor
) -> None:
    subjects = [f"silence {number}" for number in range(CANCELED)]
    for subject in subjects:
        vendor.first[subject] = [Answer(GOOD.body, after=threading.Event())]
    hanging = [farm.submit(VideoRequest(prompt=subject, size="64x64", fps=24)) for subject in subjects]
    behind = farm.submit(VideoRequest(prompt="the tides", size="64x64", fps=24))
    with farm.client() as client:
        for asked_before, job in enumerate(hanging):
            wait_for(lambda before=asked_before: len(vendor.asked) > before, what="the next call")
            assert client.cancel(job.id).status == JobStatus.CANCELED
            wait_for(lambda: vendor.open_calls == 0, within_s=5, every_s=0.01, what="the call to be closed")
    assert farm.finished(behind).status == JobStatus.SUCCEEDED, farm.log()
    assert vendor.most_open_calls == 1
