"""The lock of the project's own environment fits pyproject.toml, for every Python and platform of the toolkit."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from packaging.markers import Marker
from packaging.version import Version
from ruamel.yaml import YAML

from kafka_forge.errors import LockInvalid
from kafka_forge.ground.paths import project_root
from kafka_forge.locks import environment
from kafka_forge.locks.environment import EXTRAS, Pin

if TYPE_CHECKING:
    from pathlib import Path

ROOT = project_root()
PYTHONS = ("3.10", "3.11", "3.12", "3.13", "3.14")
MACHINES = [
    {"sys_platform": "linux", "platform_machine": "x86_64", "os_name": "posix", "platform_system": "Linux"},
    {"sys_platform": "darwin", "platform_machine": "arm64", "os_name": "posix", "platform_system": "Darwin"},
    {"sys_platform": "win32", "platform_machine": "AMD64", "os_name": "nt", "platform_system": "Windows"},
]


def required(extra: str) -> list[str]:
    """What pyproject.toml asks for, with an extra; read as text, for Python 3.10 has no tomllib."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    lists = dict(re.findall(r"^(\w[\w-]*) = \[ *(?:#[^\n]*)?\n(.*?)^\]", text, re.MULTILINE | re.DOTALL))
    wanted = [lists["dependencies"], *([] if extra == "toolkit" else [lists[extra]])]
    build = (ROOT / "requirements" / "build.in").read_text(encoding="utf-8")
    return [each for part in wanted for each in re.findall(r'"([^"]+)"', part)] + re.findall("^[a-z].*", build, re.M)


@pytest.mark.parametrize("extra", EXTRAS)
@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine["sys_platform"])
def test_what_is_asked_for_is_locked(extra: str, python: str, machine: dict[str, str]) -> None:
    here = {"python_version": python, "python_full_version": f"{python}.9", **machine}
    here |= {"platform_python_implementation": "CPython", "implementation_name": "cpython"}
    assert len(required(extra)) > 20
    assert environment.unmet(required(extra), environment.pins(environment.path_of(ROOT, extra)), here) == []


@pytest.mark.parametrize("extra", EXTRAS)
def test_every_pin_has_sums_and_no_address(extra: str) -> None:
    text = environment.path_of(ROOT, extra).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    pins = [line for line in lines if not line.startswith(" ")]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==\S+(?: ; .+)? \\", line) for line in pins)
    assert all(re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}(?: \\)?", line) for line in lines if line not in pins)
    assert len(pins) == len(environment.pins(environment.path_of(ROOT, extra)))
    assert "://" not in text


def test_a_project_has_one_version_in_all_locks() -> None:
    every = {environment.path_of(ROOT, extra): environment.pins(environment.path_of(ROOT, extra)) for extra in EXTRAS}
    seen: dict[tuple[str, str], set[Version]] = {}
    for pins in every.values():
        for pin in pins:
            seen.setdefault((pin.name, str(pin.marker)), set()).add(pin.version)
    assert {key: versions for key, versions in seen.items() if len(versions) > 1} == {}


def test_a_range_that_moved_on_and_a_new_requirement_are_seen() -> None:
    locked = [
        Pin("click", Version("8.1"), None),
        Pin("numpy", Version("2.2"), Marker("python_version < '3.11'")),
        Pin("numpy", Version("2.4"), Marker("python_version >= '3.11'")),
    ]
    asked = ["click>=8.1", "click>=9", "rich", "numpy>=2.3", "colorama; sys_platform == 'win32'"]
    here = {"python_version": "3.10", "sys_platform": "linux"}
    assert environment.unmet(asked, locked, here) == ["click>=9", "rich", "numpy>=2.3"]
    assert environment.unmet(asked, locked, {**here, "python_version": "3.12"}) == ["click>=9", "rich"]


def test_a_lock_that_is_not_there_says_how_it_is_made(tmp_path: Path) -> None:
    with pytest.raises(LockInvalid) as caught:
        environment.pins(tmp_path / "absent.txt")
    assert "kafka-forge locks environment" in str(caught.value.todo)


def test_ci_asks_for_no_python_that_is_not_locked() -> None:
    for file in (ROOT / ".github" / "workflows").glob("*.yml"):
        data = YAML(typ="safe").load(file.read_text(encoding="utf-8"))
        steps = [step for job in data["jobs"].values() for step in job.get("steps", ())]
        asked = {step["with"]["python-version"] for step in steps if "setup-python" in step.get("uses", "")}
        assert asked <= set(PYTHONS)
