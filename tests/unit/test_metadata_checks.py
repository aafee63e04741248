"""The checks of what a package says of itself: each passes on what is sound, and fails with words that say why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kafka_forge import checks
from kafka_forge.values.evidence import BinaryFile, Elf, InspectEvidence
from kafka_forge.values.model import Artifact, Cell, Environment, Verdict

SOUND: dict[str, Any] = {
    "index": {"subdir": "linux-64"},
    "run_exports": {"weak": ["mine >=1.2,<1.3.0a0"]},
    "license": "MIT",
    "licenses": {"LICENSE": 100},
    "shared": {},
    "machines": {"lib/libmine.so": "x86_64"},
    "headers": {"include/mine.h": "1.2.0"},
    "undefined": {},
    "copies": {"lib/libmine.so": ["librdkafka"]},
    "sbom": {"file": "info/sboms/mine.cdx.json", "problems": [], "has": {"sources": 1, "patches": 0, "host": 4}},
}
BOUNDS = {"each": {"mine": {"admits": ["1.2.0"], "refuses": ["1.1.0", "1.3.0"]}}}
ARGUMENTS: dict[str, Any] = {
    "licenses": {},
    "fits-its-platform": {},
    "fits-its-python": {},
    "files-of-its-own": {},
    "dependency-bounds": BOUNDS,
    "run-exports": BOUNDS,
    "headers-agree": {"headers": ["include/mine.h"]},
    "no-private-copies": {"own": ["librdkafka"]},
    "symbols-exist": {},
    "sbom": {},
}
FILES = (
    "lib/python3.12/site-packages/m.cpython-312-x86_64-linux-gnu.so",
    "lib/python3.12/site-packages/__pycache__/n.cpython-312.pyc",
    "lib/python3.12/site-packages/abi.abi3.so",
)


def judged(check: str, **changed: Any) -> tuple[Verdict, str]:
    """Judge sound evidence with some of it changed: metadata, or files, depends, binaries, cell."""
    cell = Cell("mine", "linux-64", "3.12", "mine", "1.2.0", "py312h0_0", noarch=False)
    evidence = InspectEvidence(
        environment=Environment(Artifact(changed.pop("cell", cell), Path("x"), "0" * 64, 1), Path("/p"), None, ()),
        files=changed.pop("files", FILES),
        binaries=changed.pop("binaries", (SOUND_BINARY,)),
        build_paths={},
        depends=changed.pop("depends", ("mine >=1.2,<1.3.0a0", "python_abi 3.12.* *_cp312")),
        probe={},
        seconds=1.0,
        metadata={**SOUND, **changed},
    )
    chosen = checks.by_id()[check]
    (result,) = chosen.judge(chosen.arguments.model_validate(ARGUMENTS[check]), evidence)
    return result.verdict, result.summary


TAKES = BinaryFile("m.so", "elf", None, (), (), elf=Elf(2, ("mine_new",), ("lib/libmine.so",)))
SOUND_BINARY = BinaryFile("m.so", "elf", None, (), (), elf=Elf(2, (), ("lib/libmine.so",)))
NOARCH = Cell("mine", "linux-64", None, "mine", "1.2.0", "pyh0_0", noarch=True)
WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("licenses", {"licenses": {}}, "no license text"),
    ("headers-agree", {"undefined": {"include/mine.h": ["mine_new"]}}, "include/mine.h declares mine_new, which"),
    ("no-private-copies", {"copies": {"m.so": ["librdkafka", "openssl"]}}, "m.so holds a copy of openssl"),
    ("symbols-exist", {"binaries": (TAKES,)}, "m.so: no library of lib/libmine.so exports mine_new"),
    ("symbols-exist", {"binaries": ()}, "no binary takes a symbol"),
    ("licenses", {"licenses": {"LICENSE": 0}}, "no license text"),
    ("sbom", {"sbom": {}}, "the package has no bill of materials in info/sboms"),
    ("sbom", {"sbom": {**SOUND["sbom"], "problems": ["it names no source"]}}, "it names no source"),
    ("licenses", {"license": None}, "names no license"),
    ("fits-its-platform", {"machines": {"a.so": "aarch64"}}, "a.so is for aarch64"),
    ("fits-its-platform", {"cell": NOARCH, "binaries": (BinaryFile("a.so", "elf", None, (), ()),)}, "noarch package"),
    ("fits-its-platform", {"cell": NOARCH, "index": {"platform": "linux"}}, "may not say platform"),
    ("fits-its-python", {"files": ("lib/python3.13/site-packages/m.py",)}, "is of Python 3.13"),
    ("fits-its-python", {"files": ("a/m.cpython-312t-x86_64-linux-gnu.so",)}, "is of Python 3.12t"),
    ("fits-its-python", {"files": ("a/__pycache__/m.cpython-314.opt-1.pyc",)}, "is of Python 3.14"),
    ("fits-its-python", {"files": ("Lib/site-packages/m.cp314-win_amd64.pyd",)}, "is of Python 3.14"),
    ("fits-its-python", {"depends": ("python_abi 3.13.* *_cp313",)}, "the build string says Python 3.12"),
    ("files-of-its-own", {"shared": {"six.py": "six"}}, "six.py is also a file of six"),
    ("dependency-bounds", {"depends": ()}, "asks for no mine"),
    ("dependency-bounds", {"depends": ("mine",)}, "too loose"),
    ("dependency-bounds", {"depends": ("mine >=1.1.5,<1.3.0a0", "mine >=1.2.1")}, "too tight"),
    ("run-exports", {"run_exports": {}}, "exports no mine"),
    ("run-exports", {"run_exports": {"weak": ["mine >=1.2"]}}, "too loose: it admits 1.3.0"),
    ("headers-agree", {"headers": {"include/mine.h": "1.3.0"}}, "is of 1.3.0, the library of 1.2.0"),
    ("headers-agree", {"headers": {}}, "no version"),
]


@pytest.mark.parametrize("check", sorted(ARGUMENTS))
def test_what_is_sound_passes(check: str) -> None:
    assert judged(check)[0] is Verdict.PASS


@pytest.mark.parametrize(("check", "changed", "says"), WRONG)
def test_each_way_to_break_it_is_named(check: str, changed: dict[str, Any], says: str) -> None:
    verdict, summary = judged(check, **changed)
    assert verdict is Verdict.FAIL
    assert says in summary
