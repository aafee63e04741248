"""From an attestation to what is built anew for it, and whether the same file has come out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kafka_forge.attesting import claims, keys, sidecar, signing
from kafka_forge.attesting.statement import Statement
from kafka_forge.building import build
from kafka_forge.errors import AttestationMissing, AttestationRefused, NotMadeHere
from kafka_forge.examining import attested
from kafka_forge.ground.files import sha256_of
from kafka_forge.ground.paths import project_root
from kafka_forge.values.model import Verdict
from kafka_forge.values.selection import Selection

from .proven import proven

if TYPE_CHECKING:
    from pathlib import Path

CHANNEL = "https://example.org/mine"
ZEROS = "0" * 64


def test_what_an_attestation_says_is_read_whoever_signed_it(tmp_path: Path) -> None:
    row = proven(tmp_path, "one")
    file = tmp_path / "linux-64" / "one-1-h0_0.conda"
    keys.make(tmp_path / "key")
    said = signing.statement_of(file, CHANNEL)
    sidecar.add(file, [signing.by_key(said, keys.private(tmp_path / "key"))] * 2)
    assert claims.claimed(sidecar.beside(file)) == Statement(file.name, str(row.sha256), CHANNEL)


def test_attestations_of_different_files_say_not_what_is_to_be_built(tmp_path: Path) -> None:
    proven(tmp_path, "one")
    file = tmp_path / "linux-64" / "one-1-h0_0.conda"
    keys.make(tmp_path / "key")
    for sha256 in (sha256_of(file), ZEROS):
        said = Statement(file.name, sha256, CHANNEL)
        sidecar.add(file, [signing.by_key(said, keys.private(tmp_path / "key"))])
    with pytest.raises(AttestationRefused) as caught:
        claims.claimed(sidecar.beside(file))
    assert any(ZEROS in line for line in caught.value.details)


def test_no_attestation_is_told(tmp_path: Path) -> None:
    with pytest.raises(AttestationMissing):
        claims.claimed(tmp_path / "one-1-h0_0.conda.sigs")


def test_a_file_name_names_one_cell_of_the_matrix() -> None:
    root = project_root()
    asked = Selection(("kafka-python", "pykafka"), ("linux-aarch64",), ("3.12",))
    for cell in (each.cell for each in build.plan_on(asked, "embedded", root)):
        chosen = attested.selection(Statement(cell.filename, ZEROS, None), "embedded", root)
        (again,) = [each.cell for each in build.plan_on(chosen, "embedded", root) if each.selected]
        assert (again.filename, again.recipe, again.python) == (cell.filename, cell.recipe, cell.python)
        assert again.platform == cell.platform or cell.noarch


def test_a_file_of_nobody_here_is_told_with_what_is_made_here() -> None:
    with pytest.raises(NotMadeHere) as caught:
        attested.selection(Statement("kafka-python-1.0-py_0.conda", ZEROS, None), "embedded", project_root())
    assert caught.value.details
    assert all("kafka-python-" in line for line in caught.value.details)


def test_the_attested_file_passes_and_another_one_fails_with_what_differs(tmp_path: Path) -> None:
    row = proven(tmp_path, "one")
    file = tmp_path / "linux-64" / "one-1-h0_0.conda"
    said = Statement(file.name, str(row.sha256), CHANNEL)

    same = attested.judged(row, attested.Attested(said), tmp_path)
    assert (same.checks[-1].id, same.verdict) == (attested.CHECK, Verdict.PASS)

    other = tmp_path / "other"
    (other / "linux-64").mkdir(parents=True)
    built = other / "linux-64" / file.name
    built.write_bytes(file.read_bytes() + b"more")
    differing = row.model_copy(update={"sha256": sha256_of(built)})
    failed = attested.judged(differing, attested.beside(said, sidecar.beside(file)), other)
    assert failed.verdict is Verdict.FAIL
    assert failed.checks[-1].evidence["differences"]

    blind = attested.judged(differing, attested.Attested(said), other)
    assert "cannot be compared" in blind.checks[-1].summary


def test_what_is_built_on_the_way_is_not_judged(tmp_path: Path) -> None:
    row = proven(tmp_path, "two")
    said = Statement("one-1-h0_0.conda", str(row.sha256), CHANNEL)
    assert attested.judged(row, attested.Attested(said), tmp_path) == row


def test_a_file_that_stands_beside_and_is_another_one_is_not_compared_with(tmp_path: Path) -> None:
    proven(tmp_path, "one")
    file = tmp_path / "linux-64" / "one-1-h0_0.conda"
    assert attested.beside(Statement(file.name, ZEROS, None), sidecar.beside(file)).original is None
