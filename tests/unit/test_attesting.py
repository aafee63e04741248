"""Attestations: what is signed is verified, and whatever has been tampered with is refused, with the reason."""

from __future__ import annotations

import json
import os
import shutil
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from kafka_forge.attesting import keys, sidecar, signing, statement, verifying
from kafka_forge.attesting.statement import Statement
from kafka_forge.attesting.verifying import Signer
from kafka_forge.channels import channel
from kafka_forge.cli import _run
from kafka_forge.errors import AttestationMissing, AttestationRefused, ForgeError, KeyInvalid, UnknownChannel
from kafka_forge.schemas.making import ATTEST_SCHEMA

from . import tampering
from .proven import proven
from .sigstore_instance import BEGIN, IDENTITY, ISSUER, Instance
from .tampered import CHANNEL, TAMPERED, Signed, added

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(params=["key", "identity"])
def signed(request: pytest.FixtureRequest, tmp_path: Path) -> Signed:
    """A package, signed by a key, or without one by a Sigstore of the test's own."""
    proven(tmp_path, "one")
    path = tmp_path / "linux-64" / "one-1-h0_0.conda"
    said = signing.statement_of(path, CHANNEL)
    if request.param == "key":
        public = keys.public(keys.make(tmp_path / "key"))
        sidecar.add(path, [signing.by_key(said, keys.private(tmp_path / "key"))])
        return Signed(path, public)
    instance = Instance()
    root = tmp_path / "trusted_root.json"
    root.write_text(json.dumps(instance.trusted_root()), encoding="utf-8")
    sidecar.add(path, [json.dumps(instance.bundle(said.encode()))])
    return Signed(path, Signer(IDENTITY, ISSUER, str(root)), instance)


def test_what_is_signed_is_verified(signed: Signed) -> None:
    done = signed.verify()
    assert done.statement == Statement("one-1-h0_0.conda", done.statement.sha256, CHANNEL)
    assert {"name", "sha256", "channel"} <= set(done.looked_at)
    if signed.instance:
        assert (done.signer, done.issuer, done.signed_at) == (IDENTITY, ISSUER, "2026-01-01T00:00:00Z")
        assert {"certificate", "certificate transparency", "transparency log"} <= set(done.looked_at)


@pytest.mark.parametrize("tamper", TAMPERED, ids=lambda tamper: tamper.__name__)
def test_what_is_tampered_with_is_refused_with_the_reason(tamper: Callable[[Signed], None], signed: Signed) -> None:
    tamper(signed)
    with pytest.raises(AttestationRefused) as caught:
        signed.verify()
    assert TAMPERED[tamper][bool(signed.instance)] in str(caught.value), str(caught.value)
    assert "do not use this file" in caught.value.todo


@pytest.fixture
def keyless(tmp_path: Path) -> Callable[..., Signed]:
    """A package with an attestation by an instance, some of which is otherwise."""
    proven(tmp_path, "one")
    path = tmp_path / "linux-64" / "one-1-h0_0.conda"
    instance, root = Instance(), tmp_path / "trusted_root.json"
    root.write_text(json.dumps(instance.trusted_root()), encoding="utf-8")
    said = signing.statement_of(path, CHANNEL).encode()

    def made(signer: Signer | None = None, change: Callable[[Any], None] = lambda _: None, **how: Any) -> Signed:
        bundle = instance.bundle(said, **how)
        change(bundle)
        sidecar.add(path, [json.dumps(bundle)])
        return Signed(path, signer or Signer(IDENTITY, ISSUER, str(root)), instance)

    return made


def refusal(signed: Signed) -> str:
    with pytest.raises(AttestationRefused) as caught:
        signed.verify()
    return str(caught.value)


def test_an_identity_that_had_expired_when_it_was_logged(keyless: Callable[..., Signed]) -> None:
    assert "CertExpired" in refusal(keyless(at=BEGIN + timedelta(minutes=11)))


def test_an_identity_that_was_not_yet_valid(keyless: Callable[..., Signed]) -> None:
    assert "CertNotValidYet" in refusal(keyless(at=BEGIN - timedelta(minutes=1)))


def test_one_that_has_expired_since_holds(keyless: Callable[..., Signed]) -> None:
    assert keyless(at=BEGIN + timedelta(minutes=9)).verify().issuer == ISSUER


@pytest.mark.parametrize(
    "how",
    [
        {"identity": "https://github.com/another/project/.github/workflows/release.yml@refs/tags/v1"},
        {"identity": IDENTITY + "0"},
        {"issuer": "https://issuer.example"},
    ],
)
def test_somebody_else(keyless: Callable[..., Signed], how: dict[str, str]) -> None:
    assert "does not match the trusted publisher" in refusal(keyless(**how))


