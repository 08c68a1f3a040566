"""Where a webhook may go: an address on the internet, or in a network that the operator has allowed.

A URL is read once, by urllib3, and connected to by that very reading: for `http://evil.com\\@127.0.0.1/` the standard
library sees another host. What the host's name stands for is looked up when an endpoint is saved and at each attempt;
the connection is made to an address that was checked, so that a name which changes in between changes nothing.
"""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as StillLooking
from dataclasses import dataclass
from ipaddress import ip_address
from queue import SimpleQueue

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from app.domain.webhook_states import AttemptError
from app.webhooks.addresses import Address, Network, is_forbidden

LONGEST_URL = 2048
# An empty one counts too, which urllib3 passes over.
_NAMES_A_USER = re.compile(r"[^/?#]*//[^/?#]*@")
PORTS = {"http": 80, "https": 443}
# A look-up cannot be interrupted: those that hang take threads from nobody else.
LOOKING_AT_ONCE = 128
LOOKED_UP_WITHIN_S = 5.0

# One sentence for all of them: what is at an address is nobody's to find out from us.
GENERIC = "Webhooks can be sent to an http or https address on the internet; this is none that can be used."

# From a host and a port to the addresses in the order in which they are tried; OSError when there are none.
Resolve = Callable[[str, int], Sequence[Address]]


class TargetRefused(Exception):
    """Nothing is sent there. `error` is NAME where the host's name has no address now, else REFUSED."""

    def __init__(self, error: AttemptError = AttemptError.REFUSED) -> None:
        super().__init__(GENERIC)
        self.error = error
        self.message = GENERIC


@dataclass(frozen=True)
class Target:
    """A URL as it was read. `host` is without brackets; `authority` is what the header `Host` says."""

    scheme: str
    host: str
    port: int
    path_and_query: str
    authority: str

    @property
    def is_secure(self) -> bool:
        return self.scheme == "https"


def parse_target(url: str) -> Target:
    """TargetRefused for what is no plain http(s) URL. Nothing is looked up."""
    if len(url) > LONGEST_URL or not url.isprintable() or any(char in url for char in " \\"):
        raise TargetRefused
    try:
        parts = parse_url(url)
    except LocationParseError:
        raise TargetRefused from None
    if parts.scheme not in PORTS or not parts.host or _NAMES_A_USER.match(url):
        raise TargetRefused
    if parts.port == 0 or parts.fragment is not None:
        raise TargetRefused
    host = parts.host.removeprefix("[").removesuffix("]")
    # A zone names an interface of ours.
    if "%" in host or not host.isascii():
        raise TargetRefused
    shown = f"[{host}]" if ":" in host else host
    authority = shown if parts.port is None else f"{shown}:{parts.port}"
    return Target(parts.scheme, host, parts.port or PORTS[parts.scheme], parts.request_uri, authority)


def look_up(host: str, port: int) -> Sequence[Address]:
    """What the system says, as its configuration orders them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(ip_address(place[0]) for *_, place in found))


class Guard:
    """Which addresses a host's name stands for, if webhooks may go there. Any number of threads may ask."""

    def __init__(self, allowed: Sequence[Network] = (), resolve: Resolve = look_up) -> None:
        self._allowed = tuple(allowed)
        self._resolve = resolve
        self._asked: SimpleQueue[tuple[Future[Sequence[Address]], str, int]] = SimpleQueue()
        self._lock = threading.Lock()
        # Look-ups that are asked for or under way, and who does them.
        self._load, self._threads = 0, 0

    def check(self, url: str) -> Target:
        """The URL as it was read; TargetRefused when webhooks may not go there."""
        target = parse_target(url)
        self.addresses(target)
        return target

    def addresses(self, target: Target, timeout_s: float = LOOKED_UP_WITHIN_S) -> tuple[Address, ...]:
        """Where to connect to, in order. One that is forbidden forbids them all; TargetRefused also without any."""
        try:
            found = self._look_up(target, timeout_s)
        except (OSError, UnicodeError, ValueError, StillLooking):
            raise TargetRefused(AttemptError.NAME) from None
        if not found:
            raise TargetRefused(AttemptError.NAME)
        if any(is_forbidden(address, self._allowed) for address in found):
            raise TargetRefused
        return tuple(found)

    def _look_up(self, target: Target, timeout_s: float) -> Sequence[Address]:
        try:
            # An address needs no look-up, and says so in the one way in which everybody reads it.
            return (ip_address(target.host),)
        except ValueError:
            pass
        future: Future[Sequence[Address]] = Future()
        self._asked.put((future, target.host, target.port))
        self._see_to_a_thread()
        try:
            return future.result(timeout_s)
        finally:
            # Nobody waits for it any more: what has not begun by now must not hold up those who come later.
            future.cancel()

    def _see_to_a_thread(self) -> None:
        with self._lock:
            self._load += 1
            if self._load <= self._threads or self._threads >= LOOKING_AT_ONCE:
                return
            self._threads += 1
        threading.Thread(target=self._keep_looking, name="webhook-names", daemon=True).start()

    def _keep_looking(self) -> None:
        while True:
            future, host, port = self._asked.get()
            try:
                if future.set_running_or_notify_cancel():
                    future.set_result(self._resolve(host, port))
            except Exception as error:
                future.set_exception(error)
            finally:
                with self._lock:
                    self._load -= 1
