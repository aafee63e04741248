"""The checks of stage ``inspect``: real evidence passes, and each way to break it fails with words that say so."""

from __future__ import annotations

import copy
import json
import marshal
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kafka_forge import checks, platforms
from kafka_forge.checks import judging
from kafka_forge.contracts.loading import load_contract
from kafka_forge.errors import UnknownPlatform
from kafka_forge.ground.paths import project_root
from kafka_forge.inspection import modules_of, paths
from kafka_forge.values.contract import Contract
from kafka_forge.values.evidence import BinaryFile, ExtrasEvidence, InspectEvidence, RecordLine
from kafka_forge.values.model import PLATFORMS, Artifact, Cell, Environment, InstalledPackage, Verdict
from kafka_forge.values.runner import NATIVE, Runner

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kafka_forge.values.model import CheckResult

SEEN = json.loads((Path(__file__).parent / "data" / "inspect.json").read_text(encoding="utf-8"))
CIMPL = SEEN["binaries"][0]["path"]
(RECORD,) = SEEN["records"]
PROMISES: dict[str, dict[str, Any]] = {
    "extension-links": {"modules": {"confluent_kafka.cimpl": ["librdkafka.so.1"]}},
    "features": {"exactly": SEEN["probe"]["librdkafka"]["features"]},
    "glibc-floor": {},
    "imports": {"modules": ["confluent_kafka.aio"]},
    "librdkafka-version": {},
    "no-build-paths": {},
    "one-librdkafka": {},
    "package-contents": {"has": ["*/confluent_kafka/cimpl.*"], "lacks": ["*.a"]},
    "pip-check": {},
    "record-complete": {},
    "rpath-inside-prefix": {},
}
STATIC = {
    "extension-links",
    "glibc-floor",
    "no-build-paths",
    "package-contents",
    "record-complete",
    "rpath-inside-prefix",
}


def evidence(data: dict[str, Any]) -> InspectEvidence:
    """Turn the captured JSON into what `inspection.inspect` gives."""
    known = data["artifact"]
    cell = Cell(known["name"], "linux-64", known["python"], known["name"], known["version"], known["build"], False)
    artifact = Artifact(cell, Path(cell.filename), "0" * 64, 1)
    packages = tuple(InstalledPackage(**package) for package in data["packages"])
    return InspectEvidence(
        environment=Environment(artifact, Path("/prefix"), Path("/prefix/bin/python"), packages),
        files=tuple(data["files"]),
        binaries=tuple(_binary(**binary) for binary in data["binaries"]),
        build_paths=data["build_paths"],
        depends=tuple(data["depends"]),
        probe=data["probe"],
        seconds=data["seconds"],
        recipe_tests=data["recipe_tests"],
        records={file: tuple(_line(**line) for line in lines) for file, lines in data["records"].items()},
    )


def _binary(*, needed: list[str], rpaths: list[str], glibc: list[int] | None, **rest: Any) -> BinaryFile:
    floor = (glibc[0], glibc[1]) if glibc else None
    return BinaryFile(needed=tuple(needed), rpaths=tuple(rpaths), glibc=floor, **rest)


def _line(*, path: str, file: str, listed: list[str], found: list[str] | None) -> RecordLine:
    return RecordLine(path, file, (listed[0], listed[1]), (found[0], found[1]) if found else None)


def judge(check: str, data: dict[str, Any]) -> CheckResult:
    """Give the only result of a check."""
    chosen = checks.by_id()[check]
    (result,) = chosen.judge(chosen.arguments.model_validate(PROMISES[check]), evidence(data))
    return result


@pytest.mark.parametrize("check", sorted(PROMISES))
def test_a_sound_artifact_passes(check: str) -> None:
    result = judge(check, SEEN)
    assert (result.verdict, result.summary) == (Verdict.PASS, result.summary)
    json.dumps(dict(result.evidence))


