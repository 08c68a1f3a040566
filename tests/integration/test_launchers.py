"""The launchers on a machine that lacks something, and from a folder that would confuse them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.farm_process import ROOT


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The launchers in a folder of their own, with a space and an umlaut in its path, where nothing is installed."""
    folder = tmp_path / "über uns"
    shutil.copytree(ROOT / "scripts", folder / "scripts")
    shutil.copy(ROOT / "setup.cfg", folder)
    return folder


def launch(script: Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [script, "--help"], cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize("name", ["up", "render", "preview", "keys"])
def test_without_a_python_it_says_what_to_install(checkout: Path, tmp_path: Path, name: str) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in ("sh", "dirname", "cksum"):
        (tools / tool).symlink_to(str(shutil.which(tool)))
    run = launch(checkout / "scripts" / name, tmp_path, PATH=str(tools), PYTHON="")
    assert run.returncode == 2
    assert run.stderr.startswith("Sceneworks needs Python 3.11 or newer, and there is none on PATH.")


def test_without_the_venv_module_it_names_the_package_and_leaves_nothing(checkout: Path, tmp_path: Path) -> None:
    (tmp_path / "ensurepip.py").write_text("raise ImportError")
    run = launch(checkout / "scripts" / "up", tmp_path, PYTHON=sys.executable, PYTHONPATH=str(tmp_path))
    assert run.returncode == 1
    assert f"python{sys.version_info.major}.{sys.version_info.minor}-venv" in run.stderr
    assert not (checkout / ".venv").exists()


def test_a_folder_named_like_ours_where_the_caller_stands_is_not_taken_for_ours(tmp_path: Path) -> None:
    for name in ("app", "config", "workers"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise SystemExit('not ours')")
    run = launch(ROOT / "scripts" / "up", tmp_path)
    assert run.returncode == 0
    assert run.stdout.startswith("usage: scripts/up")
