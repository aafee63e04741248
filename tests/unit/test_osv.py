"""Vulnerabilities that an export of OSV's knows of what a package is made of; nothing is asked of any server."""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from kafka_forge.cli import _run
from kafka_forge.errors import OsvInvalid
from kafka_forge.sboms import osv, telling
from kafka_forge.sboms.affected import Hit, judge
from kafka_forge.sboms.facts import Source

from . import sbom_house as house

if TYPE_CHECKING:
    from pathlib import Path

PYPI = Source("small_py-1.2.tar.gz", ("https://pypi.io/packages/source/s/small-py/small_py-1.2.tar.gz",), "4" * 64)
DATA: dict[str, Any] = json.loads(house.written(house.facts(sources=(house.SOURCE, PYPI))))
CJSON = {
    "type": "GIT",
    "repo": "https://github.com/DaveGamble/cJSON.git",
    "events": [{"introduced": "0"}, {"fixed": "ab"}],
}


def record(identity: str = "OSV-1", **affected: Any) -> dict[str, Any]:
    return {"id": identity, "summary": "It overflows", "affected": [affected]}


def python(*events: dict[str, str], kind: str = "ECOSYSTEM", name: str = "small.py") -> dict[str, Any]:
    return record(package={"ecosystem": "PyPI", "name": name}, ranges=[{"type": kind, "events": list(events)}])


def found(folder: Path, *records: Any) -> list[str]:
    export = folder / "export.json"
    export.write_text(json.dumps(list(records)), encoding="utf-8")
    return [f"{each.id} {each.component}" for each in osv.search(DATA, export).found]


@pytest.mark.parametrize(
    ("told", "hit"),
    [
        (python({"introduced": "0"}), True),
        (python({"introduced": "0"}, {"fixed": "1.3"}), True),
        (python({"introduced": "0"}, {"fixed": "1.2"}), False),
        (python({"introduced": "1.3"}), False),
        (python({"introduced": "0"}, {"last_affected": "1.2"}), True),
        (python({"introduced": "0"}, {"last_affected": "1.1"}), False),
        (python({"introduced": "0"}, {"fixed": "1.0"}, {"introduced": "1.1"}, {"fixed": "1.5"}), True),
        (python({"fixed": "1.5"}, {"introduced": "1.1"}, {"fixed": "1.0"}, {"introduced": "0"}), True),
        (python({"introduced": "0"}, kind="SEMVER"), True),
        (python({"introduced": "0"}, name="other"), False),
        (python({"introduced": "first"}), False),
        (record(package={"ecosystem": "PyPI", "name": "small-py"}, versions=["1.1", "1.2"]), True),
        (record(package={"ecosystem": "npm", "name": "small-py"}, versions=["1.2"]), False),
        ({**python({"introduced": "0"}), "withdrawn": "2026-01-01T00:00:00Z"}, False),
        ({"id": "OSV-1"}, False),
    ],
)
def test_a_version_is_looked_for_as_the_schema_says(tmp_path: Path, told: dict[str, Any], hit: bool) -> None:
    assert found(tmp_path, told) == (["OSV-1 small_py-1.2.tar.gz 1.2"] if hit else [])


def test_what_is_copied_is_looked_for_by_its_repository(tmp_path: Path) -> None:
    assert found(tmp_path, record(ranges=[CJSON], versions=["v1.7.18", "v1.7.19"])) == ["OSV-1 cJSON 1.7.19"]
    assert found(tmp_path, record(ranges=[CJSON], versions=["v1.7.18"])) == []


OPENSSL = "https://github.com/openssl/openssl.git"


def git(*events: dict[str, str], repo: str = OPENSSL, **more: Any) -> dict[str, Any]:
    return {"type": "GIT", "repo": repo, "events": list(events), **more}


@pytest.mark.parametrize(
    ("told", "hit"),
    [
        ({"ranges": [git({"introduced": "0"}, {"fixed": "ab"})], "versions": ["openssl-3.5.6", "openssl-3.5.7"]}, True),
        ({"ranges": [git({"introduced": "0"}, {"fixed": "ab"})], "versions": ["openssl-3.5.6"]}, False),
        ({"ranges": [git({"introduced": "0"})]}, True),
        ({"ranges": [git({"introduced": "0"}, {"fixed": "ab"})]}, None),
        ({"ranges": [git({"introduced": "0"}, repo="https://github.com/other/openssl")]}, False),
        (
            {
                "package": {"ecosystem": "OSS-Fuzz", "name": "openssl"},
                "ranges": [git({"introduced": "cd"}, {"fixed": "ab"}, repo="git://github.com/openssl/openssl")],
                "versions": ["openssl-3.5.7"],
            },
            True,
        ),
        (
            {
                "ranges": [
                    git(
                        {"introduced": "cd"},
                        {"fixed": "ab"},
                        database_specific={"versions": [{"introduced": "3.5.0"}, {"fixed": "3.5.8"}]},
                    )
                ]
            },
            True,
        ),
        (
            {
                "ranges": [
                    git({"fixed": "ab"}, database_specific={"versions": [{"introduced": "0"}, {"fixed": "1.1.1w"}]})
                ]
            },
            False,
        ),
        (
            {
                "ranges": [
                    {"type": "SEMVER", "events": [{"introduced": "3.5.0"}, {"last_affected": "3.5.7"}]},
                    git({"introduced": "cd"}, {"fixed": "ab"}),
                ]
            },
            True,
        ),
        (
            {
                "ranges": [
                    {"type": "SEMVER", "events": [{"introduced": "3.5.0"}, {"fixed": "3.5.7"}]},
                    git({"introduced": "cd"}, {"fixed": "ab"}),
                ]
            },
            False,
        ),
        ({"package": {"ecosystem": "Debian:13", "name": "openssl"}, "versions": ["3.5.7"]}, False),
    ],
)
def test_a_conda_package_is_looked_for_by_its_upstream(tmp_path: Path, told: Any, hit: bool | None) -> None:
    export = tmp_path / "export.json"
    export.write_text(json.dumps(record(**told)), encoding="utf-8")
    searched = osv.search(DATA, export)
    assert [each.component for each in searched.found] == (["openssl 3.5.7"] if hit else [])
    assert [each.component for each in searched.untold] == (["openssl 3.5.7"] if hit is None else [])
    shown = "\n".join(telling.vulnerabilities(searched))
    assert ("not to be told without the repository" in shown) == (hit is None)


