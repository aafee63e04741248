"""Pythons that are no package of the base: Debian's own with its packages, and an old one.

Their bytes come as all bytes here come, by sha256, so that no machine's apt and no Python of a machine is needed. They
are started by a script beside them that names the folder of their libraries, since neither is where it was made for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kafka_forge.ground import archives
from kafka_forge.ground.archives import Kind
from kafka_forge.ground.files import Store
from kafka_forge.ground.paths import Cache
from kafka_forge.ground.progress import Silent
from kafka_forge.sources import DebianBinary, Maven, Provider, Source, obtain

if TYPE_CHECKING:
    from pathlib import Path

# Bookworm's, linux-64: package, version, source, sha256. Where the mirrors have forgotten one, its successor is taken.
_DEBIAN = """
libexpat1 2.5.0-1+deb12u5 expat cae5ded666d8573dd33060bc66fbac21eea8b101a6b56e2af8bd590fcfa65d79
libffi8 3.4.4-1 libffi 6d9f6c25c30efccce6d4bceaa48ea86c329a3432abb360a141f76ac223a4c34a
liblz4-1 1.9.4-1 lz4 64cde86cef1deaf828bd60297839b59710b5cd8dc50efd4f12643caaee9389d3
libpython3.11-minimal 3.11.2-6+deb12u9 python3.11 69f41cfa3f4ba17284e538f843069d7529c53c207d2ae17a5b02785944870e33
libpython3.11-stdlib 3.11.2-6+deb12u9 python3.11 10f13e000ee757f5f2d2d3569f9e30546214a0c850acd78695feae373bfa3e53
librdkafka1 2.0.2-1 librdkafka d565b098c1eb5754a9266515e3c282b1d282400903070cbdc42d0f76a14fd9f7
libsasl2-2 2.1.28+dfsg-10+deb12u1 cyrus-sasl2 d6f20408e2be92ebd9f5e3b1c1935b075efb3f03abb5f48f7b991a0ad3e2d6a5
libssl3 3.0.22-1~deb12u2 openssl cb4784740daa9b3b0eaea2b444bbefa686794afbbf3d678d238c1fd9875f2efd
libzstd1 1.5.4+dfsg2-5+deb12u1 libzstd 67dc1ee693e5c22b1a2be2bb70d8244b040836ce3f5dd79e006f7806bc3d9f1c
python3-confluent-kafka 1.7.0-4 python-confluent-kafka 1fbc7a0278466f62da2ccccdce4d90c7ec6126a17305151bbd92fddd52f4de65
python3-minimal 3.11.2-1+b1 python3-defaults 30f9618670e686d781afbfc713eb0830c29d2819e9cb2a0488800dad6bb99faa
python3.11-minimal 3.11.2-6+deb12u9 python3.11 b5f855ab922dfcd5d1a3223b2118c3dae13ffc7751b0cd5dc24740386323a33a
zlib1g 1:1.2.13.dfsg-1 zlib d7dd1d1411fedf27f5e27650a6eff20ef294077b568f4c8c5e51466dc7c08ce4
"""
_KAFKA = (
    DebianBinary(package="python3-kafka", version="2.0.2-3", architecture="all", source="python-kafka"),
    "05caa973afc5fcef034895c67eb965704d9a27a0f527bc760b4b13a7f0fde759",
)
_OLD = (
    Maven(group="org.bytedeco", artifact="cpython", version="3.10.8-1.5.8", classifier="linux-x86_64"),
    "2f101b1aa06effdbda3c318c1728b13f22b571707c7b7704abaf5d19a33aa981",
)


def _obtained(place: Provider, sha256: str) -> Path:
    return obtain(Source(place.where, sha256, providers=(place,)), Store(Cache.default().store), Silent())


def debian(prefix: Path) -> Path:
    """Unpack Debian bookworm's Python with its confluent-kafka and kafka-python; return how it is started."""
    debs = [_KAFKA]
    for line in _DEBIAN.split("\n")[1:-1]:
        package, version, source, sha256 = line.split()
        debs.append((DebianBinary(package=package, version=version, architecture="amd64", source=source), sha256))
    for place, sha256 in debs:
        for member in archives.entries(_obtained(place, sha256)):
            path = prefix / member.name
            if member.kind is Kind.LINK:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.symlink_to(member.target)
            elif member.kind is Kind.FILE:
                member.save(path)
    libraries = f"{prefix}/usr/lib/x86_64-linux-gnu:{prefix}/lib/x86_64-linux-gnu"
    return _started(prefix / "usr" / "bin" / "python3", libraries, prefix / "python")


def old(prefix: Path) -> Path:
    """Unpack a Python 3.10, the oldest that kafka-forge itself runs on."""
    prefix.mkdir()
    inside = "org/bytedeco/cpython/linux-x86_64/"
    for member in archives.entries(_obtained(*_OLD)):
        if member.name.startswith(inside) and member.kind is Kind.FILE:
            member.save(prefix / member.name.removeprefix(inside))
    program = prefix / "bin" / "python3.10"
    program.chmod(0o755)
    return _started(program, str(prefix), prefix / "python")


def _started(program: Path, libraries: str, script: Path) -> Path:
    """Write a script that starts a program with its libraries; return it."""
    script.write_text(f'#!/bin/sh\nLD_LIBRARY_PATH={libraries} exec {program} "$@"\n')
    script.chmod(0o755)
    return script
