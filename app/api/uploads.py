"""`POST /api/assets`: pictures, music and videos, streamed to disk as they arrive."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import cast

from apiflask import APIBlueprint
from flask import Response, current_app, request
from werkzeug.exceptions import RequestEntityTooLarge

from app.api.acceptance import IDEMPOTENCY_HEADER, kept_answer
from app.api.bodies import MULTIPART_OVERHEAD_BYTES, too_large
from app.api.context import current_farm
from app.api.facts import Facts, SentAgain
from app.api.presenters import present_asset
from app.api.problems import WrongContentType
from app.api.rate import TOO_MUCH
from app.api.schemas import AssetAnswer
from app.domain.errors import InvalidInput
from app.services.assets import store_asset

uploads = APIBlueprint("uploads", __name__, tag="Assets")

FIELD = "file"
ONE_FILE = f"Send exactly one file, in the field `{FIELD}`."
FILE = {"type": "string", "format": "binary", "description": "The picture or the music."}
FORM = {"type": "object", "required": [FIELD], "properties": {FIELD: FILE}, "additionalProperties": False}
BODY = {"required": True, "content": {"multipart/form-data": {"schema": FORM}}}


@uploads.post("/api/assets")
@uploads.output(
    AssetAnswer,
    201,
    description="Stored. Its `id` can be used in `images`, `scenes[].image`, `scenes[].video` or `music`.",
)
@uploads.doc(
    operation_id="createAsset",
    responses={
        413: "Too large",
        415: "Not multipart/form-data",
        422: "Not a picture, sound or video that we read",
        429: TOO_MUCH,
    },
)
@Facts(SentAgain.KEPT, body=BODY, leads_to={"getAsset": {"asset_id": "id"}})
def store() -> Response:
    """Upload a picture, music or a video

    One file in the field `file`. What it is decides its content, whatever its name says: PNG, JPEG, WebP, GIF,
    MP3, WAV, FLAC, OGG, Opus, M4A, AAC, MP4, MOV, WebM or MKV. With an `Idempotency-Key` a file that is sent again
    is stored once.
    """
    limit_bytes = cast(int, current_app.extensions["max_upload_bytes"])
    if request.mimetype != "multipart/form-data":
        raise WrongContentType("Send the file as multipart/form-data, in the field `file`.")
    request.max_content_length = limit_bytes + MULTIPART_OVERHEAD_BYTES
    try:
        names = [name for name, _ in (*request.files.items(multi=True), *request.form.items(multi=True))]
    except RequestEntityTooLarge as error:
        if request.content_length is not None and request.content_length <= request.max_content_length:
            # Not its bytes are too many but its parts, or those of a field that is no file.
            raise InvalidInput(FIELD, ONE_FILE) from error
        raise too_large(limit_bytes) from error
    for name in names:
        if name != FIELD:
            raise InvalidInput(name[:100], f"There is no such field. Send the file as `{FIELD}`.")
    if len(names) != 1 or FIELD not in request.files:
        raise InvalidInput(FIELD, ONE_FILE)
    upload = request.files[FIELD]
    upload.stream.flush()
    if os.fstat(upload.stream.fileno()).st_size > limit_bytes:
        raise too_large(limit_bytes)
    # The stream is the request's own temporary file (see StrictRequest), so its name is a path of ours.
    path = Path(cast(str, upload.stream.name))
    return kept_answer(
        None,
        lambda asked: present_asset(store_asset(current_farm(), asked, path)),
        status=201,
        fingerprint=_fingerprint(path),
    )


def _fingerprint(path: Path) -> str | None:
    """The content's SHA-256 in hex, where somebody will ask for it."""
    if IDEMPOTENCY_HEADER not in request.headers:
        return None
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