@pytest.mark.parametrize(
    ("version", "fixed", "hit"),
    [
        ("1.1.1", "1.1.1a", True),
        ("1.1.1w", "1.1.1v", False),
        ("1.0.2y", "1.0.2za", True),
        ("1.10.0", "1.9.4", False),
        ("8.22.0", "curl-8_22_1", True),
        ("3.0.0-rc1", "3.0.0", True),
    ],
)
def test_versions_are_in_the_order_of_their_releases(version: str, fixed: str, hit: bool) -> None:
    entry = {"ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": fixed}]}]}
    assert (judge(version, entry, "GIT") is Hit.YES) == hit


def test_what_only_built_a_package_is_said_to_be_no_part_of_it(tmp_path: Path) -> None:
    make = house.record("make", version="4.3")
    data = json.loads(house.written(house.facts(rendered=house.rendered(build=[make, house.record("bare")]))))
    export = tmp_path / "export.json"
    repo = "https://git.savannah.gnu.org/git/make.git"
    export.write_text(json.dumps(record(ranges=[git({"introduced": "0"}, repo=repo)])), encoding="utf-8")
    searched = osv.search(data, export)
    assert [(each.component, each.only_built) for each in searched.found] == [("make 4.3", True)]
    shown = "\n".join(telling.vulnerabilities(searched))
    assert "make 4.3  only built it  It overflows" in shown
    assert "No name that OSV has: bare." in shown


def test_an_export_is_a_record_a_list_a_zip_or_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "PyPI"
    folder.mkdir()
    one = json.dumps(python({"introduced": "0"}))
    (folder / "OSV-1.json").write_text(one, encoding="utf-8")
    answer = tmp_path / "answer.json"
    answer.write_text(json.dumps({"vulns": [json.loads(one)]}), encoding="utf-8")
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("OSV-1.json", one)
    for export in (folder, folder / "OSV-1.json", answer, tmp_path / "all.zip"):
        searched = osv.search(DATA, export)
        assert (searched.records, len(searched.found)) == (1, 1)
        assert searched.unnamed == ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no json",
        "[]",
        "[1]",
        "{}",
        '{"vulns": 1}',
        '{"id": "OSV-1", "affected": [1]}',
        '{"id": "1", "affected": 5}',
        '{"id": "1", "affected": [{"ranges": [{"type": "GIT", "repo": "https://["}]}]}',
    ],
)
def test_nonsense_is_named(tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    export = tmp_path / "export.json"
    export.write_text(text, encoding="utf-8")
    with pytest.raises(OsvInvalid) as told:
        osv.search(DATA, export)
    assert str(export) in str(told.value.where)
    package = house.finished(tmp_path)
    assert _run(["sbom", str(package), "--osv", str(export)], debug=False) == 11
    assert "KF140" in capsys.readouterr().err


def test_an_export_that_is_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for export in (tmp_path / "absent", tmp_path / "empty"):
        with pytest.raises(OsvInvalid):
            osv.search(DATA, export)


def test_the_command_tells_of_them_and_writes_them_into_the_document(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package = house.finished(tmp_path)
    export = tmp_path / "export.json"
    export.write_text(json.dumps(record(ranges=[CJSON], versions=["1.7.19"])), encoding="utf-8")
    assert _run(["sbom", str(package), "--osv", str(export)], debug=True) == 0
    shown = capsys.readouterr().out
    assert "known vulnerabilities, of 1 records:\n  OSV-1  cJSON 1.7.19    It overflows\n" in shown
    assert _run(["sbom", str(package), "--osv", str(export), "--json"], debug=True) == 0
    text = capsys.readouterr().out
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    data, own = json.loads(text), json.loads(house.written())
    (vulnerability,) = data.pop("vulnerabilities")
    assert vulnerability["affects"] == [{"ref": "copied:cJSON@1.7.19"}]
    assert data.pop("version") == own.pop("version") + 1
    assert data == own, "nothing else is changed"
