"""Make .venv at the checkout and install the project into it. Called by the launchers, with any Python >= 3.11.

    python install.py ROOT STAMP EXTRA      (EXTRA may be empty)

Two at once do not collide: the second waits and then finds the work done. A first installation
that was interrupted is started over; an interrupted update is simply run again. Standard library only.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

SHOW_EVERY_S = 0.2


class InstallError(Exception):
    """The installation cannot go on; the message says what to do."""


def main(root: Path, wanted: str, extra: str) -> None:
    stamps = [root / ".venv" / "installed"] + ([root / ".venv" / f"installed-{extra}"] if extra else [])
    # The lock is the kernel's, on a file that is always there: one that dies leaves no stale lock behind.
    with (root / "setup.cfg").open() as project:
        if not try_lock(project.fileno()):
            print("Another installation is running here; waiting for it.", file=sys.stderr)
            fcntl.flock(project, fcntl.LOCK_EX)
        if not stamps[-1].exists() or stamps[-1].read_text().rstrip("\n") != wanted:
            install(root, extra, project.fileno())
            for stamp in stamps:
                stamp.write_text(f"{wanted}\n")


def install(root: Path, extra: str, lock_fd: int) -> None:
    folder, log = root / ".venv", root / ".venv" / "install.log"
    # Lies there from the first moment of a first installation to its last.
    unfinished = folder / "unfinished"
    python = folder / "bin" / "python"
    begun = time.monotonic()
    if unfinished.exists() or (folder.exists() and not works(python)):
        shutil.rmtree(folder)
    if not folder.exists():
        require_venv()
        print(f"First use: installing Sceneworks into {folder}. This takes a minute or two.", file=sys.stderr)
        folder.mkdir()
        unfinished.touch()
        run([sys.executable, "-m", "venv", str(folder)], log, lock_fd)
    else:
        print(f"Bringing {folder} up to date.", file=sys.stderr)
    options = ["--disable-pip-version-check", "--progress-bar", "off", "--editable"]
    target = f"{root}[{extra}]" if extra else str(root)
    run([str(python), "-m", "pip", "install", *options, target], log, lock_fd)
    unfinished.unlink(missing_ok=True)
    print(f"Installed in {time.monotonic() - begun:.0f} s.", file=sys.stderr)


def works(python: Path) -> bool:
    """Whether the interpreter still runs, with pip: the one that .venv was made from may have gone."""
    try:
        return subprocess.run([python, "-m", "pip", "--version"], capture_output=True).returncode == 0
    except OSError:
        return False


def require_venv() -> None:
    """Debian and Ubuntu leave ensurepip out of python3; say which package brings it."""
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise InstallError(
            f"{sys.executable} cannot make virtual environments: its venv module is not installed.\n"
            f"On Debian or Ubuntu: apt install python{version}-venv. "
            "Or set PYTHON to another Python 3.11 or newer."
        ) from None


def run(command: list[str], log: Path, lock_fd: int) -> None:
    """Run a command with its output in `log`, the last line of it shown; raise InstallError when it fails.

    The command shares the lock: when we are killed, the next installation waits until it has ended.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=(lock_fd,),
        )
    try:
        while process.poll() is None:
            show(last_lines(log, 1))
            try:
                process.wait(SHOW_EVERY_S)
            except subprocess.TimeoutExpired:
                continue
    finally:
        if process.poll() is None:
            # As Ctrl-C would: pip and what it builds with put their temporary files away.
            os.killpg(process.pid, signal.SIGINT)
            process.wait()
        show([])
    if process.returncode != 0:
        lines = "\n".join(f"  {line}" for line in last_lines(log, 15))
        raise InstallError(f"The installation failed (exit code {process.returncode}):\n{lines}")


def show(lines: list[str]) -> None:
    """Replace the progress line of a terminal; elsewhere there is none."""
    if sys.stderr.isatty():
        width = shutil.get_terminal_size().columns - 1
        print("\r\x1b[K" + "".join(lines)[:width], end="", file=sys.stderr, flush=True)


def last_lines(log: Path, count: int) -> list[str]:
    return log.read_bytes().decode(errors="replace").splitlines()[-count:]


def try_lock(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def stop(number: int, frame: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    # Asked to end, in whatever way, we end pip too. SIGINT is named because a background job begins with it ignored.
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, stop)
    try:
        main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
    except InstallError as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(f"The installation failed: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
