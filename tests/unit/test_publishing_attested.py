"""Attestations that go along with what is published: taken, demanded, added to, and never another file's."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest
import rattler
from rattler.sigstore import Issuer, Publisher, TrustedRoot, VerificationPolicy, verify_attestation

from kafka_forge.attesting import keys, sidecar, signing
from kafka_forge.cli import _run

from .proven import proven
from .reports import whole
from .sigstore_instance import IDENTITY, ISSUER, Instance

if TYPE_CHECKING:
    from pathlib import Path

CHANNEL = "https://example.org/mine"
FILES = ("linux-64/one-1-h0_0.conda", "win-64/two-1-h0_0.conda")


class Output:
    """An output folder with two artifacts, a green report and a key."""

    def __init__(self, room: Path) -> None:
        self.folder, self.channel, self.key = room / "output", room / "channel", room / "key"
        report = whole(proven(self.folder, "one"), proven(self.folder, "two", "win-64"))
        (self.folder / "report.json").write_text(report.model_dump_json(), encoding="utf-8")
        keys.make(self.key)

    def sign(self, *files: str, to: str = CHANNEL) -> None:
        for file in files:
            path = self.folder / file
            sidecar.add(path, [signing.by_key(signing.statement_of(path, to), keys.private(self.key))])

    def publish(self, *more: str) -> int:
        return _run(["publish", "--channel", str(self.channel), "--from", str(self.folder), *more], debug=False)

    def demand(self, *more: str) -> int:
        return self.publish("--key", f"{self.key}.pub", *more)

    def index(self, file: str) -> str | None:
        subdir, _, name = file.partition("/")
        index = json.loads((self.channel / subdir / "repodata.json").read_text(encoding="utf-8"))
        named: str | None = index["packages.conda"][name].get("attestations_sha256")
        return named


@pytest.fixture
def output(tmp_path: Path) -> Output:
    return Output(tmp_path)


def test_what_is_there_goes_along_and_the_index_names_it(output: Output, capsys: pytest.CaptureFixture[str]) -> None:
    output.sign(FILES[0])
    assert output.publish("--json") == 0
    assert json.loads(capsys.readouterr().out)["attested"] == [FILES[0]]
    named = output.index(FILES[0])
    for end in (".sigs", f".sigs.{named}"):
        assert (output.channel / (FILES[0] + end)).read_bytes() == (output.folder / (FILES[0] + ".sigs")).read_bytes()
    assert output.index(FILES[1]) is None


def test_an_attestation_that_comes_later_is_added_and_none_is_lost(output: Output) -> None:
    output.sign(FILES[0])
    assert output.publish() == 0
    first = (output.channel / (FILES[0] + ".sigs")).read_text(encoding="utf-8")
    named = output.index(FILES[0])
    sidecar.beside(output.folder / FILES[0]).unlink()
    output.sign(FILES[0], to="https://example.org/mirror")
    assert output.publish() == 0
    text = (output.channel / (FILES[0] + ".sigs")).read_text(encoding="utf-8")
    assert text.startswith(first.rstrip("\n]"))
    assert len(json.loads(text)) == 2
    assert output.index(FILES[0]) != named
    assert (output.channel / f"{FILES[0]}.sigs.{named}").read_text(encoding="utf-8") == first
    assert output.publish() == 0
    assert (output.channel / (FILES[0] + ".sigs")).read_text(encoding="utf-8") == text


def test_one_that_is_demanded_and_missing(output: Output, capsys: pytest.CaptureFixture[str]) -> None:
    output.sign(FILES[0])
    assert output.demand() == 62
    assert "two-1-h0_0.conda has no attestation, and one is demanded" in capsys.readouterr().err
    assert not output.channel.exists()
    output.sign(FILES[1])
    assert output.demand("--attested-for", CHANNEL) == 0


def test_one_that_is_demanded_and_does_not_hold(output: Output, capsys: pytest.CaptureFixture[str]) -> None:
    output.sign(*FILES, to="https://example.org/another")
    assert output.demand("--attested-for", CHANNEL) == 62
    assert "signed is https://example.org/another, asked for is https://example.org/mine" in capsys.readouterr().err
    keys.make(output.folder / "stranger")
    assert output.publish("--key", str(output.folder / "stranger.pub")) == 62
    assert not output.channel.exists()
    assert output.publish("--attested-for", CHANNEL) == 2  # whose is it to be?


def test_one_of_an_earlier_build_does_not_go_along(output: Output, capsys: pytest.CaptureFixture[str]) -> None:
    output.sign(FILES[1])
    old = sidecar.beside(output.folder / FILES[1]).read_text(encoding="utf-8")
    beside = output.folder / (FILES[0] + ".sigs")
    beside.write_text(old, encoding="utf-8")
    assert output.publish() == 62
    assert "not about this file" in capsys.readouterr().err
    assert not output.channel.exists()
    output.sign(FILES[0])
    assert len(json.loads(beside.read_text(encoding="utf-8"))) == 2
    assert output.publish() == 0
    assert len(json.loads((output.channel / (FILES[0] + ".sigs")).read_text(encoding="utf-8"))) == 1


def test_an_installer_finds_and_verifies_them_in_the_channel(output: Output, tmp_path: Path) -> None:
    instance, path = Instance(), output.folder / FILES[0]
    sidecar.add(path, [json.dumps(instance.bundle(signing.statement_of(path, CHANNEL).encode()))])
    assert output.publish() == 0
    gateway = rattler.Gateway(cache_dir=tmp_path / "repodata")
    found = asyncio.run(rattler.solve([output.channel.as_uri()], ["one"], gateway=gateway, platforms=["linux-64"]))
    policy = VerificationPolicy.require(Publisher(IDENTITY, Issuer(ISSUER)), channel_check=_ignored())
    root = TrustedRoot.from_json(json.dumps(instance.trusted_root()))
    seen = asyncio.run(verify_attestation(found[0], policy, trusted_root=root))
    assert seen.attestation is not None
    assert seen.attestation.target_channel == CHANNEL


def _ignored() -> rattler.sigstore.ChannelCheck:
    """A folder is not the channel that the statement names."""
    return rattler.sigstore.ChannelCheck.IGNORE
