"""The check of a small C project: what is wrong with the files that lead to a library is said."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kafka_forge.checks.c_project import CHECK, Arguments
from kafka_forge.evidence import InspectEvidence
from kafka_forge.inspection import c_project
from kafka_forge.model import Artifact, Cell, Environment, Verdict

if TYPE_CHECKING:
    from kafka_forge.model import CheckResult

GOOD: dict[str, Any] = {
    "pkg-config": {
        "ok": True,
        "prefix": "PREFIX",
        "flags": ["-IPREFIX/include", "-LPREFIX/lib", "-lrdkafka"],
        "output": "2.14.2",
        "lines": [],
    },
    "cmake": {"ok": True, "prefix": "PREFIX/lib/cmake/RdKafka", "flags": [], "output": "2.14.2", "lines": []},
}


def judged(way: str, **changed: Any) -> CheckResult:
    cell = Cell("librdkafka", "linux-aarch64", None, "librdkafka", "2.14.2", "h0_0", False)
    environment = Environment(Artifact(cell, Path(cell.filename), "0" * 64, 1), Path("/prefix"), None, ())
    seen = {**GOOD, way: {**GOOD[way], **changed}}
    evidence = InspectEvidence(environment, (), (), {}, (), {}, 0.0, c_project=seen)
    results = CHECK.judge(Arguments(pc="rdkafka", cmake="RdKafka"), evidence)
    return next(result for result in results if result.id == f"c-project[{way}]")


@pytest.mark.parametrize("way", ["pkg-config", "cmake"])
def test_a_project_that_was_built_and_ran_passes(way: str) -> None:
    assert judged(way).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("way", "changed", "said"),
    [
        ("pkg-config", {"ok": False, "lines": ["error: unable to find rdkafka"]}, "unable to find rdkafka"),
        ("pkg-config", {"ok": False, "lines": ["rdkafka.pc requires zlib, which"]}, "requires zlib"),
        ("pkg-config", {"prefix": "/home/builder/prefix"}, "points to /home/builder/prefix"),
        ("pkg-config", {"flags": ["-L/home/builder/lib", "-lrdkafka"]}, "-L/home/builder/lib"),
        ("pkg-config", {"flags": ["-IC:/bld/Library/include", "-lrdkafka"]}, "-IC:/bld/Library/include"),
        ("cmake", {"prefix": ""}, "points to nowhere"),
        ("cmake", {"output": "2.12.1"}, "2.12.1"),
        ("cmake", {"output": ""}, "the program says ''"),
    ],
)
def test_what_leads_elsewhere_or_does_not_work_fails(way: str, changed: dict[str, Any], said: str) -> None:
    result = judged(way, **changed)
    assert result.verdict is Verdict.FAIL
    assert said in result.summary


def test_what_cannot_be_run_here_is_linked_all_the_same() -> None:
    result = judged("cmake", output=None)
    assert result.verdict is Verdict.PASS
    assert "was not run here" in result.summary


def test_variables_of_a_pkg_config_file_are_put_in() -> None:
    text = "prefix=/p\nlibdir=${prefix}/lib\nName: x\nCflags: -I${prefix}/include\nLibs: -L${libdir} -lx\n"
    fields = c_project.read_pc(text)
    assert (fields["Cflags"], fields["Libs"]) == ("-I/p/include", "-L/p/lib -lx")


def test_a_module_that_pkg_config_would_miss_is_named() -> None:
    assert c_project.required({"Requires": "a>=1.2 , b", "Requires.private": "c = 3,d", "Libs": "-le"}) == list("abcd")
    assert c_project.required({"Requires.private": ""}) == []
