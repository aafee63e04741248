"""What runs another platform's programs here, and whose fault a crash is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kafka_forge import emulators, platforms
from kafka_forge.bases import tools
from kafka_forge.emulators import qemu
from kafka_forge.errors import EmulatorCrashed, EmulatorMissing
from kafka_forge.ground.paths import Cache, project_root
from kafka_forge.ground.progress import Silent
from kafka_forge.values.model import PLATFORMS
from kafka_forge.values.runner import NATIVE, Runner

if TYPE_CHECKING:
    from collections.abc import Sequence


def _qemu() -> Runner:
    def crashed(status: int, lines: Sequence[str]) -> str | None:
        return qemu._crashed("qemu-aarch64", status, lines)

    return Runner("qemu-aarch64", ("/emulators/qemu", "-L", "/emulators/sysroot"), crashed=crashed)


def test_the_machine_itself_runs_its_own_platform(tmp_path: Path) -> None:
    runner = emulators.runner(platforms.current(), Cache(tmp_path), Silent())
    assert runner is NATIVE
    assert runner.command(["python", "-V"]) == ["python", "-V"]


def test_macos_cannot_be_run_elsewhere(tmp_path: Path) -> None:
    for name in (each for each in PLATFORMS if each.startswith("osx-") and each != platforms.current()):
        assert emulators.runner(name, Cache(tmp_path), Silent()) is None


def test_an_emulator_stands_before_the_program() -> None:
    assert _qemu().command([Path("/p/bin/python"), "-V"])[:3] == ["/emulators/qemu", "-L", "/emulators/sysroot"]


def test_a_program_that_crashes_under_the_emulator_is_the_programs_fault() -> None:
    _qemu().check(-11, ["qemu: uncaught target signal 11 (Segmentation fault) - core dumped"], "cell")
    _qemu().check(1, ["Traceback (most recent call last):", "ImportError: ERROR"], "cell")


@pytest.mark.parametrize(
    "words",
    [
        "ERROR:../../accel/tcg/cpu-exec.c:954:cpu_exec: assertion failed: (cpu == current_cpu)",
        "qemu-aarch64-static: ../../linux-user/mmap.c:610: Assertion failed",
        "qemu: unhandled CPU exception 0x10001 - aborting",
    ],
)
def test_a_crash_of_the_emulator_has_a_code_of_its_own(words: str) -> None:
    with pytest.raises(EmulatorCrashed) as caught:
        _qemu().check(-6, ["before", words], "pykafka/linux-aarch64/3.12")
    assert words in caught.value.what
    assert caught.value.code == "KF404"


def test_an_emulator_that_no_lock_has_is_missing(tmp_path: Path) -> None:
    with pytest.raises(EmulatorMissing, match="qemu-z80"):
        qemu.obtain("qemu-z80", Cache(tmp_path), Silent())


def test_every_emulator_of_a_linux_platform_is_locked() -> None:
    locked = {each.name for each in tools.load(project_root() / "bootstrap" / "emulators.yaml", "linux-64")}
    assert {"qemu-aarch64", "qemu-ppc64le"} <= locked
