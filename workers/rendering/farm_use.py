"""The farm that a render uses: found, or started and kept for as long as it is needed, and seen off."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from app.client import PATIENCE_S
from config.settings import Settings, SettingsError, load_settings
from workers.home import HomeError, farm_holds
from workers.presence import FarmNotStarted, find_or_start_farm, live_farm, use_farm
from workers.rendering.display import Display
from workers.rendering.failures import Exit, RenderFailed, wrong_input

GONE_WITHIN_S = 25.0
# A web process that is started again answers sooner; after this the farm itself may be gone.
LOCAL_PATIENCE_S = 8.0
# A farm looks twice a second whether anybody uses it.
NOTICED_WITHIN_S = 1.5
POLL_S = 0.05
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class FarmInUse:
    """Where the farm answers now, and the key that it takes. `patience_s`: how long it may be away before we look."""

    def __init__(self, settings: Settings, environment: Mapping[str, str], url: str) -> None:
        self._settings = settings
        self._environment = environment
        self._settle(url)
        is_elsewhere = settings.public_url is not None
        self.patience_s = PATIENCE_S if is_elsewhere else LOCAL_PATIENCE_S

    def find_again(self) -> bool:
        """After it went away: find it, or start it again, on the same data. False when it is not ours to start."""
        if self._settings.public_url is not None:
            return False
        self._settle(find_or_start_farm(self._settings.home, self._environment, PATIENCE_S))
        return True

    def _settle(self, url: str) -> None:
        self.url, self.api_key = url, find_key(self._settings, url)


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    try:
        return load_settings(environment)
    except SettingsError as error:
        raise RenderFailed(Exit.USAGE, "SETTINGS", str(error)) from None


@contextmanager
def farm_in_use(
    settings: Settings, display: Display, environment: Mapping[str, str] = os.environ
) -> Iterator[FarmInUse]:
    """A farm that answers, kept alive while the block runs. RenderFailed (exit code 3) when there is none."""
    begun = time.monotonic()
    is_ours_to_start = settings.public_url is None and live_farm(settings.home) is None
    if is_ours_to_start:
        display.say("Starting the farm…")
    try:
        with use_farm(settings.home, environment) as url:
            if is_ours_to_start:
                display.say(f"The farm runs at {url} ({time.monotonic() - begun:.1f} s).")
            yield FarmInUse(settings, environment, url)
    except HomeError as error:
        raise RenderFailed(Exit.NO_FARM, "NO_FARM", str(error)) from None
    except FarmNotStarted as error:
        display.close()
        raise RenderFailed(Exit.NO_FARM, "NO_FARM", str(error), retryable=True) from None


def find_key(settings: Settings, url: str) -> str:
    """The local farm's own key, or SCENEWORKS_API_KEY; a key of this machine is never sent to another."""
    if settings.public_url is not None:
        if settings.api_key is not None:
            return settings.api_key
        if urlsplit(url).hostname not in LOOPBACK:
            raise wrong_input(f"SCENEWORKS_API_KEY is not set: the farm at {url} wants its key.", "NO_KEY")
    try:
        return settings.local_key_file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        if settings.api_key is not None:
            return settings.api_key
        message = f"The farm's key cannot be read from {settings.local_key_file}: {error}. Set SCENEWORKS_API_KEY."
        raise RenderFailed(Exit.NO_FARM, "NO_KEY", message) from None


def wait_until_gone(settings: Settings, within_s: float = GONE_WITHIN_S) -> bool:
    """After the use has ended: wait for a farm that ends with it. False when its processes are still there in time.

    A farm that others use, or that was started to stay (`scripts/up`), is none of our business.
    """
    if settings.public_url is not None:
        return True
    home, begun = settings.home, time.monotonic()
    while (has_child := _has_child()) or farm_holds(home):
        waited_s = time.monotonic() - begun
        users = _users(home)
        if users == OTHERS or (users == NOBODY and not has_child and waited_s > NOTICED_WITHIN_S):
            return True
        if waited_s > within_s:
            return False
        time.sleep(POLL_S)
    return True


NOBODY, OTHERS, ENDING = "nobody", "others", "ending"


def _users(home: Path) -> str:
    """Who holds clients.lock: nobody, other clients (shared), or a farm that is ending (exclusive)."""
    fd = os.open(home / "clients.lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        for users, operation in ((NOBODY, fcntl.LOCK_EX), (OTHERS, fcntl.LOCK_SH)):
            try:
                fcntl.flock(fd, operation | fcntl.LOCK_NB)
                return users
            except BlockingIOError:
                continue
        return ENDING
    finally:
        os.close(fd)


def _has_child() -> bool:
    """Whether a farm that we started still runs: farms are the only children that we ever have."""
    try:
        while True:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                return True
    except ChildProcessError:
        return False
