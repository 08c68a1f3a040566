"""What the farm promises about its processes: one farm a folder, none left behind, and up again by itself."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from tests.farm_process import PROGRAMS, ROOT, FarmProcess, eventually, processes_of
from workers.health import answers
from workers.home import HomeError, farm_holds, prepare_home
from workers.presence import FarmNotStarted, find_or_start_farm, hold_presence, live_farm, use_farm
from workers.procfile import ProcfileError, parse_procfile
from workers.supervisor import delay_before_restart_s, failures_in_a_row, how_it_ended

StartFarm = Callable[..., FarmProcess]


@pytest.fixture
def start_farm() -> Iterator[StartFarm]:
    """Starts farms; at the end of the test none of their processes may run."""
    farms: list[FarmProcess] = []

    def start(home: Path, *options: str, **more: object) -> FarmProcess:
        farms.append(FarmProcess(home, *options, **more))  # type: ignore[arg-type]
        return farms[-1]

    yield start
    for farm in farms:
        farm.kill()
    for farm in farms:
        farm.close()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def test_a_farm_says_where_it_answers_and_stops_on_ctrl_c(home: Path, start_farm: StartFarm) -> None:
    farm = start_farm(home)
    record = farm.record
    assert answers(record.url)
    assert record.pid == farm.process.pid
    farm.interrupt()
    exit_code, output = farm.end()
    assert exit_code == 0
    assert f"web     {record.url}" in output
    assert processes_of(home) == []
    assert not (home / "farm.json").exists()
    assert not farm_holds(home)


@pytest.mark.parametrize("name", ["with spaces", "größe 映像 'q' $x", "long" * 40])
def test_the_data_folder_may_have_any_name(tmp_path: Path, start_farm: StartFarm, name: str) -> None:
    farm = start_farm(tmp_path / name, "--quiet")
    assert answers(farm.record.url)
    log = tmp_path / name / "logs" / "cpu.log"
    eventually(lambda: log.exists() and "working with" in log.read_text())


def test_a_second_farm_on_a_folder_is_refused(home: Path, start_farm: StartFarm) -> None:
    first = start_farm(home)
    url = first.record.url
    exit_code, output = start_farm(home).end()
    assert exit_code == 2
    assert output == f"A farm is already running on {home} (pid {first.process.pid}, {url}).\n"
    assert answers(url)


def test_a_killed_farm_takes_its_processes_along_and_the_next_one_waits_for_that(
    home: Path, start_farm: StartFarm
) -> None:
    first = start_farm(home)
    first.pid_of("time.sleep(600)")
    before = set(processes_of(home))
    assert len(before) >= 6  # farm, guardian, broker, web, cpu and what cpu started
    first.process.kill()
    second = start_farm(home)
    assert answers(second.record.url)
    assert not before & set(processes_of(home))


def test_a_killed_guardian_is_replaced_and_knows_everything(home: Path, start_farm: StartFarm) -> None:
    farm = start_farm(home)
    assert farm.record
    first = farm.pid_of("workers.guardian")
    os.kill(first, signal.SIGKILL)
    eventually(lambda: farm.pid_of("workers.guardian") != first)
    assert farm_holds(home)
    farm.process.kill()
    eventually(lambda: processes_of(home) == [])


@pytest.mark.parametrize("program", ["web.py", "cpu.py"])
def test_a_killed_program_comes_back_without_its_leftovers(home: Path, start_farm: StartFarm, program: str) -> None:
    farm = start_farm(home)
    url = farm.record.url
    killed = farm.pid_of(program)
    session = [pid for pid in processes_of(home) if os.getsid(pid) == killed]
    os.kill(killed, signal.SIGKILL)
    eventually(lambda: farm.pid_of(program) != killed and answers(url))
    assert not set(session) & set(processes_of(home))
    farm.interrupt()
    _, output = farm.end()
    assert f"{program.removesuffix('.py')} was ended by SIGKILL" in output
    assert "starting it again in 0.1 s" in output


def test_a_second_ctrl_c_does_not_wait_for_a_stubborn_program(home: Path, start_farm: StartFarm) -> None:
    farm = start_farm(home, programs={**PROGRAMS, "io": "python stubborn.py"})
    assert farm.record
    farm.pid_of("stubborn.py")
    farm.interrupt()
    eventually(lambda: not (home / "farm.json").exists())
    farm.interrupt()
    exit_code, _ = farm.end()
    assert exit_code == 0
    assert processes_of(home) == []


def test_a_signal_during_the_start_stops_everything(home: Path, start_farm: StartFarm) -> None:
    farm = start_farm(home, programs={"release": "sleep 600", **PROGRAMS})
    farm.pid_of("sleep")
    farm.interrupt()
    assert farm.end()[0] == 0
    assert processes_of(home) == []


def test_a_release_that_fails_stops_the_start_and_says_so(home: Path, start_farm: StartFarm) -> None:
    programs = {"release": "sh -c 'echo the table is broken; exit 3'", **PROGRAMS}
    exit_code, output = start_farm(home, "--quiet", programs=programs).end()
    assert exit_code == 1
    assert "ended with exit code 3.\n  the table is broken" in output
    assert processes_of(home) == []


def test_a_web_that_cannot_start_is_given_up_with_its_last_words(home: Path, start_farm: StartFarm) -> None:
    exit_code, output = start_farm(home, "--quiet", programs={"web": "python nothing.py"}).end()
    assert exit_code == 1
    assert "web ended 3 times before it answered" in output
    assert "nothing.py" in output


@pytest.mark.parametrize(
    ("options", "environment", "name"),
    [(("--port", "{port}"), {}, "--port N"), ((), {"FLOWER_PORT": "{port}"}, "FLOWER_PORT")],
)
def test_a_taken_port_is_said_plainly(
    home: Path, start_farm: StartFarm, options: tuple[str, ...], environment: dict[str, str], name: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        farm = start_farm(
            home,
            *(option.format(port=port) for option in options),
            programs={**PROGRAMS, "flower": "sleep 600"},
            **{"FLOWER_PORT": "0", **{key: value.format(port=port) for key, value in environment.items()}},
        )
        exit_code, output = farm.end()
    assert exit_code == 2
    assert f"Port {port} on 127.0.0.1 cannot be used: address already in use." in output
    assert name in output


def test_a_folder_that_cannot_be_written_is_said_plainly(tmp_path: Path) -> None:
    a_file = tmp_path / "file"
    a_file.touch()
    with pytest.raises(HomeError, match="is a file"):
        prepare_home(a_file)
    # Root may write anywhere but here.
    read_only = tmp_path / "closed" if os.getuid() else Path("/sys")
    if os.getuid():
        read_only.mkdir(mode=0o500)
    with pytest.raises(HomeError, match="cannot be written"):
        prepare_home(read_only / "home")


def test_programs_stop_before_the_broker(home: Path, start_farm: StartFarm) -> None:
    last_words = (
        'python -c "import signal, sys, os, workers.embedded as e; from pathlib import Path; '
        "s = __import__('config.settings').settings.load_settings().broker_socket; "
        "signal.signal(signal.SIGTERM, lambda *_: (print('broker', e.answers_ping(s), flush=True), sys.exit())); "
        "print('listening', flush=True); signal.pause()\""
    )
    farm = start_farm(home, "--quiet", programs={**PROGRAMS, "io": last_words}, PYTHONPATH=str(ROOT))
    assert farm.record
    log = home / "logs" / "io.log"
    eventually(lambda: log.exists() and "listening" in log.read_text())
    farm.interrupt()
    farm.end()
    assert "broker True" in log.read_text()


class TestWhileUsed:
    """A farm that lives as long as somebody uses it."""

    def test_it_stops_when_its_last_client_leaves(self, home: Path, start_farm: StartFarm) -> None:
        home.mkdir()
        with hold_presence(home):
            farm = start_farm(home, "--while-used")
            assert farm.record
            with hold_presence(home):
                pass
            assert live_farm(home) == farm.record.url
        assert farm.end()[0] == 0
        assert processes_of(home) == []

    def test_it_stops_when_its_client_is_killed(self, home: Path, start_farm: StartFarm) -> None:
        home.mkdir()
        hold = (
            "import sys; from pathlib import Path; from workers.presence import hold_presence; "
            "holding = hold_presence(Path(sys.argv[1])); holding.__enter__(); print(flush=True); sys.stdin.read()"
        )
        command = [sys.executable, "-c", hold, str(home)]
        with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as client:
            assert client.stdout is not None
            client.stdout.readline()
            farm = start_farm(home, "--while-used")
            assert farm.record
            client.kill()
        assert farm.end()[0] == 0

    def test_a_client_uses_the_farm_that_runs(self, home: Path, start_farm: StartFarm) -> None:
        farm = start_farm(home)
        running_url = farm.record.url
        with use_farm(home, {}) as url:
            assert url == running_url
        assert farm.process.poll() is None

    def test_two_clients_at_once_start_one_farm_and_leave_none(self, home: Path) -> None:
        def use() -> tuple[str, bool]:
            with use_farm(home, {**os.environ, "REDIS_URL": "", "SCENEWORKS_URL": ""}) as url:
                used.wait()
                return url, answers(url)

        used = Barrier(2, timeout=120)
        with ThreadPoolExecutor(2) as clients:
            first, second = (client.result() for client in [clients.submit(use), clients.submit(use)])
        assert first == second
        assert first[1]
        eventually(lambda: processes_of(home) == [])

    def test_a_client_uses_the_farm_it_was_told(self, home: Path) -> None:
        with use_farm(home, {"SCENEWORKS_URL": "https://farm.example/"}) as url:
            assert url == "https://farm.example"
        assert not home.exists()

    def test_a_stale_farm_file_of_a_dead_farm_is_no_farm(self, home: Path, start_farm: StartFarm) -> None:
        farm = start_farm(home)
        assert farm.record
        stale = (home / "farm.json").read_bytes()
        farm.kill()
        eventually(lambda: not farm_holds(home))
        (home / "farm.json").write_bytes(stale)
        assert live_farm(home) is None

    def test_a_farm_that_cannot_start_is_explained_by_its_log(self, home: Path) -> None:
        home.mkdir()
        with pytest.raises(FarmNotStarted, match="(?s)exit code 2.*LEASE_TTL_S"), hold_presence(home):
            find_or_start_farm(home, {**os.environ, "LEASE_TTL_S": "soon"})


class TestDecisions:
    def test_a_program_that_keeps_failing_is_started_later_and_later(self) -> None:
        assert [delay_before_restart_s(failures) for failures in (1, 2, 3, 5, 6, 1000)] == [
            0.1,
            0.2,
            0.4,
            1.6,
            2.0,
            2.0,
        ]

    def test_half_a_minute_of_health_forgives(self) -> None:
        assert failures_in_a_row(6, uptime_s=3.0) == 7
        assert failures_in_a_row(6, uptime_s=30.0) == 1

    def test_the_log_says_how_a_program_ended(self) -> None:
        assert how_it_ended(0) == "ended with exit code 0"
        assert how_it_ended(-11) == "was ended by SIGSEGV"

    def test_a_procfile_names_its_faulty_line(self) -> None:
        with pytest.raises(ProcfileError, match="line 2 is not"):
            parse_procfile("web: true\nnonsense\n")
        with pytest.raises(ProcfileError, match="a second time"):
            parse_procfile("web: true\nweb: false\n")
        with pytest.raises(ProcfileError, match="web"):
            parse_procfile("# nothing\n")
