"""The peers that the farm does not need itself, in a virtual environment of their own, kept for the next run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

PINNED = ("dramatiq[redis]==2.2.1", "rq==3.0.0")
INSTALLED = "installed"


def peers_folder() -> Path:
    """Named by what is pinned, so that another version is another folder."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    names = "-".join(pin.replace("[redis]", "").replace("==", "-") for pin in PINNED)
    return cache / "sceneworks-bench" / f"{names}-python{sys.version_info.major}.{sys.version_info.minor}"


def install_peers() -> Path:
    """The folder with the environment's programs; made on first use, which needs a package index."""
    folder = peers_folder()
    if not (folder / INSTALLED).exists():
        print(f"installing {', '.join(PINNED)} into {folder}", file=sys.stderr)
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        # Not from the checkout, whose own metadata pip would take for installed.
        subprocess.run([*pip, *PINNED], check=True, cwd=folder, stdout=sys.stderr)
        (folder / INSTALLED).touch()
    return folder / "bin"