def _set(*keys: Any, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(data: dict[str, Any]) -> None:
        for key in keys[:-1]:
            data = data[key]
        data[keys[-1]] = value

    return change


WRONG = [
    ("extension-links", _set("binaries", value=[]), "no extension module confluent_kafka.cimpl"),
    ("extension-links", _set("binaries", 0, "needed", value=["libc.so.6"]), "does not need librdkafka.so.1"),
    ("extension-links", _set("binaries", 0, "found", "librdkafka.so.1", value=""), "not found in the prefix"),
    ("extension-links", _set("binaries", 0, "found", "librdkafka.so.1", value="system"), "not found in the prefix"),
    (
        "extension-links",
        _set("probe", "imports", "confluent_kafka.cimpl", "file", value="lib/python3.12/site-packages/cimpl.py"),
        "gives lib/python3.12/site-packages/cimpl.py",
    ),
    ("features", _set("probe", "librdkafka", "features", value=["gzip"]), "missing: "),
    ("features", _set("probe", "librdkafka", "features", 0, value="magic"), "not promised: magic"),
    ("features", _set("probe", "librdkafka", "features", value=None), "no single librdkafka"),
    ("glibc-floor", _set("binaries", 0, "glibc", value=[2, 34]), "needs glibc 2.34, declared is"),
    ("glibc-floor", _set("depends", value=["python >=3.12"]), "declares no __glibc floor"),
    ("glibc-floor", _set("binaries", value=[]), "no binary needs"),
    ("imports", _set("probe", "imports", value={}), "was not tried"),
    (
        "imports",
        _set("probe", "imports", "confluent_kafka.aio", value={"ok": False, "error": "ModuleNotFoundError: x"}),
        "ModuleNotFoundError: x",
    ),
    (
        "imports",
        _set("probe", "imports", "confluent_kafka.aio", "file", value="/usr/lib/python3/confluent_kafka/aio.py"),
        "outside the environment",
    ),
    ("librdkafka-version", _set("probe", "librdkafka", "version", value="2.3.0"), "the library that runs 2.3.0"),
    ("librdkafka-version", _set("probe", "librdkafka", "version", value=None), "cannot be asked"),
    ("librdkafka-version", _set("probe", "librdkafka", "client", value="2.3.0"), "says that it uses 2.3.0"),
    ("librdkafka-version", _set("packages", value=[]), "no librdkafka package"),
    ("no-build-paths", _set("build_paths", value={"lib/a.so": ["/build/work/a.c"]}), "lib/a.so: /build/work/a.c"),
    ("one-librdkafka", _set("probe", "librdkafka", "loaded", value=[]), "0 copies"),
    (
        "one-librdkafka",
        _set("probe", "librdkafka", "loaded", value=["lib/librdkafka.so.1", "/usr/lib/librdkafka.so.1"]),
        "2 copies of librdkafka are loaded: lib/librdkafka.so.1, /usr/lib/librdkafka.so.1",
    ),
    ("one-librdkafka", _set("probe", "librdkafka", "loaded", value=[CIMPL]), "is not in the prefix's lib"),
    ("package-contents", _set("files", value=["lib/librdkafka.a"]), "nothing matches */confluent_kafka/cimpl.*"),
    ("package-contents", _set("files", value=["lib/librdkafka.a"]), "lib/librdkafka.a is unwanted"),
    ("pip-check", _set("probe", "pip_check", value={"ok": False, "lines": ["a requires b"]}), "a requires b"),
    ("record-complete", _set("records", value={}), "the package has no RECORD"),
    ("record-complete", _set("records", RECORD, 1, "found", value=None), "METADATA, which the package does not have"),
    ("record-complete", _set("records", RECORD, 1, "found", 0, value="sha256=x"), "METADATA has another hash"),
    ("record-complete", _set("records", RECORD, 1, "found", 1, value="0"), "METADATA has another size"),
    ("record-complete", _set("records", RECORD, 0, value=SEEN["records"][RECORD][1]), "does not list"),
    ("record-complete", _set("records", RECORD, 0, value=SEEN["records"][RECORD][1]), "METADATA 2 times"),
    ("record-complete", _set("files", value=["bin/confluent", *SEEN["files"]]), "does not list bin/confluent"),
    ("record-complete", _set("files", value=[f"{CIMPL[:-3]}.pdb", *SEEN["files"]]), "gnu.pdb"),
    ("rpath-inside-prefix", _set("binaries", 0, "rpaths", value=["/opt/lib"]), "/opt/lib leads out"),
    ("rpath-inside-prefix", _set("binaries", 0, "rpaths", value=["$ORIGIN/../../../../../lib"]), "leads out"),
    ("rpath-inside-prefix", _set("binaries", 0, "found", value={"libx.so.1": ""}), "brings libx.so.1"),
    ("rpath-inside-prefix", _set("binaries", value=[]), "no binary"),
]


@pytest.mark.parametrize(("check", "damage", "words"), WRONG, ids=[f"{each[0]}: {each[2]}" for each in WRONG])
def test_a_broken_artifact_fails_and_says_why(check: str, damage: Callable[[dict[str, Any]], None], words: str) -> None:
    data = copy.deepcopy(SEEN)
    damage(data)
    result = judge(check, data)
    assert result.verdict is Verdict.FAIL
    assert words in result.summary


@pytest.mark.parametrize("check", sorted(PROMISES))
def test_what_could_not_be_run_is_never_called_passed(check: str) -> None:
    result = judge(check, {**SEEN, "probe": {}})
    assert result.verdict is (Verdict.PASS if check in STATIC else Verdict.INSPECTED)


def carried(data: dict[str, Any], runner: Runner | None = NATIVE) -> Sequence[CheckResult]:
    seen = evidence(data)
    seen = replace(seen, environment=replace(seen.environment, runner=runner))
    return checks.by_id()["recipe-tests"].judge(None, seen)


def test_every_test_of_the_recipe_has_its_result() -> None:
    python, script = carried(SEEN)
    assert (python.id, python.verdict) == ("recipe-tests[1/python]", Verdict.PASS)
    assert (script.id, script.verdict) == ("recipe-tests[2/script]", Verdict.PASS)
    assert "✔ pip check passed!" in python.evidence["lines"]
    assert python.seconds > 0


def test_a_test_of_the_recipe_that_fails_shows_its_last_words() -> None:
    data = copy.deepcopy(SEEN)
    data["recipe_tests"]["tests"][1] |= {"ok": False, "lines": ["+ x --help", "Script failed with status 1"]}
    python, script = carried(data)
    assert (python.verdict, script.verdict) == (Verdict.PASS, Verdict.FAIL)
    assert script.summary == "test 2 (script) fails: Script failed with status 1"


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        ({}, "carries no tests"),
        ({"tests": [], "ran": "", "reused": False}, "carries no tests"),
        (
            {"tests": [], "ran": "", "reused": False, "broken": "the engine ended with status 1", "lines": []},
            "status 1",
        ),
    ],
)
def test_no_test_at_all_is_no_pass(seen: dict[str, Any], words: str) -> None:
    (result,) = carried({**SEEN, "recipe_tests": seen})
    assert result.verdict is Verdict.FAIL
    assert words in result.summary


