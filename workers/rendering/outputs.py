"""Where the results go: checked before anything is started, fetched beside their places, then put there together."""

from __future__ import annotations

import errno
import os
import secrets
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from app.client import Client, Job
from app.client.uploads import reason
from workers.rendering.failures import Exit, RenderFailed, wrong_input

MANIFEST = "manifest.json"
SUFFIXES = {"captions.srt": ".srt", "captions.vtt": ".vtt", "poster.jpg": ".jpg"}


def plan_outputs(video: Path, variants: Mapping[str, Path], *, with_manifest: bool) -> dict[str, Path]:
    """Where each of a job's outputs is to be saved: the others beside the video, under its name."""
    suffixes = {**SUFFIXES, MANIFEST: ".json"} if with_manifest else SUFFIXES
    return {"video.mp4": video, **{name: video.with_suffix(suffix) for name, suffix in suffixes.items()}, **variants}


def check_outputs(paths: Iterable[Path], inputs: Iterable[Path]) -> None:
    """RenderFailed (exit code 2) when the outputs could not be saved, or would replace what they are made from."""
    paths = list(paths)
    folder = paths[0].parent
    if not folder.is_dir():
        raise wrong_input(f"--output {paths[0]}: the folder {folder} does not exist.")
    for path in paths:
        if path.is_dir():
            raise wrong_input(f"--output {paths[0]}: {path} is a folder.")
    taken = [(path, given) for path in paths for given in inputs if path.exists() and _is_same(path, given)]
    if taken:
        path, given = taken[0]
        raise wrong_input(f"--output {paths[0]}: {path} would replace {given}, which goes into the video.")
    try:
        # Trying is the only sure way: rights do not tell of a read-only or a full disk.
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"\0" * 4096)
            probe.flush()
    except OSError as error:
        raise wrong_input(f"--output {paths[0]}: {explain_write(folder, error)}") from None


def save_outputs(client: Client, job: Job, paths: Mapping[str, Path]) -> None:
    """Fetch every output, then put all in place. Until the last one is here, an older result stays untouched.

    Raises the ClientErrors, and RenderFailed when the disk does not take them.
    """
    with _partials(paths) as partials:
        for name, partial in partials.items():
            output = job.output(name)
            if output is None:
                raise RenderFailed(Exit.FAILED, "OUTPUT_MISSING", f"The farm made no {name}.", job_id=job.id)
            try:
                with partial.open("xb") as file:
                    client.fetch(job.id, output, file)
                    file.flush()
                    # Some disks tell only now that they are full.
                    os.fsync(file.fileno())
            except OSError as error:
                raise not_saved(paths[name], error, job.id) from None
        for name, partial in partials.items():
            try:
                partial.replace(paths[name])
            except OSError as error:
                raise not_saved(paths[name], error, job.id) from None


class EarlyOutput:
    """An output that is saved as soon as the farm has it. `path` None: it was not asked for."""

    def __init__(self, name: str, path: Path | None) -> None:
        self.name, self.path = name, path
        self._is_saved = False

    def save(self, client: Client, job: Job) -> bool:
        """Whether it was there, and is saved now. Raises the ClientErrors."""
        if self.path is None or self._is_saved or job.output(self.name) is None:
            return False
        try:
            save_outputs(client, job, {self.name: self.path})
        except RenderFailed:
            # It is tried once more with the others, and the fault told then: the job goes on.
            return False
        self._is_saved = True
        return True

    def left_of(self, paths: Mapping[str, Path]) -> dict[str, Path]:
        """`paths` without this one, if it is saved already."""
        return {name: path for name, path in paths.items() if not (self._is_saved and name == self.name)}


def not_saved(path: Path, error: OSError, job_id: str) -> RenderFailed:
    """The video is made and only its saving failed: nothing is lost, and on a disk with space it succeeds."""
    is_full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    todo = " Free some space first." if is_full else ""
    message = f"{explain_write(path, error)} The job {job_id} is finished on the farm.{todo}"
    code = "DISK_FULL" if is_full else "CANNOT_WRITE"
    return RenderFailed(Exit.FAILED, code, message, retryable=is_full, job_id=job_id)


def explain_write(path: Path, error: OSError) -> str:
    said = {errno.ENOSPC: "the disk is full", errno.EDQUOT: "your disk quota is used up"}
    return f"{path} cannot be written: {said.get(error.errno or 0, reason(error))}."


@contextmanager
def _partials(paths: Mapping[str, Path]) -> Iterator[dict[str, Path]]:
    """A hidden name beside each path; none of them is left, however the block ends."""
    token = secrets.token_hex(4)
    partials = {
        name: path.with_name(f".{token}-{number}{path.suffix}.partial")
        for number, (name, path) in enumerate(paths.items())
    }
    try:
        yield partials
    finally:
        for partial in partials.values():
            partial.unlink(missing_ok=True)


def _is_same(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except OSError:
        return False
