"""Attestations where others write, too: at once, by other tools, and in other spellings."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from kafka_forge.attesting import keys, sidecar, signing, verifying
from kafka_forge.attesting.statement import channel_of
from kafka_forge.cli import _run
from kafka_forge.errors import AttestationRefused, KeyInvalid, UnknownChannel

from .proven import proven
from .reports import whole

if TYPE_CHECKING:
    from pathlib import Path

CHANNEL = "https://example.org/Mine"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    proven(tmp_path, "one")
    return tmp_path / "linux-64" / "one-1-h0_0.conda"


def test_of_many_that_sign_at_once_none_is_lost(package: Path) -> None:
    def add(number: int) -> None:
        sidecar.add(package, [json.dumps({"number": number})])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(24)))
    _, bundles = sidecar.read(sidecar.beside(package))
    assert sorted(each.value["number"] for each in bundles) == list(range(24))


def test_of_many_that_publish_at_once_none_is_lost(tmp_path: Path) -> None:
    """Each has the same package, and an attestation of its own for it."""
    folders = [tmp_path / f"output-{number}" for number in range(4)]
    for number, folder in enumerate(folders):
        report = whole(proven(folder, "one"))
        (folder / "report.json").write_text(report.model_dump_json(), encoding="utf-8")
        file = folder / "linux-64" / "one-1-h0_0.conda"
        keys.make(tmp_path / f"key-{number}")
        said = signing.statement_of(file, CHANNEL)
        sidecar.add(file, [signing.by_key(said, keys.private(tmp_path / f"key-{number}"))])
    command = ["publish", "--channel", str(tmp_path / "channel"), "--from"]
    assert _run([*command, str(folders[0])], debug=True) == 0
    with ThreadPoolExecutor(len(folders)) as pool:
        codes = list(pool.map(lambda folder: _run([*command, str(folder)], debug=True), folders))
    assert codes == [0] * len(folders)
    there = tmp_path / "channel" / "linux-64" / "one-1-h0_0.conda"
    for number in range(len(folders)):
        assert verifying.verify(there, keys.public(tmp_path / f"key-{number}.pub"), channel=CHANNEL)


@pytest.mark.parametrize(
    ("text", "which"), [("[1, {}]", "bundle 1"), ('[{}, {}, "x"]', "bundle 3"), ("[[{}]]", "bundle 1")]
)
def test_the_bundle_that_is_none_is_named(package: Path, tmp_path: Path, text: str, which: str) -> None:
    sidecar.beside(package).write_text(text, encoding="utf-8")
    with pytest.raises(AttestationRefused) as told:
        verifying.verify(package, keys.public(keys.make(tmp_path / "key")))
    assert told.value.details == (f"{which} is none",)


def test_a_name_that_stands_twice_is_refused(package: Path, tmp_path: Path) -> None:
    """Of two envelopes in one bundle, readers differ in which they look at."""
    sidecar.beside(package).write_text('[{"dsseEnvelope": {}, "dsseEnvelope": {}}]', encoding="utf-8")
    with pytest.raises(AttestationRefused) as told:
        verifying.verify(package, keys.public(keys.make(tmp_path / "key")))
    assert "it has a name twice" in told.value.details


@pytest.mark.parametrize(
    ("signed", "asked", "same"),
    [
        ("https://Example.ORG/Mine", "https://example.org/Mine/", True),
        ("https://example.org/Mine/", "HTTPS://EXAMPLE.org/Mine", True),
        ("https://example.org/Mine", "https://example.org/mine", False),
    ],
)
def test_a_channel_is_the_same_however_its_host_is_spelled(
    package: Path, tmp_path: Path, signed: str, asked: str, same: bool
) -> None:
    public = keys.public(keys.make(tmp_path / "key"))
    said = signing.statement_of(package, signed)  # as another tool may have written it
    sidecar.add(package, [signing.by_key(said, keys.private(tmp_path / "key"))])
    if same:
        assert verifying.verify(package, public, channel=channel_of(asked))
        return
    with pytest.raises(AttestationRefused, match="no attestation"):
        verifying.verify(package, public, channel=channel_of(asked))


def test_what_is_no_address_is_no_channel() -> None:
    with pytest.raises(UnknownChannel):
        channel_of("https://[example.org/mine")


def test_a_key_is_never_written_over_what_appears_meanwhile(tmp_path: Path) -> None:
    (tmp_path / "key.pub").symlink_to(tmp_path / "nowhere")
    with pytest.raises(KeyInvalid, match=r"key\.pub is there already"):
        keys.make(tmp_path / "key")
    assert [each.name for each in tmp_path.iterdir()] == ["key.pub"]


def test_attestations_that_cannot_be_read_are_said_to_be_so(package: Path, tmp_path: Path) -> None:
    sidecar.beside(package).mkdir()
    with pytest.raises(AttestationRefused, match="cannot be read: is a directory"):
        verifying.verify(package, keys.public(keys.make(tmp_path / "key")))
