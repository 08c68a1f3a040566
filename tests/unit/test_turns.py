"""Requests of one process take turns, in the order in which they came."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from tests.waiting import wait_for
from workers.turns import Turns

FOR_EVER_S = 60.0


def waits(turns: Turns, number: int) -> bool:
    return turns.waiting == number


def test_no_more_than_so_many_run_at_once() -> None:
    turns, lock = Turns(3, FOR_EVER_S), threading.Lock()
    running, most = 0, 0

    def work() -> None:
        nonlocal running, most
        for _ in range(200):
            with turns.one():
                with lock:
                    running += 1
                    most = max(most, running)
                with lock:
                    running -= 1

    with ThreadPoolExecutor(16) as pool:
        for done in [pool.submit(work) for _ in range(16)]:
            done.result()
    assert most <= 3
    assert (running, turns.waiting, turns.running) == (0, 0, 0)


def test_who_came_first_is_first() -> None:
    turns, order = Turns(1, FOR_EVER_S), list[int]()

    def work(number: int) -> None:
        with turns.one():
            order.append(number)

    with ThreadPoolExecutor(8) as pool:
        with turns.one():
            for number in range(8):
                pool.submit(work, number)
                wait_for(partial(waits, turns, number + 1))
    assert order == list(range(8))


def test_one_that_takes_long_keeps_nobody_waiting_for_ever() -> None:
    turns, end = Turns(1, longest_s=0.01), threading.Event()

    def stand_still() -> None:
        with turns.one():
            assert end.wait(30)

    def pass_through() -> str:
        with turns.one():
            return "passed"

    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(stand_still)
        wait_for(lambda: turns.running == 1)
        assert pool.submit(pass_through).result(timeout=30) == "passed"
        end.set()
        slow.result()
        # The turn that was given on is not given on a second time when its block ends.
        with turns.one():
            assert turns.running == 1


def test_a_block_that_fails_gives_its_turn_on() -> None:
    turns = Turns(1, FOR_EVER_S)
    for _ in range(3):
        try:
            with turns.one():
                raise ValueError
        except ValueError:
            pass
    assert turns.running == 0
