"""One farm's life: the order in which its programs start, its address, its end.

The web comes up first, because the first request waits for it, with the pool that takes a job's
first step; nobody waits for Flower, so it comes last.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from shlex import join

from config.settings import Settings
from workers.embedded import (
    LOG_NAME,
    answers_ping,
    broker_arguments,
    find_broker,
    prepare_broker,
    remove_socket,
    set_data_aside,
)
from workers.guarded import Guardian
from workers.health import answers
from workers.home import FarmLock, FarmRecord, write_farm_record
from workers.output import Output, last_lines
from workers.presence import try_to_end_presence
from workers.procfile import Program
from workers.supervisor import Supervisor, how_it_ended

WEB, FLOWER, HOOKS, BROKER = "web", "flower", "hooks", "broker"
# As on Heroku: what must have ended well before the rest may start. Ours brings the database up to date.
RELEASE = "release"
# The io pool has a job's first step.
WITH_THE_WEB = (WEB, "io")
# Work stops first, then the view on it, then what carries it.
STAGES = {FLOWER: 1, BROKER: 2}
GIVE_UP_AFTER = 3
POLL_S = 0.02
PRESENCE_POLL_S = 0.5
FLOWER_WITHIN_S = 15.0
# A program that starts takes a core for a second, and a first video may be waiting for it. Webhooks can wait.
HOOKS_AFTER_S = 2.0


class FarmFailed(Exception):
    """The farm could not come up; the message says which program and why."""


@dataclass(frozen=True)
class Farm:
    """What is to run. `environment` is the programs' own and agrees with `settings`; `folder` is where they run."""

    settings: Settings
    environment: Mapping[str, str]
    programs: tuple[Program, ...]
    folder: Path
    while_used: bool = False

    @property
    def url(self) -> str:
        return local_url(self.settings.host, self.settings.port)

    @property
    def flower_url(self) -> str | None:
        runs = any(program.name == FLOWER for program in self.programs)
        return local_url("127.0.0.1", self.settings.flower_port) if runs else None


