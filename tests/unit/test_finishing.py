"""What is taken out of a built package: the machine that built it, and the hour."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from typing import TYPE_CHECKING, Any

from kafka_forge.bases.packing import Package, pack
from kafka_forge.engine import finishing, stamps

if TYPE_CHECKING:
    from pathlib import Path

STAMP = 1_700_000_001


def parts(package: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(package) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def files(package: Path) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for name, content in parts(package).items():
        if name.endswith(".tar.zst"):
            with tarfile.open(fileobj=io.BytesIO(finishing._decompress(content))) as tar:
                found |= {each.name: stream.read() for each in tar if (stream := tar.extractfile(each))}
    return found


def rewritten(package: Path, target: Path, time: int, changes: dict[str, Any]) -> Path:
    """Write a package as another hour and another machine would have: the engine's clock and order are not ours."""
    with zipfile.ZipFile(target, "w") as new:
        for name, content in parts(package).items():
            new.writestr(name, later(content, time, changes) if name.endswith(".tar.zst") else content)
    return target


def later(content: bytes, time: int, changes: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(finishing._decompress(content))) as old,
        tarfile.open(fileobj=buffer, mode="w") as new,
    ):
        for member in old:
            stream = old.extractfile(member)
            held = stream.read() if stream else b""
            if member.name in changes:
                held = json.dumps(json.loads(held) | changes[member.name]).encode()
                member.size = len(held)
            member.mtime = time
            new.addfile(member, io.BytesIO(held))
    return finishing._compress(buffer.getvalue())


def packed(tmp_path: Path) -> Path:
    tree = tmp_path / "tree"
    (tree / "share").mkdir(parents=True)
    (tree / "share" / "word").write_text("word")
    return pack(Package("word", "1", "h0_0", "noarch", noarch="generic"), tree, tmp_path)


def test_of_one_content_there_is_one_package_whoever_built_it_and_when(tmp_path: Path) -> None:
    made = packed(tmp_path)
    about = {"info/about.json": {"channels": ["file:///home/me/channel", "https://me:word@example.org/channel"]}}
    one = {**about, "info/index.json": {"depends": ["python", "librdkafka >=2.14"], "timestamp": 1_796_044_147_763}}
    about = {"info/about.json": {"channels": ["file:///srv/channel", "https://other@example.org/channel"]}}
    other = {**about, "info/index.json": {"depends": ["librdkafka >=2.14", "python"], "timestamp": 1_796_044_176_308}}
    first, second = tmp_path / "first.conda", tmp_path / "second.conda"
    finishing.finish(rewritten(made, tmp_path / "one.conda", 1_796_044_147, one), first, STAMP)
    finishing.finish(rewritten(made, tmp_path / "other.conda", 1_796_044_176, other), second, STAMP)
    assert first.read_bytes() == second.read_bytes()
    found = files(first)
    assert found["share/word"] == b"word"
    assert json.loads(found["info/about.json"])["channels"] == ["https://***@example.org/channel"]
    index = json.loads(found["info/index.json"])
    assert (index["timestamp"], index["depends"]) == (STAMP * 1000, ["librdkafka >=2.14", "python"])


def test_the_time_of_a_package_is_that_of_its_newest_source(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "old.tar.gz", "w:gz") as tar:
        for name, time in (("a", 1_500_000_000), ("b", 1_600_000_000)):
            member = tarfile.TarInfo(name)
            member.mtime = time
            tar.addfile(member)
    with zipfile.ZipFile(tmp_path / "new.zip", "w") as zipped:
        zipped.writestr(zipfile.ZipInfo("c", (2023, 11, 14, 22, 13, 20)), "")
    (tmp_path / "plain.txt").write_text("no archive")
    with zipfile.ZipFile(tmp_path / "undated.zip", "w") as zipped:
        zipped.writestr(zipfile.ZipInfo("d", (1980, 0, 0, 0, 0, 0)), "")
    assert stamps.stamp([tmp_path / "undated.zip"]) == stamps.OLDEST
    given = [tmp_path / "old.tar.gz", tmp_path / "plain.txt"]
    assert stamps.stamp(given) == 1_600_000_000
    assert stamps.stamp([*given, tmp_path / "new.zip"]) == 1_700_000_000
    assert stamps.stamp(()) == stamps.OLDEST