def test_a_failure_ends_with_what_to_do_and_what_passes_does_not() -> None:
    promises = {"pip-check": {}, "package-contents": {"has": ["nowhere"]}}
    passed, failed = judging.judge(Contract(promises=promises), evidence(SEEN), stage="inspect")
    assert passed.verdict is Verdict.PASS
    assert checks.by_id()["pip-check"].remedy not in passed.summary
    assert failed.summary == f"nothing matches nowhere; {checks.by_id()['package-contents'].remedy}"


def test_what_passed_before_says_so() -> None:
    results = carried({**SEEN, "recipe_tests": {**SEEN["recipe_tests"], "reused": True}})
    assert all("nothing has changed since" in result.summary and result.evidence["reused"] for result in results)
    shared = judging.judge(Contract(promises={"recipe-tests": {}, "pip-check": {}}), evidence(SEEN), stage="inspect")
    assert [result.seconds for result in shared[:2]] == [test["seconds"] for test in SEEN["recipe_tests"]["tests"]]
    assert shared[2].seconds == round(SEEN["seconds"], 4)


def test_the_recipes_tests_are_for_machines_that_need_no_emulator() -> None:
    assert carried(SEEN, Runner(emulator="wine")) == []
    (result,) = carried(SEEN, None)
    assert result.verdict is Verdict.INSPECTED


