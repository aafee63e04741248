"""Debian's own packages in a root of their own: nothing is installed on the machine."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

CLIENT = "python3-confluent-kafka"
_LIBRARY = "librdkafka1"
_WRAPPER = """#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
LD_LIBRARY_PATH=$(echo "$here"/../lib/*-linux-gnu) exec "$here/{python}" "$@"
"""


def client(root: Path) -> Path:
    """Unpack Debian's python3-confluent-kafka, its librdkafka and its Python; return the prefix, ``usr``.

    apt's own settings say from where. The Python is called by a script that says where the root's libraries are, as
    the loader looks for them below ``/`` by itself.
    """
    python = _python()
    packages = [CLIENT, _LIBRARY, f"{python}-minimal", f"lib{python}-minimal", f"lib{python}-stdlib"]
    root.mkdir(parents=True)
    subprocess.run(["apt-get", "download", "--quiet", *packages], cwd=root, check=True, capture_output=True)
    for archive in root.glob("*.deb"):
        subprocess.run(["dpkg", "-x", str(archive), str(root)], check=True)
    called = root / "usr" / "bin" / "python3"
    called.unlink(missing_ok=True)
    called.write_text(_WRAPPER.format(python=python), encoding="utf-8")
    called.chmod(0o755)
    return root / "usr"


def version(package: str) -> str:
    """Return the version of a Debian package that `client` would take."""
    said = subprocess.run(["apt-cache", "policy", package], capture_output=True, text=True, check=True).stdout
    found = re.search(r"Candidate: (\S+)", said)
    return found[1] if found else "unknown"


def versions() -> str:
    """Return the versions of the client and its library, as Debian names them."""
    return f"{version(CLIENT)}, {_LIBRARY} {version(_LIBRARY)}"


def _python() -> str:
    """Return the name of the Python that Debian's ``python3`` is: ``python3.11``."""
    command = ["apt-cache", "show", "--no-all-versions", "python3-minimal"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"python3\.\d+(?=-minimal)", said)
    if found is None:
        raise AssertionError(f"apt knows no python3-minimal: {said}")
    return found[0]
