"""Sends webhooks for as long as its process lives: one thread claims, as many as there are slots send, one writes.

The due times stand in the database, which is asked four times a second, when the doorbell rings, and when outcomes have
been written. What has come in while one batch of outcomes was written is the next batch, so that the more there is to
do the less each delivery costs.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import structlog

from app.domain.webhook_signature import sign
from app.domain.webhook_turns import room_in
from app.models.database import Database, first_line, is_connection_trouble
from app.services.sealing import Sealer
from app.services.webhook_claim import Claimed, claim
from app.services.webhook_leases import give_back, take_back_expired
from app.services.webhook_outcomes import Sent, write_outcomes
from app.webhooks.exchange import Exchange

log = structlog.get_logger()

LOOK_EVERY_S = 0.25
# It rests for so many times as long as it has looked.
RESTS_PER_LOOK = 10
TRY_AGAIN_AFTER_S = 1.0
# A bell that has just rung does not ring again for a moment (workers.doorbell): what came in it is looked for as well.
LOOK_AGAIN_S = 0.2
LOOK_FOR_EXPIRED_EVERY_S = 5.0
WRITE_AGAIN_AFTER_S = 1.0


@dataclass(frozen=True)
class OnItsWay:
    claimed: Claimed
    future: Future[None]


class DeliveryLoop:
    """`wake` it when there may be something to send; `stop` it before the process ends."""

    def __init__(self, database: Database, sealer: Sealer, exchange: Exchange, slots: int) -> None:
        self._database, self._sealer, self._exchange, self._slots = database, sealer, exchange, slots
        self._lock = threading.Lock()
        # By delivery, from the claim until what came of it is written.
        self._on_their_way: dict[int, OnItsWay] = {}
        self._sent: list[Sent] = []
        self._wanted, self._rung, self._has_sent = threading.Event(), threading.Event(), threading.Event()
        self._stopping, self._all_sent = threading.Event(), threading.Event()
        self._is_behind = False
        # Threads come as they are needed, and an idle process has none.
        self._senders = ThreadPoolExecutor(slots, thread_name_prefix="send")
        self._claimer = threading.Thread(target=self._claim_on, name="claim", daemon=True)
        self._writer = threading.Thread(target=self._write_on, name="write-outcomes", daemon=True)

    def start(self) -> None:
        self._claimer.start()
        self._writer.start()

    def wake(self) -> None:
        """Look now. Returns at once."""
        self._rung.set()
        self._wanted.set()

    def stop_claiming(self) -> None:
        """Take nothing more; what is on its way is sent and written."""
        self._stopping.set()
        self._wanted.set()

    def stop(self, grace_s: float) -> None:
        """Wait so long for what is on its way, write what came of it, and give the rest back."""
        self.stop_claiming()
        deadline = time.monotonic() + grace_s
        self._claimer.join(grace_s)
        with self._lock:
            not_begun = [one.claimed for one in self._on_their_way.values() if one.future.cancel()]
            for claimed in not_begun:
                del self._on_their_way[claimed.delivery_id]
        self._give_back(not_begun, untouched=True)
        while self._on_their_way and time.monotonic() < deadline:
            time.sleep(0.02)
        self._all_sent.set()
        self._has_sent.set()
        self._writer.join(max(WRITE_AGAIN_AFTER_S, deadline - time.monotonic()))
        with self._lock:
            cut_off = [one.claimed for one in self._on_their_way.values()]
        self._give_back(cut_off, untouched=False)
        self._senders.shutdown(wait=False, cancel_futures=True)

    def _give_back(self, claimed: list[Claimed], *, untouched: bool) -> None:
        if not claimed:
            return
        try:
            given = give_back(self._database, claimed, untouched=untouched)
        except Exception as error:
            # Their leases run out all the same.
            log.warning("deliveries_not_given_back", deliveries=len(claimed), reason=first_line(error))
        else:
            log.info("deliveries_given_back", deliveries=given)

    def _claim_on(self) -> None:
        look_for_expired_at = look_again_until = 0.0
        is_failing = False
        while not self._stopping.is_set():
            # In this order: what is rung for from here on is looked for once more.
            self._wanted.clear()
            if self._rung.is_set():
                self._rung.clear()
                look_again_until = time.monotonic() + LOOK_AGAIN_S
            claimed, began_at = 0, time.monotonic()
            try:
                if time.monotonic() >= look_for_expired_at and not self._is_behind:
                    take_back_expired(self._database)
                    look_for_expired_at = time.monotonic() + LOOK_FOR_EXPIRED_EVERY_S
                claimed = self._claim()
            except Exception as error:
                # Said once, and not each second for as long as the database is away.
                if not is_failing:
                    log.warning(
                        "deliveries_not_claimed", reason=first_line(error), exc_info=not is_connection_trouble(error)
                    )
                is_failing = True
                self._stopping.wait(TRY_AGAIN_AFTER_S)
                continue
            if is_failing:
                log.info("deliveries_claimed_again")
                is_failing = False
            if not claimed:
                # Where very many endpoints wait a look takes long, and must not be all that this process does.
                every_s = max(LOOK_EVERY_S, RESTS_PER_LOOK * (time.monotonic() - began_at))
                self._wanted.wait(LOOK_AGAIN_S if time.monotonic() < look_again_until else every_s)

    def _claim(self) -> int:
        """How many were claimed, and are on their way."""
        if self._is_behind:
            # A database that cannot be written to would have us send the same messages again and again.
            return 0
        with self._lock:
            claimed = [one.claimed for one in self._on_their_way.values()]
        of_org = Counter(one.org_id for one in claimed)
        room = room_in(self._slots, of_org, sum(not one.is_first for one in claimed))
        fresh = claim(self._database, self._sealer, room)
        with self._lock:
            for one in fresh:
                self._on_their_way[one.delivery_id] = OnItsWay(one, self._senders.submit(self._send, one))
        return len(fresh)

    def _send(self, claimed: Claimed) -> None:
        try:
            at = claimed.now_s()
            outcome = self._exchange.post(claimed.url, _headers(claimed, int(at)), claimed.body)
        except Exception:
            # Its lease runs out, and it is tried again; what keeps failing so ends (app.services.webhook_leases).
            log.exception("webhook_not_sent", message=claimed.message_id)
            with self._lock:
                self._on_their_way.pop(claimed.delivery_id, None)
            return
        with self._lock:
            self._sent.append(Sent(claimed, outcome, at))
        self._has_sent.set()

    def _write_on(self) -> None:
        while True:
            self._has_sent.wait()
            is_last = self._all_sent.is_set()
            self._has_sent.clear()
            with self._lock:
                sent, self._sent = self._sent, []
            if sent:
                kept = self._write(sent)
                self._is_behind = bool(kept)
                if kept:
                    with self._lock:
                        self._sent = kept + self._sent
                    self._has_sent.set()
                    self._all_sent.wait(WRITE_AGAIN_AFTER_S)
                else:
                    self._wanted.set()
            if is_last:
                return

    def _write(self, sent: list[Sent]) -> list[Sent]:
        """Those that are still to be written, for the database is away."""
        try:
            write_outcomes(self._database, sent)
        except Exception as error:
            if is_connection_trouble(error):
                if not self._is_behind:
                    log.warning("webhook_outcomes_kept", attempts=len(sent), reason=first_line(error))
                return sent
            if len(sent) > 1:
                # One of them cannot be written, and must not take the others along.
                return [kept for one in sent for kept in self._write([one])]
            # Its lease runs out, and it is sent again.
            log.exception("webhook_outcome_not_written", message=sent[0].claimed.message_id)
        with self._lock:
            for one in sent:
                self._on_their_way.pop(one.claimed.delivery_id, None)
        return []


def _headers(claimed: Claimed, timestamp_s: int) -> dict[str, str]:
    return {
        "content-type": "application/json",
        "webhook-id": claimed.message_id,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": sign(claimed.secrets, claimed.message_id, timestamp_s, claimed.body),
    }