def test_every_check_is_promised_by_a_contract() -> None:
    files = sorted((project_root() / "recipes").glob("*/contract.yaml"))
    cases = [(platform, python) for platform in PLATFORMS for python in (None, "3.14t")]
    contracts = [load_contract(path, *case, version="99") for path in files for case in cases]
    promised = {name for contract in contracts for name in contract.promises}
    assert promised == set(checks.by_id())
    modules = [module for contract in contracts for module in modules_of(contract)]
    assert {"confluent_kafka.cimpl", "pykafka.rdkafka._rd_kafka", "kafka"} <= set(modules)


def test_platforms_are_known_and_one_of_them_is_ours() -> None:
    assert platforms.current() in PLATFORMS
    assert [name for name in PLATFORMS if platforms.of(name).emulator == ""] == [platforms.current()]
    with pytest.raises(UnknownPlatform, match="linux-63"):
        platforms.of("linux-63")


# --- build paths ----------------------------------------------------------------------------------------------

PLACEHOLDER = "/build/rattler-build_x_1/host_env_placehold_placehold"


def unpacked(folder: Path, content: bytes, *, registered: bool) -> Path:
    """Make an unpacked package with one file in it."""
    entry = {"_path": "share/file", "prefix_placeholder": PLACEHOLDER} if registered else {"_path": "share/file"}
    for name, data in (
        ("info/paths.json", json.dumps({"paths": [entry]}).encode()),
        ("info/recipe/rendered_recipe.yaml", b"  directories:\n    work_dir: /elsewhere/work\n"),
        ("share/file", content),
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


@pytest.mark.parametrize(
    ("content", "registered", "found"),
    [
        (f"prefix={PLACEHOLDER}/etc".encode(), True, False),
        (f"prefix={PLACEHOLDER}/etc".encode(), False, True),
        (b"\x00\x01/elsewhere/work/a.c\x00", True, True),
        (b"-I/home/me/include", False, True),
        (b"see /home/me", False, True),
        (b"/home/merlin/x", False, False),
        (b"archive/home/me/x", False, False),
        (b"/usr/lib and /tmp/x", False, False),
    ],
)
def test_build_paths_are_told_from_innocent_text(tmp_path: Path, content: bytes, registered: bool, found: bool) -> None:
    seen = paths.scan(unpacked(tmp_path, content, registered=registered), ["/home/me"])
    assert list(seen) == (["share/file"] if found else [])


def test_a_placeholder_that_is_not_registered_in_full_is_found(tmp_path: Path) -> None:
    content = f"{PLACEHOLDER} and {PLACEHOLDER[:-9]}/bin".encode()
    assert "share/file" in paths.scan(unpacked(tmp_path, content, registered=True), [])


LONG = "lib/" + "a" * 40 + ".py"  # 47 characters: marshal's length byte is then a slash
SOURCES = [
    ("/tmp/pkgX1y2/lib/a.py", True),
    ("lib/a.py", False),
    ("/lib/a.py", False),
    (LONG, False),
    (f"/tmp/{LONG}", True),
]


@pytest.mark.parametrize(("source", "found"), SOURCES)
def test_compiled_python_does_not_name_the_packagers_folder(tmp_path: Path, source: str, found: bool) -> None:
    unpacked(tmp_path, b"", registered=False)
    name = Path(source).stem
    pyc = tmp_path / "lib" / "__pycache__" / f"{name}.cpython-312.pyc"
    pyc.parent.mkdir(parents=True)
    pyc.write_bytes(b"head" + marshal.dumps(compile("x = 1", source, "exec")))
    assert list(paths.scan(tmp_path, [])) == ([pyc.relative_to(tmp_path).as_posix()] if found else [])


def test_an_import_that_fails_beside_its_extras_fails() -> None:
    check = checks.by_id()["imports-with-extras"]
    arguments = check.arguments.model_validate({"extras": ["attrs"], "modules": ["a.b", "a.c"]})
    answers = {
        "a.b": {"ok": True, "file": "lib/a/b.py", "version": None, "error": None},
        "a.c": {"ok": False, "file": None, "version": None, "error": "ModuleNotFoundError: No module named 'httpx'"},
    }
    results = check.judge(arguments, ExtrasEvidence(evidence(SEEN).environment, {"imports": answers}))
    assert [(each.id, each.verdict) for each in results] == [
        ("imports-with-extras[a.b]", Verdict.PASS),
        ("imports-with-extras[a.c]", Verdict.FAIL),
    ]
    assert "httpx" in results[1].summary
