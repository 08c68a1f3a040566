"""The Python effects of this machine: installed packages offer them as entry points, a folder as files.

A request gives a name and never a path or a module: what can be run is what the operator has installed. Looking
effects up imports none of them, and no MoviePy.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, PackageNotFoundError, entry_points, version
from pathlib import Path
from types import ModuleType
from typing import Any

from app.domain.effect_settings import EffectSettings
from app.domain.effects import is_effect_name
from app.domain.errors import EffectFailed, EffectMissing
from app.domain.machine_faults import said_by
from app.media.effect_source import signature_in

GROUP = "sceneworks.effects"
# The function of this name is the effect of a file.
FUNCTION = "effect"

# `effect(clip, **settings) -> clip`, clips of MoviePy.
EffectFunction = Callable[..., Any]


@dataclass(frozen=True)
class EffectCatalogue:
    """Those of the installed packages, and of `folder` if there is one: there NAME.py is the effect NAME.

    Where both have a name the folder's counts: it is nearer to the operator.
    """

    folder: Path | None = None

    def names(self) -> tuple[str, ...]:
        return tuple(sorted({*self._files(), *_offered()}))

    def version_of(self, name: str) -> dict[str, str]:
        """What an effect's frames depend on beside its settings: its code, and MoviePy. EffectMissing for no effect."""
        return {"code": self._code_of(name), "moviepy": _moviepy_version()}

    def settings_of(self, name: str) -> EffectSettings | None:
        """What the effect takes, read from its source; None where that does not say it plainly. Runs none of it."""
        files, offered = self._files(), _offered()
        if name in files:
            path, function = files[name], FUNCTION
        elif name in offered and (found := _source_of(offered[name])) is not None:
            path, function = found, offered[name].attr
        else:
            return None
        try:
            signature = signature_in(path.read_bytes(), function)
        except OSError:
            return None
        return None if signature is None else EffectSettings.of(signature)

    def load(self, name: str) -> EffectFunction:
        """The function. EffectMissing when there is none of this name, EffectFailed when it cannot be loaded."""
        files, offered = self._files(), _offered()
        try:
            if name in files:
                # Run anew each time, so that an edited file counts at once.
                found = getattr(_module_from(files[name]), FUNCTION, None)
            elif name in offered:
                found = offered[name].load()
            else:
                raise self._missing(name)
        except EffectMissing:
            raise
        except BaseException as error:  # Its module may raise anything, KeyboardInterrupt too.
            raise EffectFailed(
                f"the effect {name} cannot be loaded: {type(error).__name__}: {said_by(error)}"
            ) from error
        if not callable(found):
            raise EffectFailed(f"the effect {name} has no function `{FUNCTION}(clip, **settings)`")
        function: EffectFunction = found
        return function

    def _missing(self, name: str) -> EffectMissing:
        return EffectMissing(f"The effect {name} is not on this worker. It has: {', '.join(self.names()) or 'none'}.")

    def _files(self) -> dict[str, Path]:
        if self.folder is None:
            return {}
        return {path.stem: path for path in self.folder.glob("*.py") if is_effect_name(path.stem)}

    def _code_of(self, name: str) -> str:
        files, offered = self._files(), _offered()
        if name in files:
            return hashlib.sha256(files[name].read_bytes()).hexdigest()
        if name in offered:
            return _code_of_package(offered[name])
        raise self._missing(name)


def _offered() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=GROUP) if is_effect_name(entry.name)}


def _module_from(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"sceneworks_effect_{path.stem}", path)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    # Compiled here and not by the loader, which would leave a cache beside the operator's file and go by its time.
    exec(compile(path.read_bytes(), str(path), "exec"), module.__dict__)
    return module


def _source_of(entry: EntryPoint) -> Path | None:
    """The file of the module that an entry point names. To ask Python for it would import the packages around it."""
    top, *inner = entry.module.split(".")
    spec = importlib.util.find_spec(top)
    if spec is None or not inner:
        return None if spec is None or spec.origin is None else Path(spec.origin)
    places = [Path(folder).joinpath(*inner) for folder in spec.submodule_search_locations or ()]
    files = [file for place in places for file in (place / "__init__.py", place.with_suffix(".py"))]
    return next((file for file in files if file.is_file()), None)


@functools.cache
def _code_of_package(entry: EntryPoint) -> str:
    """Of all Python files of its top package, and its version. Once a process: what is imported stays what it is."""
    digest = hashlib.sha256(f"{entry.value} {entry.dist.version if entry.dist else ''}".encode())
    spec = importlib.util.find_spec(entry.module.partition(".")[0])
    folders = [] if spec is None else list(spec.submodule_search_locations or ())
    files = [path for folder in folders for path in sorted(Path(folder).rglob("*.py"))]
    if not files and spec is not None and spec.origin is not None:
        files = [Path(spec.origin)]
    for path in files:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _moviepy_version() -> str:
    try:
        return version("moviepy")
    except PackageNotFoundError:
        return "none"
