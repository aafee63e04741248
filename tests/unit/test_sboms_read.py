"""What `sbom` makes of files that others wrote: it shows them, or says in one sentence what is wrong with them."""

from __future__ import annotations

import copy
import json
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from kafka_forge.cli import _run
from kafka_forge.errors import ForgeError
from kafka_forge.report import merging
from kafka_forge.sboms import osv, reading, telling

from . import sbom_house as house

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DEEP = "[" * 100_000 + "]" * 100_000
OTHER: tuple[Any, ...] = (None, 1, "x", [], {}, [1], [{}])


def places(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Give the path of each value within a document; of a list's, the first one's."""
    inside = value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    for key, each in inside:
        yield (*above, key)
        yield from places(each, (*above, key))


def changed(data: Any, place: tuple[Any, ...], value: Any) -> Any:
    whole = copy.deepcopy(data)
    at = whole
    for key in place[:-1]:
        at = at[key]
    if value is ...:
        del at[place[-1]]
    else:
        at[place[-1]] = value
    return whole


def test_whatever_a_document_lacks_or_has_it_is_shown_or_refused(tmp_path: Path) -> None:
    export = tmp_path / "export.json"
    export.write_text('{"id": "OSV-1"}', encoding="utf-8")
    whole: Any = json.loads(house.written())
    shown = 0
    for place in places(whole):
        for value in (..., *OTHER):
            data = changed(whole, place, value)
            if isinstance(reading.parsed(json.dumps(data).encode()), str) or reading.wrong(data, house.INDEX):
                continue
            assert "\n".join(telling.lines(data)), (place, value)
            assert osv.search(data, export).records == 1, (place, value)
            shown += 1
    assert shown > 50


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("absent.conda", None, "no such file or directory"),
        ("folder.conda", ..., "is a directory"),
        ("empty.conda", b"", "this archive cannot be read to its end"),
        ("some.tar.bz2", b"x", "this archive cannot be read to its end"),
        ("some-1-py3-none-any.whl", {"some/__init__.py": ""}, "it has no info/index.json"),
    ],
)
def test_no_package_is_said_to_be_none_in_one_sentence(
    tmp_path: Path, name: str, content: Any, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / name
    if content is ...:
        file.mkdir()
    elif isinstance(content, dict):
        with zipfile.ZipFile(file, "w") as archive:
            for member, text in content.items():
                archive.writestr(member, text)
    elif content is not None:
        file.write_bytes(content)
    assert _run(["sbom", str(file)], debug=False) == 11
    what, *rest = capsys.readouterr().err.splitlines()
    assert why in what
    assert [line.split(":")[0].strip() for line in rest] == ["where", "next"], "one place and one advice"
    assert what.count("KF") == 1
    assert "Errno" not in what


def test_what_is_nested_too_deeply_is_no_fault_of_ours(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    deep = tmp_path / "deep"
    deep.write_text(DEEP, encoding="utf-8")
    package = house.finished(tmp_path)
    assert _run(["sbom", str(package), "--osv", str(deep)], debug=False) == 11
    assert "nested too deeply" in capsys.readouterr().err
    assert reading.parsed(DEEP.encode()) == "it is no JSON: it is nested too deeply"
    assert _run(["verify", "--from-attestation", str(deep)], debug=False) == 62
    assert "nested too deeply" in capsys.readouterr().err
    assert _run(["doctor", "--security", str(deep), "--broker", "127.0.0.1:1"], debug=False) != 99


def test_a_report_that_is_no_text_is_no_report(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    for content in (b"\xff\xfe\x00", DEEP.encode()):
        file.write_bytes(content)
        with pytest.raises(ForgeError, match="no report of this version"):
            merging.load(file)
        with pytest.raises(ForgeError, match="matrix --json"):
            merging.expected_cells(file)
