"""Start a whole farm: broker, database, API, workers, dispatcher, Flower.

    python -m workers.farm [--port N] [--home DIR] [--quiet] [--while-used] [--no-flower]

Exit codes: 0 stopped as asked, 1 it could not come up, 2 it may not (another farm, a taken
port, a folder that cannot be written, wrong settings).
"""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import sys
from pathlib import Path

from app.domain.encoders import AUTO, EncoderName, EncoderUnusable, choose_encoder
from config.settings import Settings, SettingsError, load_settings
from workers.boot import BROKER, FLOWER, Farm, FarmFailed, in_stages, run_farm
from workers.embedded import BrokerError
from workers.home import FarmRunning, HomeError, prepare_home, take_farm_lock
from workers.output import LogFiles, Terminal
from workers.procfile import ProcfileError, read_procfile

PROCFILE = Path(__file__).resolve().parents[1] / "Procfile"


class PortTaken(Exception):
    """The farm cannot listen where it should; the message says what to change."""


def parse_arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/up",
        description="Start the whole farm in the foreground: API, workers, dispatcher, Flower. Ctrl-C stops it.",
        epilog="Settings come from the environment: DATABASE_URL, REDIS_URL, STORAGE_URL, SCENEWORKS_CPU_SLOTS, "
        "SCENEWORKS_IO_SLOTS, SCENEWORKS_HOOKS_SLOTS, FLOWER_PORT and others. With none of them the farm brings its "
        "own broker and database.",
    )
    parser.add_argument("--port", type=int, metavar="N", help="where the API listens (SCENEWORKS_PORT); 0 picks one")
    parser.add_argument("--home", type=Path, metavar="DIR", help="the data folder (SCENEWORKS_HOME)")
    parser.add_argument("--quiet", action="store_true", help="write the programs' output to DIR/logs/NAME.log")
    parser.add_argument("--no-flower", action="store_true", help="leave Flower out")
    parser.add_argument("--while-used", action="store_true", help="stop when no client holds DIR/clients.lock")
    parser.add_argument("--procfile", type=Path, default=PROCFILE, metavar="FILE", help="programs other than ours")
    return parser.parse_args(arguments)


def requested_environment(options: argparse.Namespace) -> dict[str, str]:
    """The environment, with what the options say instead of it."""
    environment = dict(os.environ)
    if options.port is not None:
        environment["SCENEWORKS_PORT"] = str(options.port)
    if options.home is not None:
        environment["SCENEWORKS_HOME"] = str(options.home)
    return environment


def plan_farm(options: argparse.Namespace, environment: dict[str, str], settings: Settings) -> Farm:
    """The farm that was asked for, with its ports chosen and known to be free."""
    programs = [
        program for program in read_procfile(options.procfile) if not (options.no_flower and program.name == FLOWER)
    ]
    port = free_port(settings.host, settings.port, "Choose another: --port N, or SCENEWORKS_PORT; 0 picks a free one.")
    flower_port = settings.flower_port
    if any(program.name == FLOWER for program in programs):
        advice = "Flower needs it: set FLOWER_PORT (0 picks a free one), or leave it out: --no-flower."
        flower_port = free_port("127.0.0.1", flower_port, advice)
    # The programs read the very values that were checked here: no default is worked out twice.
    environment = environment | {
        "SCENEWORKS_HOME": str(settings.home),
        "SCENEWORKS_HOST": settings.host,
        "SCENEWORKS_PORT": str(port),
        "FLOWER_PORT": str(flower_port),
        "SCENEWORKS_CPU_SLOTS": str(settings.cpu_slots),
        "SCENEWORKS_IO_SLOTS": str(settings.io_slots),
        "SCENEWORKS_HOOKS_SLOTS": str(settings.hooks_slots),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), environment.get("PATH", os.defpath)]),
        "PYTHONUNBUFFERED": "1",
    }
    return Farm(
        settings=load_settings(environment),
        environment=environment,
        programs=in_stages(programs),
        folder=options.procfile.absolute().parent,
        while_used=options.while_used,
    )


def refuse_unusable_encoder(wanted: str) -> None:
    """EncoderUnusable when one was asked for that does not work here: its workers would end as soon as they start."""
    if wanted in (AUTO, EncoderName.X264):
        return
    from app.media.encoder_trial import try_encoder

    choose_encoder(wanted, try_encoder)


def free_port(host: str, port: int, advice: str) -> int:
    """`port` itself if nobody listens there, or a free one for 0; raise PortTaken otherwise."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As the servers do: a connection that lingers from the last farm is no reason to refuse.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise PortTaken(f"Port {port} on {host} cannot be used: {reason}. {advice}") from None
        return int(probe.getsockname()[1])


def main(arguments: list[str]) -> int:
    options = parse_arguments(arguments)
    try:
        environment = requested_environment(options)
        settings = load_settings(environment)
        refuse_unusable_encoder(settings.video_encoder)
        prepare_home(settings.home)
        # The lock comes before the ports: a killed farm's programs may hold them until its guardian is done.
        lock = take_farm_lock(settings.home)
        farm = plan_farm(options, environment, settings)
        lock.name_owner(os.getpid(), farm.url)
        names = [program.name for program in farm.programs]
        output = LogFiles(settings.home / "logs") if options.quiet else Terminal([*names, BROKER])
        asyncio.run(run_farm(farm, lock, output))
    except (SettingsError, EncoderUnusable, HomeError, FarmRunning, ProcfileError, PortTaken) as error:
        print(error, file=sys.stderr)
        return 2
    except (FarmFailed, BrokerError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
