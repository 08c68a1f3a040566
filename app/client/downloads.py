"""A job's output, fetched and proven: its size and SHA-256 are those that the farm named."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from app.client.errors import AnswerError, DownloadDamaged, FarmUnreachable
from app.client.transport import Transport
from app.client.values import Output

CHUNK_BYTES = 1 << 20

Report = Callable[[int], None]


def artifact_path(job_id: str, name: str) -> str:
    return f"/api/jobs/{quote(job_id, safe='')}/artifacts/{quote(name, safe='')}"


def fetch(transport: Transport, job_id: str, output: Output, file: BinaryIO, report: Report | None = None) -> None:
    """Write the output to `file`, from its beginning; `report` is told the bytes so far.

    A broken connection is taken up where it broke. Raises the ClientErrors, and OSError when
    `file` cannot be written.
    """
    digest, done = hashlib.sha256(), 0
    patience = transport.patience()
    while done < output.size_bytes:
        headers = {"Range": f"bytes={done}-"} if done else {}
        try:
            with transport.open("GET", artifact_path(job_id, output.name), headers=headers) as response:
                if done and response.status != 206:
                    # The part that we have was not skipped: begin again.
                    file.seek(0)
                    file.truncate()
                    digest, done = hashlib.sha256(), 0
                while done <= output.size_bytes and (chunk := transport.read_some(response, CHUNK_BYTES)):
                    file.write(chunk)
                    digest.update(chunk)
                    done += len(chunk)
                    patience.renew()
                    if report is not None:
                        report(done)
            if done < output.size_bytes:
                raise FarmUnreachable(f"{output.name} ended after {done:,} of {output.size_bytes:,} bytes.")
        except (FarmUnreachable, AnswerError) as error:
            patience.wait(error)
    if done != output.size_bytes or digest.hexdigest() != output.sha256:
        raise DownloadDamaged(f"{output.name} arrived damaged: its bytes are not those that the farm made.")


def download(transport: Transport, job_id: str, output: Output, path: Path, report: Report | None = None) -> None:
    """Write the output to `path`: whole, or not at all."""
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    try:
        with partial.open("xb") as file:
            fetch(transport, job_id, output, file, report)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
