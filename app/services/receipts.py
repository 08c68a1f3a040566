"""What a vendor has answered, kept from the moment it is received until the step's commit: nobody pays for it twice.

A worker may die, or find no database, between the two. Whoever does the step then finds the receipt, which belongs
to this step of this job alone: a step that is to be done anew does not take over what others have made.
"""

from __future__ import annotations

import contextlib
import json

import structlog

from app.domain.errors import TransientError
from app.domain.ids import canonical_hash
from app.services.adoption import Known
from app.services.claim_step import Claim
from app.storage.protocol import Blob, Storage

log = structlog.get_logger()


def call_key(claim: Claim, input_hash: str) -> str:
    """What a vendor may know a repeated call by. After an answer that was of no use another one is asked for."""
    return canonical_hash([claim.job_public_id, claim.name, input_hash, claim.bad_answers])


def keep_receipt(storage: Storage, claim: Claim, input_hash: str, known: Known) -> None:
    """Note the stored result of a step that has called a vendor."""
    if claim.provider is None:
        return
    outputs = {name: blob.to_json() for name, blob in known.outputs.items()}
    content = json.dumps({"outputs": outputs, "facts": dict(known.facts)})
    try:
        storage.note(_key(claim, input_hash), content.encode())
    except TransientError as error:
        # The result is in hand: to fail here would have it paid for again, which the note is there to prevent.
        log.warning("receipt_not_kept", reason=error.message)


def find_receipt(storage: Storage, claim: Claim, input_hash: str) -> Known | None:
    """What an earlier attempt of this step has received and not committed, if its bytes are all there."""
    if claim.provider is None or claim.token == 1:
        return None
    try:
        value = json.loads(storage.read_note(_key(claim, input_hash)) or b"null")
    except ValueError:
        return None
    if value is None:
        return None
    known = Known({name: Blob.from_json(blob) for name, blob in value["outputs"].items()}, value["facts"])
    return known if known.is_stored(storage) else None


def drop_receipt(storage: Storage, claim: Claim, input_hash: str) -> None:
    """The result is committed. A note that cannot be removed does no harm: the step is never done again."""
    if claim.provider is not None:
        with contextlib.suppress(OSError):
            storage.drop_note(_key(claim, input_hash))


def _key(claim: Claim, input_hash: str) -> str:
    return canonical_hash([claim.job_public_id, claim.name, input_hash])
