"""What a program sees in its environment, as conda's activation has it."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

from kafka_forge import platforms
from kafka_forge.errors import InstallFailed
from kafka_forge.values.model import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kafka_forge.values.model import Environment


def variables(environment: Environment) -> dict[str, str]:
    """Return all environment variables for a program in this environment: conda's activation, and nothing of ours.

    Neither LD_LIBRARY_PATH nor PYTHONPATH is handed on, for they could make a broken package look whole.
    """
    prefix = environment.prefix
    kept = {name: os.environ[name] for name in ("HOME", "TMPDIR", "SYSTEMROOT") if name in os.environ}
    kept |= environment.runner.environment if environment.runner else {}
    if environment.artifact.kind is Kind.SYSTEM:
        kept["PYTHONDONTWRITEBYTECODE"] = "1"  # it is somebody's, and stays as it is
    path = platforms.of(environment.artifact.cell.platform).search_path(prefix)
    plain = {**kept, "PATH": path, "CONDA_PREFIX": str(prefix), "LANG": "C.UTF-8"}
    if environment.runner and environment.runner.path_variable != "PATH":
        folders = (prefix, prefix / "Library" / "bin", prefix / "Scripts")
        plain[environment.runner.path_variable] = ";".join(map(environment.runner.path, folders))
    scripts = prefix / "etc" / "conda" / "activate.d"
    if any(scripts.glob("*.sh")) and (bash := shutil.which("bash")):
        return _activated(bash, scripts, plain)
    return plain


def _activated(bash: str, scripts: Path, plain: Mapping[str, str]) -> dict[str, str]:
    """Let bash read the activation scripts in name order, as conda does, and see what they have set."""
    program = 'for script in "$1"/*.sh; do . "$script"; done >&2; env -0'
    done = subprocess.run(
        [bash, "-c", program, "activate", str(scripts)], env=dict(plain), capture_output=True, check=False, timeout=60
    )
    if done.returncode != 0:
        raise InstallFailed(
            "an activation script of the environment fails",
            where=str(scripts),
            details=done.stderr.decode(errors="replace").splitlines()[-10:],
            todo="mend the package that brings the script.",
        )
    pairs = [item.split("=", 1) for item in done.stdout.decode(errors="replace").split("\0") if "=" in item]
    return {name: value for name, value in pairs if name not in ("_", "SHLVL", "PWD", "OLDPWD")}


# --- solving and linking --------------------------------------------------------------------------------------
