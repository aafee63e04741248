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
from kafka_forge.sboms import osv
from kafka_forge.sboms.facts import Source

from . import sbom_house as house

if TYPE_CHECKING:
    from pathlib import Path

PYPI = Source("small_py-1.2.tar.gz", ("https://pypi.io/packages/source/s/small-py/small_py-1.2.tar.gz",), "4" * 64)
DATA: dict[str, Any] = json.loads(house.written(house.facts(sources=(house.SOURCE, PYPI))))
CJSON = {"type": "GIT", "repo": "https://github.com/DaveGamble/cJSON.git", "events": [{"introduced": "0"}]}


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
        assert searched.unnamed == ("openssl", "zlib"), "conda's names are none of OSV's"


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
    assert "known vulnerabilities, of 1 records:\n  OSV-1  cJSON 1.7.19  It overflows\n" in shown
    assert "No name that OSV has: openssl, zlib." in shown
    assert _run(["sbom", str(package), "--osv", str(export), "--json"], debug=True) == 0
    text = capsys.readouterr().out
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    data, own = json.loads(text), json.loads(house.written())
    (vulnerability,) = data.pop("vulnerabilities")
    assert vulnerability["affects"] == [{"ref": "copied:cJSON@1.7.19"}]
    assert data.pop("version") == own.pop("version") + 1
    assert data == own, "nothing else is changed"
