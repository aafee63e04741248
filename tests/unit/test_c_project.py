"""The check of small C and C++ projects: what is wrong with the files that lead to a library is said."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kafka_forge.bases import tools
from kafka_forge.checks.c_project import CHECK, Arguments
from kafka_forge.ground.paths import project_root
from kafka_forge.inspection import cmake_project, pkg_config
from kafka_forge.inspection.c_program import KINDS, Kind, answer
from kafka_forge.values.evidence import InspectEvidence
from kafka_forge.values.model import PLATFORMS, Artifact, Cell, Environment, Verdict

if TYPE_CHECKING:
    from kafka_forge.values.model import CheckResult

WAYS = ("pkg-config", "cmake-oldest", "cmake-newest")
PROGRAMS = [answer(kind, ok=True, needed=[kind.uses, "c"], output="2.14.2") for kind in KINDS]
CMAKE: dict[str, Any] = {
    "version": "3.6.3",
    "prefix": "PREFIX/lib/cmake/RdKafka",
    "programs": PROGRAMS,
    "asked": 9,
    "wrong": [],
    "refused": "",
}
GOOD: dict[str, Any] = {
    "pkg-config": {
        "prefix": "PREFIX",
        "flags": {"rdkafka": ["-IPREFIX/include", "-LPREFIX/lib", "-lrdkafka"]},
        "programs": PROGRAMS,
        "refused": "",
    },
    "cmake-oldest": CMAKE,
    "cmake-newest": CMAKE | {"version": "4.4.4"},
}
CONFIG = project_root() / "recipes" / "librdkafka" / "cmake" / "RdKafkaConfig.cmake"


def judged(way: str, before: str = "", **changed: Any) -> CheckResult:
    cell = Cell("librdkafka", "linux-aarch64", None, "librdkafka", "2.14.2", "h0_0", False)
    environment = Environment(Artifact(cell, Path(cell.filename), "0" * 64, 1), Path("/prefix"), None, ())
    seen = {**GOOD, way: {**GOOD[way], **changed}, "ran": before, "reused": bool(before)}
    evidence = InspectEvidence(environment, (), (), {}, (), {}, 0.0, c_project=seen)
    results = CHECK.judge(Arguments(pc="rdkafka", cmake="RdKafka"), evidence)
    return next(result for result in results if result.id == f"c-project[{way}]")


def one(kind: Kind, **changed: Any) -> list[dict[str, Any]]:
    """Return the programs, one of them changed."""
    return [
        {**each, **changed} if (each["language"], each["library"]) == (kind.language, kind.library) else each
        for each in PROGRAMS
    ]


@pytest.mark.parametrize("way", WAYS)
def test_projects_that_were_built_and_ran_pass(way: str) -> None:
    result = judged(way)
    assert result.verdict is Verdict.PASS
    assert "4 programs" in result.summary


C, CXX = Kind("C", "rdkafka"), Kind("CXX", "rdkafka++")


@pytest.mark.parametrize(
    ("way", "changed", "said"),
    [
        ("pkg-config", {"programs": []}, "no program was built"),
        ("pkg-config", {"programs": one(C, ok=False, lines=["unable to find rdkafka"])}, "unable to find rdkafka"),
        ("pkg-config", {"prefix": "/home/builder/prefix"}, "points to /home/builder/prefix"),
        ("pkg-config", {"flags": {"rdkafka++": ["-L/home/builder/lib"]}}, "rdkafka++ leads out of the prefix: -L/home"),
        ("pkg-config", {"flags": {"rdkafka": ["-IC:/bld/Library/include"]}}, "-IC:/bld/Library/include"),
        ("cmake-newest", {"prefix": ""}, "points to nowhere"),
        ("cmake-newest", {"programs": one(C, output="2.12.1")}, "C with rdkafka says '2.12.1'"),
        ("cmake-newest", {"programs": one(C, output="")}, "says ''"),
        ("cmake-newest", {"programs": one(C, needed=["rdkafka", "rdkafka++"])}, "C with rdkafka is linked with rdk"),
        ("cmake-oldest", {"programs": one(CXX, needed=["rdkafka", "c"])}, "C++ with rdkafka++ is not linked with rdk"),
        ("cmake-oldest", {"programs": one(CXX, ok=False, lines=["undefined: RdKafka::version()"])}, "RdKafka::version"),
        ("cmake-newest", {"wrong": ["2.0...<2.14 is found"]}, "2.14.2: 2.0...<2.14 is found"),
    ],
)
def test_what_leads_elsewhere_or_does_not_work_fails(way: str, changed: dict[str, Any], said: str) -> None:
    result = judged(way, **changed)
    assert result.verdict is Verdict.FAIL
    assert said in result.summary


def test_what_was_seen_before_is_said_with_its_time() -> None:
    assert "nothing has changed" not in judged("pkg-config").summary
    again = judged("pkg-config", before="2026-11-30T21:00:00+00:00")
    assert again.verdict is Verdict.PASS
    assert again.summary.endswith("; seen on 2026-11-30T21:00:00+00:00, and nothing has changed since")


def test_what_cannot_be_run_here_is_linked_all_the_same() -> None:
    result = judged("cmake-newest", programs=[{**each, "output": None} for each in PROGRAMS])
    assert result.verdict is Verdict.PASS
    assert "were not run here" in result.summary


def test_a_way_that_was_not_tried_does_not_pass() -> None:
    result = judged("cmake-oldest", refused="bootstrap/oldest.yaml has no CMake 3.6 for osx-arm64", programs=[])
    assert result.verdict is Verdict.INSPECTED
    assert "no CMake 3.6 for osx-arm64" in result.summary


def test_a_library_of_another_c_plus_plus_is_said() -> None:
    result = judged("pkg-config", programs=one(CXX, ok=False, refused="the library is of Microsoft's C++"))
    assert result.verdict is Verdict.PASS
    assert "3 programs" in result.summary
    assert "Microsoft" in result.summary


def test_a_cmake_that_is_newer_than_the_oldest_that_was_to_be_tried_is_said() -> None:
    result = judged("cmake-oldest", claimed="3.6", version="3.20.2")
    assert result.verdict is Verdict.PASS
    assert "CMake 3.6, which it is for, was not to be had" in result.summary
    assert "not to be had" not in judged("cmake-oldest", claimed="3.6").summary


@pytest.mark.parametrize("platform", [each for each in PLATFORMS if each != "linux-ppc64le"])
def test_a_cmake_is_locked_for_every_machine_of_the_ci(platform: str) -> None:
    """Else the check would tell there that it was not tried."""
    lock = project_root() / "bootstrap" / "oldest.yaml"
    claimed = cmake_project.claims(CONFIG.read_text(encoding="utf-8"))
    name = cmake_project.oldest(lock, claimed, platform)
    (locked,) = [each for each in tools.load(lock, platform) if each.name == name]
    assert f"{locked.tool.version}.".startswith(f"{locked.name.removeprefix('cmake-')}.")
    if platform.endswith("-64"):
        assert name == f"cmake-{claimed}"


def test_the_oldest_cmake_is_none_that_is_older_than_what_is_claimed() -> None:
    lock = project_root() / "bootstrap" / "oldest.yaml"
    assert cmake_project.oldest(lock, "3.5", "linux-64") == "cmake-3.6"
    assert cmake_project.oldest(lock, "3.7", "linux-64") is None
    assert cmake_project.oldest(lock, "3.6", "linux-ppc64le") is None


def test_the_end_of_a_version_range_is_asked_for_where_cmake_has_ranges() -> None:
    old, new = (cmake_project.questions("2.14.2", ranges=ranges) for ranges in (False, True))
    assert not any("..." in asked for asked in old)
    assert {asked: right for asked, right in new.items() if "..." in asked and not right} == {
        "2.0...<2.14.2": False,
        "2.0...<2.14": False,
        "2.0...2.14": False,
        "2.14.3...3": False,
    }
    assert cmake_project.questions("2.15.0", ranges=True)["2.0...2.15"]


def test_variables_of_a_pkg_config_file_are_put_in() -> None:
    text = "prefix=/p\nlibdir=${prefix}/lib\nName: x\nCflags: -I${prefix}/include\nLibs: -L${libdir} -lx\n"
    fields = pkg_config.read_pc(text)
    assert (fields["Cflags"], fields["Libs"]) == ("-I/p/include", "-L/p/lib -lx")


def test_a_module_that_pkg_config_would_miss_is_named() -> None:
    required = pkg_config.required
    assert required({"Requires": "a>=1.2 , b", "Requires.private": "c = 3,d", "Libs": "-le"}) == list("abcd")
    assert required({"Requires.private": ""}) == []


def test_what_a_module_requires_privately_is_compiled_with_and_not_linked(tmp_path: Path) -> None:
    (tmp_path / "a.pc").write_text("Requires: b\nRequires.private: c\nCflags: -Ia\nLibs: -la\n")
    (tmp_path / "b.pc").write_text("Cflags: -Ib\nLibs: -lb\n")
    (tmp_path / "c.pc").write_text("Cflags: -Ic\nLibs: -lc\n")
    assert pkg_config.flags(tmp_path, "a") == ["-Ia", "-Ib", "-Ic", "-la", "-lb"]
    (tmp_path / "c.pc").unlink()
    with pytest.raises(FileNotFoundError, match=r"a\.pc requires c"):
        pkg_config.flags(tmp_path, "a")
