"""One look at the database for all streams of organisations: the events since the last look, dealt out to each.

The watch has one place for everyone. A stream is dealt what lies behind the place at which it joined; what came before
that, after its own Last-Event-ID, it reads by itself.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from app.api.watching import Waiting, Watching
from app.models.database import Database
from app.services.credentials import still_welcome
from app.services.org_events import OrgEvent, Place, Window, read_window

# A stream whose reader is this far behind holds no more of them in memory, and reads them again when its turn comes.
MOST_DEALT = 1000


@dataclass(frozen=True)
class Dealt:
    """The events between two places; nothing of the organisation's is missing there."""

    begin: Place
    events: tuple[OrgEvent, ...]
    end: Place


class OrgFollower(Waiting):
    """Who follows an organisation, let in by which credential, from `begin` on."""

    def __init__(self, org_id: int, credential: str, begin: Place) -> None:
        super().__init__(credential)
        self.org_id = org_id
        self._lock = threading.Lock()
        self._dealt = Dealt(begin, (), begin)

    def take(self) -> Dealt:
        """What has been dealt since the last time."""
        with self._lock:
            taken = self._dealt
            self._dealt = Dealt(taken.end, (), taken.end)
        return taken

    def deal(self, window: Window, *, is_complete: bool) -> None:
        """Add what is new; `is_complete` unless the window was read for other organisations alone."""
        with self._lock:
            so_far = self._dealt
            if window.end <= so_far.end:
                return
            own = tuple(event for event in window.events if event.org_id == self.org_id and event.place > so_far.end)
            if is_complete and len(so_far.events) + len(own) <= MOST_DEALT:
                self._dealt = Dealt(so_far.begin, so_far.events + own, window.end)
            else:
                self._dealt = Dealt(window.end, (), window.end)
            is_news = bool(own) or self._dealt.begin > so_far.begin
        if is_news:
            self.wake()

    def dismiss(self) -> None:
        self.is_welcome = False
        self.wake()


class OrgWatch(Watching[OrgFollower]):
    def __init__(self, database: Database, is_closing: Callable[[], bool]) -> None:
        super().__init__(database, is_closing)
        self._place = Place(0)
        # Held while someone joins and while a window is dealt out: who has a place gets all that lies behind it.
        self._dealing = threading.Lock()

    @contextmanager
    def follow(self, org_id: int, credential: str, now: Place) -> Iterator[OrgFollower]:
        """Be dealt what happens from the watch's place on, which is `now` (`place_now`) if nobody else follows."""
        with ExitStack() as stack:
            with self._dealing:
                if not self.followers():
                    # Since the last one left the watch has stood still.
                    self._place = now
                follower = stack.enter_context(self.joined(OrgFollower(org_id, credential, self._place)))
            yield follower

    def look(self, followers: list[OrgFollower]) -> None:
        org_ids = {follower.org_id for follower in followers}
        is_last = False
        while not is_last:
            window = read_window(self.database, self._place, org_ids)
            self._deal(window, org_ids)
            is_last = window.is_last
        welcome = still_welcome(self.database, {follower.credential for follower in followers})
        for follower in followers:
            if follower.credential not in welcome:
                follower.dismiss()

    def _deal(self, window: Window, org_ids: set[int]) -> None:
        with self._dealing:
            # Also those who have joined since the window was read, for they did so before its end.
            for follower in self.followers():
                follower.deal(window, is_complete=follower.org_id in org_ids)
            self._place = window.end
