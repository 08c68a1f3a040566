"""`GET /api/jobs/{id}/artifacts/{name}`: the finished files, whole or in ranges."""

from __future__ import annotations

import re

from apiflask import APIBlueprint
from flask import Response, request, send_file

from app.api.answers import ETAG, IF_NONE_MATCH, refuse_failed_condition
from app.api.context import Responses, current_caller, current_farm
from app.api.facts import Facts, Header
from app.api.file_names import download_name
from app.domain.errors import Gone, NotFound
from app.services.job_views import get_artifact

downloads = APIBlueprint("downloads", __name__, tag="Jobs")

# A job that has succeeded never changes, and neither do its outputs, nor a variant that has been checked.
KEPT_S = 24 * 3600
BYTES = {"*/*": {"schema": {"type": "string", "format": "binary"}}}


ANSWERS: Responses = {
    200: {"description": "The file", "content": BYTES},
    206: {"description": "The part of it that `Range` asked for", "content": BYTES},
    400: "The query holds a NUL character",
    403: "The key lacks the scope for this, or the signed address was altered or is out of date",
    304: {"description": "Not changed since the ETag in If-None-Match"},
    412: "The file is not as `If-Match` or `If-Unmodified-Since` says",
    410: "The file was lost in storage; a retry or restart of the job makes it anew",
    416: "The file has no such bytes",
}


# RFC 9110, 14.1.2: from one byte to another or to the end, or so many from the end. A number that no file reaches is
# still one; beyond 4,300 digits Python reads none.
RANGE = re.compile(
    r"bytes=[ \t]*(?:(?P<first>[0-9]{1,1000})-(?P<last>[0-9]{0,1000})|-[0-9]{1,1000})[ \t]*", re.IGNORECASE
)


def is_one_range(asked: str) -> bool:
    """Whether a Range header is heeded. RFC 9110, 14.2: one that is malformed or of another unit is as if not there.

    Several ranges at once may be answered with the whole file too, which is simpler and always right.
    """
    found = RANGE.fullmatch(asked)
    if found is None:
        return False
    return not found["last"] or int(found["first"]) <= int(found["last"])


@downloads.get("/api/jobs/<job_id>/artifacts/<name>")
@downloads.doc(operation_id="getOutput", responses=ANSWERS)
@Facts(
    reads=(Header("Range", "For instance `bytes=0-1023`."), IF_NONE_MATCH),
    answers={
        200: {**ETAG, "Content-Disposition": "The file's name."},
        206: {"Content-Range": "Which bytes these are."},
    },
)
def fetch(job_id: str, name: str) -> Response:
    """Fetch an output

    `video.mp4`, `captions.srt`, `captions.vtt`, `poster.jpg`, `manifest.json`, or a variant's, which can be fetched
    as soon as it is ready. Always as a download, named after the video's title; players and `<video>` do not mind.
    `Range`, `If-Range` and `If-None-Match` work. With a `signed_url` no key is needed.
    """
    farm = current_farm()
    artifact = get_artifact(farm.database, current_caller().org_id, job_id, name)
    try:
        path = farm.storage.path(artifact.sha256)
    except NotFound as error:
        # The row is there, so they have been lost: the caller has not asked for the wrong thing.
        raise Gone("The bytes of this file are lost. A retry or restart of the job makes them anew.") from error
    # RFC 9110, 13.1.5: only a strong tag says that the bytes are the same, and so a weak one asks for the whole file.
    is_weak = request.headers.get("If-Range", "").strip().startswith("W/")
    if is_weak or not is_one_range(request.headers.get("Range", "")):
        request.environ.pop("HTTP_RANGE", None)
    response = send_file(
        path,
        mimetype=artifact.media_type,
        as_attachment=True,
        download_name=download_name(artifact.title, artifact.name, job_id),
        etag=artifact.sha256,
    )
    refuse_failed_condition(response)
    # The bytes never change, while the file's own times differ from one host to the next.
    response.headers.pop("Last-Modified", None)
    response.cache_control.private = True
    response.cache_control.no_cache = None
    response.cache_control.max_age = KEPT_S
    response.cache_control.immutable = True
    response.headers["Accept-Ranges"] = "bytes"
    return response
