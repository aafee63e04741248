"""What cannot be audited is told before a base is made, which takes half an hour in an empty cache."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kafka_forge.cli import _subjects
from kafka_forge.errors import PackageInvalid, UnsupportedMachine

if TYPE_CHECKING:
    from pathlib import Path

    from kafka_forge.errors import ForgeError


@pytest.mark.parametrize(
    ("spec", "platform", "error"),
    [
        ("absent.conda", None, PackageInvalid),
        ("broken.conda", None, PackageInvalid),
        ("broken.tar.bz2", None, PackageInvalid),
        ("pypi:kafka-python", "osx-arm64", UnsupportedMachine),
    ],
)
def test_it_is_told_before_anything_is_made(
    spec: str, platform: str | None, error: type[ForgeError], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKA_FORGE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    for name in ("broken.conda", "broken.tar.bz2"):
        (tmp_path / name).write_bytes(b"nothing of the kind")
    asked = _subjects.Asked((), False, platform, "3.12", None, None, "embedded")
    with pytest.raises(error), _subjects.ready([spec], asked, tmp_path / "output", 1):
        pass
    assert not (tmp_path / "cache").exists()
