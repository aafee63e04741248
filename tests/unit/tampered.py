"""A signed package, and the ways in which one is tampered with, each by name."""

from __future__ import annotations

import base64
import json
import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kafka_forge.attesting import keys, sidecar, statement, verifying
from kafka_forge.attesting.statement import Statement

from . import tampering
from .proven import proven
from .sigstore_instance import Instance

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CHANNEL = "https://example.org/mine"


@dataclass
class Signed:
    """A package, its attestation, and what it is verified by."""

    file: Path
    by: Any
    instance: Instance | None = None
    channel: str = CHANNEL

    @property
    def sidecar(self) -> Path:
        return sidecar.beside(self.file)

    def bundle(self) -> dict[str, Any]:
        return dict(json.loads(self.sidecar.read_text(encoding="utf-8"))[0])

    def change(self, **parts: Any) -> None:
        """Replace parts of the envelope, and leave its signature as it is."""
        bundle = self.bundle()
        bundle["dsseEnvelope"].update(parts)
        self.sidecar.write_text(json.dumps([bundle]), encoding="utf-8")

    def say(self, payload: bytes) -> None:
        """Put another statement in, under the old signature."""
        self.change(payload=base64.b64encode(payload).decode())

    def verify(self) -> verifying.Verified:
        return verifying.verify(self.file, self.by, channel=self.channel)

    def move(self, target: Path) -> None:
        """Move the package, with its attestation."""
        target.parent.mkdir(exist_ok=True)
        shutil.move(self.sidecar, sidecar.beside(target))
        self.file = self.file.rename(target)


def other_statement(signed: Signed, **values: Any) -> bytes:
    old = statement.decode(base64.b64decode(signed.bundle()["dsseEnvelope"]["payload"]))
    said = {"name": old.name, "sha256": old.sha256, "channel": old.channel, **values}
    return Statement(**said).encode()


def replace(old: bytes, new: bytes) -> Callable[[tampering.Members], tampering.Members]:
    return lambda members: [(name, content.replace(old, new)) for name, content in members]


def payload(signed: Signed) -> None:
    tampering.inner(signed.file, "pkg", replace(b"one", b"0ne"))


def metadata(signed: Signed) -> None:
    tampering.index(signed.file, depends=["something-else"])


def file_name(signed: Signed) -> None:
    signed.move(signed.file.with_name("one-2-h0_0.conda"))


def subdir(signed: Signed) -> None:
    signed.move(signed.file.parent.parent / "win-64" / signed.file.name)


def subdir_within(signed: Signed) -> None:
    tampering.index(signed.file, subdir="win-64")


def statement_(signed: Signed) -> None:
    signed.say(other_statement(signed, channel="https://example.org/another"))


def subject_digest(signed: Signed) -> None:
    signed.say(other_statement(signed, sha256="0" * 64))


def payload_type(signed: Signed) -> None:
    signed.change(payloadType="application/json")


def signature(signed: Signed) -> None:
    old = bytearray(base64.b64decode(signed.bundle()["dsseEnvelope"]["signatures"][0]["sig"]))
    old[-1] ^= 1
    signed.change(signatures=[{"sig": base64.b64encode(bytes(old)).decode()}])


def no_signature(signed: Signed) -> None:
    signed.change(signatures=[])


def key(signed: Signed) -> None:
    if signed.instance:
        root = signed.file.parent.parent / "trusted_root.json"
        root.write_text(json.dumps(Instance().trusted_root()), encoding="utf-8")
    else:
        signed.by = keys.public(keys.make(signed.file.parent / "other"))


def anothers_statement(signed: Signed) -> None:
    other = signed.file.parent.parent
    proven(other, "two")
    stolen = sidecar.beside(other / "linux-64" / "two-1-h0_0.conda")
    shutil.copyfile(signed.sidecar, stolen)
    signed.file = other / "linux-64" / "two-1-h0_0.conda"


def another_channel(signed: Signed) -> None:
    signed.channel = "https://example.org/another"


def added(signed: Signed) -> None:
    tampering.inner(signed.file, "pkg", lambda members: [*members, ("bin/more", b"x")])


def removed(signed: Signed) -> None:
    tampering.inner(signed.file, "pkg", lambda _: [])


def reordered(signed: Signed) -> None:
    tampering.inner(signed.file, "info", lambda members: members[::-1])


def reordered_parts(signed: Signed) -> None:
    tampering.outer(signed.file, lambda members: members[::-1])


def truncated(signed: Signed) -> None:
    os.truncate(signed.file, signed.file.stat().st_size - 40)


def longer(signed: Signed) -> None:
    with signed.file.open("ab") as stream:
        stream.write(b"\n")


def twice(signed: Signed) -> None:
    tampering.outer(signed.file, lambda members: [*members, members[-1]])


def twice_within(signed: Signed) -> None:
    tampering.inner(signed.file, "pkg", lambda members: [*members, (members[0][0], b"other")])


def another_member(signed: Signed) -> None:
    tampering.outer(signed.file, lambda members: [*members, ("more.txt", b"x")])


KEYED, LOGGED = "not by this key", "sigstore verification failed"
TAMPERED: dict[Callable[[Signed], None], tuple[str, str]] = {
    payload: ("not the bytes that its info/paths.json lists", "not the bytes that its info/paths.json lists"),
    metadata: ("what changed is its metadata", "what changed is its metadata"),
    file_name: ("signed is one-1-h0_0.conda, this is one-2-h0_0.conda", 'subject is "one-1-h0_0.conda", expected'),
    subdir: ("is for linux-64, and it stands in win-64", "is for linux-64, and it stands in win-64"),
    subdir_within: ("is for win-64, and it stands in linux-64", "is for win-64, and it stands in linux-64"),
    statement_: (KEYED, LOGGED),
    subject_digest: (KEYED, LOGGED),
    payload_type: ("not one statement of in-toto's", LOGGED),
    signature: (KEYED, LOGGED),
    no_signature: ("with one signature", "must contain exactly one signature"),
    key: (KEYED + " over these bytes; it names another key", LOGGED),
    anothers_statement: ("signed is one-1-h0_0.conda", "hash does not match any subject"),
    another_channel: ("asked for is https://example.org/another", "targets channel https://example.org/mine"),
    added: ("bin/more: an added file", "bin/more: an added file"),
    removed: ("one.txt: a removed file", "one.txt: a removed file"),
    reordered: ("how it was packed (order", "how it was packed (order"),
    reordered_parts: ("how it was packed (order", "how it was packed (order"),
    truncated: ("cannot be read to its end", "cannot be read to its end"),
    longer: ("how it was packed", "how it was packed"),
    twice: ("twice", "twice"),
    twice_within: ("one.txt", "one.txt"),
    another_member: ("it has more.txt", "it has more.txt"),
}
"""What is done → words of the reason, with a key and without one."""