@pytest.mark.parametrize(
    ("gone", "words"),
    [
        ("inclusionPromise", "No verified timestamp found"),
        ("inclusionProof", "must have an inclusion proof"),
        ("integratedTime", "No verified timestamp found"),
        ("canonicalizedBody", "bundle 1 is not a valid Sigstore bundle"),
    ],
)
def test_a_signature_that_no_log_vouches_for(keyless: Callable[..., Signed], gone: str, words: str) -> None:
    assert words in refusal(keyless(change=lambda bundle: bundle["verificationMaterial"]["tlogEntries"][0].pop(gone)))


def test_an_entry_of_another_signature(keyless: Callable[..., Signed]) -> None:
    other = Instance()

    def swap(bundle: dict[str, Any]) -> None:
        bundle["verificationMaterial"]["tlogEntries"] = other.bundle(b"{}")["verificationMaterial"]["tlogEntries"]

    assert "sigstore verification failed" in refusal(keyless(change=swap))


def test_one_good_attestation_is_enough_and_the_others_are_kept(signed: Signed) -> None:
    before = signed.sidecar.read_text(encoding="utf-8")
    stranger = signed.file.parent.parent / "stranger"
    keys.make(stranger)
    private = keys.private(stranger)
    said = signing.statement_of(signed.file, CHANNEL)
    sidecar.add(signed.file, [signing.by_key(said, private)])
    text = signed.sidecar.read_text(encoding="utf-8")
    assert text.startswith(before.rstrip("\n]"))
    assert len(json.loads(text)) == 2
    assert signed.verify().statement == said
    assert verifying.verify(signed.file, private.public_key()).statement == said
    channel.index(signed.file.parent.parent)
    index = json.loads((signed.file.parent / "repodata.json").read_text(encoding="utf-8"))
    named = index["packages.conda"][signed.file.name]["attestations_sha256"]
    assert signed.file.with_name(f"{signed.file.name}.sigs.{named}").read_text(encoding="utf-8") == text


def test_an_attestation_that_was_put_there_by_hand_is_in_the_index(signed: Signed) -> None:
    (twin,) = signed.file.parent.glob("*.sigs.*")
    twin.unlink()
    channel.index(signed.file.parent.parent)
    index = json.loads((signed.file.parent / "repodata.json").read_text(encoding="utf-8"))
    assert twin.name.endswith(index["packages.conda"][signed.file.name]["attestations_sha256"])


@pytest.mark.parametrize("text", ["[]", "{}", "garbage"])
def test_what_no_index_may_name_is_said_where_it_is_written(signed: Signed, text: str) -> None:
    signed.sidecar.write_text(text, encoding="utf-8")
    with pytest.raises(AttestationRefused) as caught:
        channel.index(signed.file.parent.parent)
    assert caught.value.where == str(signed.sidecar)


def test_a_file_that_replaces_another_does_not_inherit_its_attestation(signed: Signed, tmp_path: Path) -> None:
    room = signed.file.parent.parent
    again = tmp_path / "again" / signed.file.name
    again.parent.mkdir()
    shutil.copyfile(signed.file, again)
    channel.add(room, again, "linux-64")
    assert signed.verify().statement.channel == CHANNEL  # the same bytes, as two builds of one artifact are
    shutil.copyfile(signed.file, again)
    tampering.index(again, depends=["something-else"])
    channel.add(room, again, "linux-64")
    index = json.loads((room / "linux-64" / "repodata.json").read_text(encoding="utf-8"))
    assert "attestations_sha256" not in index["packages.conda"][signed.file.name]
    with pytest.raises(AttestationMissing):
        signed.verify()


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (b"[]", "no JSON object"),
        (b"{", "cannot be read"),
        (b'{"_type": "a", "_type": "b"}', "a name twice"),
        (b'{"_type": "https://in-toto.io/Statement/v1", "predicateType": "https://slsa.dev/provenance/v1"}', "not CEP"),
    ],
)
def test_another_kind_of_statement(said: bytes, words: str) -> None:
    with pytest.raises(AttestationRefused) as caught:
        statement.decode(said)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "subjects",
    [
        [],
        [{"name": "a", "digest": {"sha256": "0" * 64}}] * 2,
        [{"name": "a", "digest": {"sha256": "0" * 63}}],
        [{"name": "a", "digest": {"sha256": "0" * 64, "md5": "0"}}],
        [{"digest": {"sha256": "0" * 64}}],
        "a",
    ],
)
def test_a_statement_without_one_subject(subjects: Any) -> None:
    value = {"_type": statement.TYPE, "predicateType": statement.PREDICATE, "subject": subjects}
    with pytest.raises(AttestationRefused):
        statement.decode(json.dumps(value).encode())


