"""``diff``: what two packages show, set beside one another."""

from __future__ import annotations

from typing import Any

import pytest

from kafka_forge.comparing import differences, page, telling
from kafka_forge.comparing.model import Content, Face, Librdkafka
from kafka_forge.report.model import ArtifactReport, CheckReport, missing_report
from kafka_forge.values.model import Cell, CheckResult, Kind, Verdict


def face(**changes: Any) -> Face:
    plain = Face(
        spec="client=1",
        kind=Kind.CONDA,
        name="client",
        version="1.0",
        build="py312h1_0",
        platform="linux-64",
        python="3.12",
        sha256="0" * 64,
        size=100,
        files={"lib/a.py": Content(size=1, sha256="a"), "lib/b.so": Content(size=2, sha256="b")},
        depends=["librdkafka >=2.14.2,<3", "python"],
        run_exports=[],
        environment={"client": "1.0", "librdkafka": "2.14.2"},
        librdkafka=Librdkafka(path="lib/librdkafka.so.1", version="2.14.2", features=["gzip", "zstd"]),
        symbols={"lib/b.so": ["PyInit_b"]},
        floors={"glibc declared": "2.17", "glibc needed": "2.14", "macOS declared": None, "macOS linked for": None},
    )
    return plain.model_copy(update=changes)


def section(title: str, **changes: Any) -> tuple[list[str], list[str], list[tuple[str, str, str]]]:
    found = next(each for each in differences.between(face(), face(**changes)).sections if each.title == title)
    return found.removed, found.added, [(each.name, each.a, each.b) for each in found.changed]


def test_a_package_does_not_differ_from_itself() -> None:
    diff = differences.between(face(), face())
    assert not diff.differs
    assert list(telling.lines(diff))[-1].startswith("no difference: package, dependencies")


@pytest.mark.parametrize(
    ("title", "changes", "found"),
    [
        ("package", {"version": "1.1"}, ([], [], [("version", "1.0", "1.1")])),
        (
            "dependencies",
            {"depends": ["librdkafka >=2.16,<3", "python", "six"]},
            ([], ["six any"], [("librdkafka", ">=2.14.2,<3", ">=2.16,<3")]),
        ),
        ("optional dependencies", {"depends": ['attrs>=21; extra == "avro"']}, ([], ["attrs >=21"], [])),
        ("extras", {"depends": ['attrs>=21; extra == "avro"']}, ([], ["avro"], [])),
        ("run exports", {"run_exports": ["weak: client >=1"]}, ([], ["weak: client >=1"], [])),
        ("what an environment gets", {"environment": {"client": "1.0"}}, (["librdkafka 2.14.2"], [], [])),
        ("librdkafka", {"librdkafka": None}, (["version 2.14.2", "file lib/librdkafka.so.1"], [], [])),
        (
            "features of librdkafka",
            {"librdkafka": Librdkafka(path="lib/librdkafka.so.1", version="2.14.2", features=["gzip", "oidc"])},
            (["zstd"], ["oidc"], []),
        ),
        (
            "floors",
            {"floors": {"glibc declared": "2.28"}},
            (["glibc needed 2.14"], [], [("glibc declared", "2.17", "2.28")]),
        ),
        ("symbols of b.so", {"symbols": {"lib/b.so": ["PyInit_b", "more"]}}, ([], ["more"], [])),
        (
            "files",
            {"files": {"lib/a.py": Content(size=1, sha256="x"), "lib/c": Content(size=3, sha256="c")}},
            (["lib/b.so (2 bytes)"], ["lib/c (3 bytes)"], [("lib/a.py", "1 bytes", "1 bytes, other content")]),
        ),
    ],
)
def test_each_kind_of_difference_has_its_section(title: str, changes: dict[str, Any], found: Any) -> None:
    assert section(title, **changes) == found
    assert differences.between(face(), face(**changes)).differs


def test_a_library_is_compared_wherever_it_stands() -> None:
    """A wheel's own librdkafka and a conda package's are in other folders, and the same library."""
    a = face(symbols={"lib/librdkafka.so.1": ["rd_kafka_new"]})
    b = face(symbols={"site/client.libs/librdkafka.so.1": ["rd_kafka_new", "rd_kafka_more"]})
    (found,) = (each for each in differences.between(a, b).sections if each.title.startswith("symbols"))
    assert (found.title, found.added, found.same) == ("symbols of librdkafka.so.1", ["rd_kafka_more"], 1)


def report(**verdicts: Verdict) -> ArtifactReport:
    checks = [
        CheckReport(id=name, broker=None, verdict=verdict, summary=f"{name}: {verdict}", evidence={}, seconds=0)
        for name, verdict in verdicts.items()
    ]
    cell = Cell("client=1", "linux-64", None, "client", "1.0", "0", noarch=True)
    why = CheckResult("run", Verdict.PASS, "")
    return missing_report(cell, why).model_copy(update={"checks": checks})


def test_verdicts_stand_beside_one_another_and_only_what_differs_is_told() -> None:
    checks = differences.judged(
        report(imports=Verdict.PASS, features=Verdict.PASS), report(imports=Verdict.PASS, pip=Verdict.FAIL)
    )
    diff = differences.between(face(), face(), checks)
    assert diff.differs
    told = [line for line in telling.lines(diff) if "→" in line]
    assert told == [
        "  ~ features: pass → not asked: features: pass",
        "  ~ pip: not asked → fail: pip: fail",
    ]


def test_long_lists_end_with_how_many_more_there_are() -> None:
    many = {"lib/b.so": [f"symbol_{number:02}" for number in range(30)]}
    told = list(telling.lines(differences.between(face(symbols={"lib/b.so": []}), face(symbols=many))))
    assert sum(line.startswith("  + symbol") for line in told) == telling.SHOWN
    assert "  + … and 22 more" in told


def test_the_page_has_everything_and_trusts_no_name() -> None:
    text = page.render(differences.between(face(), face(spec="<script>alert(1)</script>", version="<b>2</b>")))
    assert "<script>alert" not in text
    assert "<b>2</b>" not in text
    assert "&lt;b&gt;2&lt;/b&gt;" in text
