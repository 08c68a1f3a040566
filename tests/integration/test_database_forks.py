"""A process that forks while another of its threads is in a transaction: the child can write all the same."""

from __future__ import annotations

import os
import threading

from app.models import Org
from app.models.database import Database

LONG_ENOUGH_S = 0.5


def test_a_child_that_was_forked_in_mid_transaction_can_write(database_url: str, database: Database) -> None:
    begun = threading.Event()

    def hold() -> None:
        with Database(database_url, pooled=False).begin() as session:
            session.add(Org(name="parent", created_at=0.0))
            session.flush()
            begun.set()
            threading.Event().wait(LONG_ENOUGH_S)

    holder = threading.Thread(target=hold)
    holder.start()
    begun.wait()
    child = os.fork()
    if child == 0:
        # Never back into pytest: whatever happens, the child ends here.
        code = 1
        try:
            with Database(database_url, pooled=False).begin() as session:
                session.add(Org(name="child", created_at=0.0))
            code = 0
        finally:
            os._exit(code)
    holder.join()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