@pytest.mark.parametrize("text", ["", "[]", "{", "[1]", "3", '"x"'])
def test_what_is_no_attestation(signed: Signed, text: str) -> None:
    signed.sidecar.write_text(text, encoding="utf-8")
    with pytest.raises(AttestationRefused):
        signed.verify()


def test_without_an_attestation(signed: Signed) -> None:
    signed.sidecar.unlink()
    with pytest.raises(AttestationMissing):
        signed.verify()


def test_a_package_that_does_not_fit_itself_is_not_signed(signed: Signed) -> None:
    added(signed)
    with pytest.raises(ForgeError) as caught:
        signing.statement_of(signed.file, CHANNEL)
    assert "bin/more" in str(caught.value)


@pytest.mark.parametrize(
    "url", ["mine", "https://", "https://me:word@example.org/c", "https://example.org/t/tk-1/c", "https://a.b/c?x=1"]
)
def test_a_channel_that_is_no_public_url(url: str) -> None:
    with pytest.raises(UnknownChannel) as caught:
        statement.channel_of(url)
    assert "me:word" not in str(caught.value)
    assert "tk-1" not in str(caught.value)
    assert statement.channel_of("https://example.org/c/") == "https://example.org/c"


def test_a_key_with_a_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(keys.PASSWORD, "correct horse")
    public = keys.public(keys.make(tmp_path / "key"))
    assert keys.hint(keys.private(tmp_path / "key").public_key()) == keys.hint(public)
    assert b"ENCRYPTED" in (tmp_path / "key").read_bytes()
    if os.name != "nt":
        assert (tmp_path / "key").stat().st_mode & 0o077 == 0
    for word, said in (("wrong", "does not open"), ("", "there is no password")):
        monkeypatch.setenv(keys.PASSWORD, word)
        with pytest.raises(KeyInvalid) as caught:
            keys.private(tmp_path / "key")
        assert said in str(caught.value)
    with pytest.raises(KeyInvalid):
        keys.make(tmp_path / "key")
    with pytest.raises(KeyInvalid) as caught:
        keys.public(tmp_path / "key")
    assert "key.pub" in caught.value.todo


def test_without_sigstores_client_it_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "sigstore.sign", None)
    proven(tmp_path, "one")
    file = str(tmp_path / "linux-64" / "one-1-h0_0.conda")
    assert _run(["attest", "sign", file, "--channel", CHANNEL], debug=False) == 63
    said = capsys.readouterr().err
    assert "KF614" in said
    assert "scripts/attest.py" in said
    assert not sidecar.beside(tmp_path / "linux-64" / "one-1-h0_0.conda").exists()


def test_the_program(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    proven(tmp_path, "one")
    file, key_ = str(tmp_path / "linux-64" / "one-1-h0_0.conda"), str(tmp_path / "key")
    assert _run(["attest", "key", key_], debug=False) == 0
    assert _run(["attest", "sign", file, "--channel", CHANNEL + "/", "--key", key_], debug=False) == 0
    assert _run(["attest", "sign", file, "--channel", CHANNEL, "--key", key_], debug=False) == 0
    assert "signed already" in capsys.readouterr().out
    known = ["attest", "verify", file, "--key", key_ + ".pub"]
    assert _run([*known, "--channel", CHANNEL, "--json"], debug=False) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["verified"][0]["channel"] == CHANNEL
    jsonschema.validate(told, json.loads(ATTEST_SCHEMA.read_text(encoding="utf-8")))
    assert _run([*known, "--channel", CHANNEL + "x"], debug=False) == 62
    assert _run(["attest", "verify", file], debug=False) == 2
    assert _run(["attest", "verify", file, "--identity", "me"], debug=False) == 2
    stranger = ["attest", "verify", file, "--identity", "me", "--issuer", "gitlab", "--trusted-root"]
    assert _run([*stranger, "embedded"], debug=False) == 62
    assert _run([*stranger, key_], debug=False) == 10
    assert _run(["attest", "verify", file + "x", "--key", key_ + ".pub"], debug=False) == 10
    assert _run(["attest", "verify", file, "--key", key_], debug=False) == 10
