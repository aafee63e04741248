"""The folder that a package was built in is the same path in every package, of the length that it had."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile

from kafka_forge.engine import placeholders


def tar(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        link = tarfile.TarInfo("lib/link.so")
        link.type, link.linkname = tarfile.SYMTYPE, "real.so"
        archive.addfile(link)
    return buffer.getvalue()


def built_in(folder: str) -> tuple[bytes, bytes]:
    """Return the two archives of a package that was built in a folder, filled up as the engine does."""
    prefix = (folder + "/host_env" + "_placehold" * 30)[:255]
    held = {"lib/a.pc": f"prefix={prefix}\nlibdir={prefix}/lib\n".encode(), "bin/b": f"#!{prefix}/bin/c\n".encode()}
    rows = [
        {
            "_path": name,
            "prefix_placeholder": prefix,
            "file_mode": "text",
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        for name, content in held.items()
    ]
    rows.append({"_path": "share/word", "sha256": hashlib.sha256(b"word").hexdigest()})
    return tar({**held, "share/word": b"word"}), tar({"info/paths.json": json.dumps({"paths": rows}).encode()})


def test_two_builds_in_two_places_give_one_package() -> None:
    first = placeholders.replaced(*built_in("/home/me/.cache/kafka-forge/work/build-x"))
    assert first == placeholders.replaced(*built_in("/srv/w"))


def test_what_is_told_of_the_files_is_what_they_are_then() -> None:
    payload, told = placeholders.replaced(*built_in("/home/me"))
    assert told is not None
    rows = {row["_path"]: row for row in json.loads(told)["paths"]}
    with tarfile.open(fileobj=io.BytesIO(payload)) as archive:
        members = archive.getmembers()
        held = {each.name: stream.read() for each in members if each.isfile() and (stream := archive.extractfile(each))}
        assert [each.linkname for each in members if each.issym()] == ["real.so"]
    assert {name: hashlib.sha256(content).hexdigest() for name, content in held.items()} == {
        name: row["sha256"] for name, row in rows.items()
    }
    for name in ("lib/a.pc", "bin/b"):
        assert rows[name]["prefix_placeholder"] == placeholders.neutral(255)
        assert placeholders.neutral(255).encode() in held[name]
        assert b"/home/me" not in held[name]


def test_a_path_that_is_not_filled_up_and_a_binary_stay() -> None:
    stay = [("/opt/short", "text"), ("C:\\" + 90 * "x", "text"), ("/home/" + 249 * "x", "binary")]
    rows = [{"_path": f"{at}", "prefix_placeholder": path, "file_mode": mode} for at, (path, mode) in enumerate(stay)]
    held = {f"{at}": path.encode() for at, (path, _) in enumerate(stay)}
    archives = tar(held), tar({"info/paths.json": json.dumps({"paths": rows}).encode()})
    assert placeholders.replaced(*archives) == (archives[0], None)
