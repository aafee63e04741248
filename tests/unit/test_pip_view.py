"""``pip check`` by the toolkit's pip, which is compiled once for a Python."""

from __future__ import annotations

import platform
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from kafka_forge.inspection import pip_view
from kafka_forge.values.model import Artifact, Cell, Environment, InstalledPackage
from kafka_forge.values.runner import NATIVE

if TYPE_CHECKING:
    import pytest

CELL = Cell("parcel", "linux-64", None, "parcel", "1.0", "h0_0", noarch=False)
HERE = InstalledPackage("python", platform.python_version(), "h0_0", "somewhere")


def environment(*packages: InstalledPackage) -> Environment:
    return Environment(Artifact(CELL, Path("none"), "0" * 64, 0), Path(sys.prefix), Path(sys.executable), packages)


def test_pip_is_compiled_once_for_a_python_and_says_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_FORGE_CACHE", str(tmp_path))
    as_it_stands = pip_view.check(environment(), NATIVE)
    assert as_it_stands["lines"]
    assert not (tmp_path / "packages").exists()
    assert pip_view.check(environment(HERE), NATIVE) == as_it_stands
    (place,) = (tmp_path / "packages" / "pip").glob("[!.]*")
    assert place.name == f"{version('pip')}-cpython-{HERE.version}"
    compiled = sorted(place.rglob("*.pyc"))
    assert len(compiled) > 100
    made = place.stat().st_mtime_ns
    assert pip_view.check(environment(HERE), NATIVE) == as_it_stands
    assert (place.stat().st_mtime_ns, sorted(place.rglob("*.pyc"))) == (made, compiled)