def local_url(host: str, port: int) -> str:
    """Where this machine reaches a server that listens on `host`."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}.get(host, host)
    return f"http://{reachable}:{port}"


def in_stages(programs: list[Program]) -> tuple[Program, ...]:
    """The programs with the stage in which each is stopped."""
    return tuple(replace(program, stage=STAGES.get(program.name, 0)) for program in programs)


async def run_farm(farm: Farm, lock: FarmLock, output: Output) -> None:
    """Run until a signal, or until nobody uses it; raise FarmFailed when it does not come up.

    However this ends, no process is left.
    """
    stop, hurry = asyncio.Event(), asyncio.Event()
    _listen_for_signals(stop, hurry, output)
    guardian = Guardian(lock.fd, farm.settings.farm_file)
    await guardian.start()

    def hand_back_of(pids: Collection[int]) -> None:
        # Imported here: a farm that stops in its own time need not load the database's library.
        from workers.drain import hand_back_of_killed

        handed_back = hand_back_of_killed(farm.settings.database_url, pids)
        output.say(f"steps that were cut short and handed back: {handed_back}")

    supervisor = Supervisor(
        farm.folder, farm.environment, output, guardian, farm.settings.drain_grace_s, after_cut=hand_back_of
    )
    boot = asyncio.create_task(_boot(farm, supervisor, output))
    watch = asyncio.create_task(_watch_presence(farm.settings.home, stop)) if farm.while_used else None
    stopped = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({boot, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if boot.done():
            boot.result()
            await stopped
    finally:
        for task in filter(None, (boot, watch, stopped)):
            task.cancel()
        await asyncio.gather(boot, return_exceptions=True)
        # Before anything stops, so that nobody is sent to a farm that is going away.
        farm.settings.farm_file.unlink(missing_ok=True)
        await supervisor.stop(hurry)
        remove_socket(farm.settings.home / "broker", farm.settings.broker_socket)
        await guardian.close()


async def _boot(farm: Farm, supervisor: Supervisor, output: Output) -> None:
    await asyncio.gather(_start_broker(farm, supervisor, output), _release(farm, supervisor, output))
    rest = [program for program in farm.programs if program.name != RELEASE]
    for program in rest:
        if program.name in WITH_THE_WEB:
            supervisor.start(program)
    while not await asyncio.to_thread(answers, farm.url):
        if supervisor.failures(WEB) >= GIVE_UP_AFTER:
            raise _cannot_start(f"{WEB} ended {GIVE_UP_AFTER} times before it answered", output.last_lines(WEB))
        await asyncio.sleep(POLL_S)
    started_at = datetime.now(UTC).isoformat(timespec="seconds")
    write_farm_record(farm.settings.farm_file, FarmRecord(farm.url, farm.flower_url, os.getpid(), started_at))
    for program in sorted(rest, key=lambda program: program.name == FLOWER):
        if program.name not in (*WITH_THE_WEB, HOOKS):
            supervisor.start(program)
    await _wait_for_flower(farm)
    _print_addresses(farm, output)
    for program in rest:
        if program.name == HOOKS:
            await asyncio.sleep(HOOKS_AFTER_S)
            supervisor.start(program)


async def _wait_for_flower(farm: Farm) -> None:
    """Flower starts last and slowest: its address is printed when somebody answers there, or after a while."""
    if farm.flower_url is None:
        return
    deadline = time.monotonic() + FLOWER_WITHIN_S
    port = farm.settings.flower_port
    while time.monotonic() < deadline:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(POLL_S)
        else:
            writer.close()
            return


async def _release(farm: Farm, supervisor: Supervisor, output: Output) -> None:
    for program in farm.programs:
        if program.name == RELEASE and (exit_code := await supervisor.run_once(program)) != 0:
            raise _cannot_start(f"`{program.command}` {how_it_ended(exit_code)}", output.last_lines(RELEASE))


async def _start_broker(farm: Farm, supervisor: Supervisor, output: Output) -> None:
    if not farm.settings.uses_embedded_broker:
        return
    data_dir, socket_path = farm.settings.home / "broker", farm.settings.broker_socket
    prepare_broker(data_dir, socket_path)

    def mend(exit_code: int, failures: int) -> None:
        prepare_broker(data_dir, socket_path)
        # A killed broker reads its file again; one that ends by itself, twice, cannot.
        if exit_code > 0 and failures == 2 and (aside := set_data_aside(data_dir)) is not None:
            output.say(f"the broker cannot read its files; they are now in {aside}, and it begins with none")

    command = join(broker_arguments(find_broker(), socket_path))
    supervisor.start(Program(BROKER, command, STAGES[BROKER], data_dir), mend)
    while not await asyncio.to_thread(answers_ping, socket_path):
        if supervisor.failures(BROKER) >= GIVE_UP_AFTER:
            told = output.last_lines(BROKER) + last_lines(data_dir / LOG_NAME, 15)
            raise _cannot_start(f"the broker ended {GIVE_UP_AFTER} times before it answered", told)
        await asyncio.sleep(POLL_S)


def _cannot_start(why: str, told: list[str]) -> FarmFailed:
    return FarmFailed("\n".join([f"The farm cannot start: {why}.", *(f"  {line}" for line in told)]))


def _print_addresses(farm: Farm, output: Output) -> None:
    output.say("Sceneworks is up.")
    output.say(f"  web     {farm.url}")
    output.say(f"  docs    {farm.url}/docs")
    if farm.flower_url:
        output.say(f"  flower  {farm.flower_url}")
    output.say(f"  key     {farm.settings.local_key_file}")
    output.say("It stops when nobody uses it." if farm.while_used else "Ctrl-C stops it.")


async def _watch_presence(home: Path, stop: asyncio.Event) -> None:
    """Stop the farm once no client holds clients.lock; keep it locked, so that new clients wait until we have gone."""
    while try_to_end_presence(home) is None:
        await asyncio.sleep(PRESENCE_POLL_S)
    stop.set()


def _listen_for_signals(stop: asyncio.Event, hurry: asyncio.Event, output: Output) -> None:
    def on_signal() -> None:
        if stop.is_set():
            hurry.set()
            return
        stop.set()
        output.say("stopping; once more to stop at once" if sys.stdout.isatty() else "stopping")

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # `nohup scripts/up` has asked that a closed terminal change nothing.
        if signal.getsignal(number) != signal.SIG_IGN or number != signal.SIGHUP:
            asyncio.get_running_loop().add_signal_handler(number, on_signal)
