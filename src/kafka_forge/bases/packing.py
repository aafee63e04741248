"""A folder becomes a ``.conda`` file.

The engine (rattler-build) makes packages from recipes; what the base channel takes from registries is already built,
so there is nothing to run, solve or relocate. Then an archive and its ``info/`` files are all that it takes, some
hundred times quicker. The formats are conda's: https://docs.conda.io/projects/conda-build/en/stable/resources/package-spec.html,
CEP 17 for ``python_site_packages_path``.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from kafka_forge.ground.files import atomic_path, sha256_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PLACEHOLDER = "/opt/anaconda1anaconda2anaconda3"
"""What stands for the prefix in text files until they are installed: conda's own default placeholder."""

LAYOUT_VERSION = 1
"""Goes up whenever this module would write other bytes for the same input, so that caches notice."""

_EPOCH = 315532800  # 1980-01-01, the oldest time that every archive format can hold
_COMPRESSION = 6  # zstd; 19, conda's default, takes ten times as long and saves a tenth


@dataclass(frozen=True, slots=True)
class Package:
    """What a package says of itself.

    Attributes:
        subdir: the conda subdir it is for, or ``noarch``.
        noarch: ``python`` (files below ``site-packages/``), ``generic``, or None.
        run_exports: ``weak``, ``strong``, ``noarch`` … → match specs.
        entry_points: ``name = module:function`` lines; only for ``noarch: python``.
        site_packages: where this interpreter keeps its site-packages; only for ``python`` itself.
    """

    name: str
    version: str
    build: str
    subdir: str
    build_number: int = 0
    depends: tuple[str, ...] = ()
    constrains: tuple[str, ...] = ()
    noarch: Literal["python", "generic"] | None = None
    license: str = ""
    summary: str = ""
    home: str = ""
    run_exports: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    entry_points: tuple[str, ...] = ()
    site_packages: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Free facts for ``info/about.json``."""

    @property
    def stem(self) -> str:
        """The file's name without its extension."""
        return f"{self.name}-{self.version}-{self.build}"


def content_key(*parts: object) -> str:
    """Return seven hexadecimal digits, as in conda's build strings, of everything that a package is made from."""
    text = json.dumps([LAYOUT_VERSION, *parts], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:7]


def pack(package: Package, tree: Path, folder: Path) -> Path:
    """Write ``folder/<name>-<version>-<build>.conda`` from the files below ``tree``.

    Text files that hold `PLACEHOLDER` are recorded as such and get the prefix when they are installed. Two calls with
    the same input give the same bytes: times, owners and order are fixed.

    Args:
        package: the metadata.
        tree: what the prefix will look like; its ``info/`` may hold ``licenses/``, and nothing else.
        folder: the channel's subdir folder.

    Returns:
        The file, whole.

    Raises:
        DiskFull, NotWritable: as `kafka_forge.ground.files.atomic_path`.
    """
    target = folder / f"{package.stem}.conda"
    with atomic_path(target) as draft:
        timed = draft.parent / "timed"
        timed.mkdir()
        _write(package, tree, timed)
        _without_hour(timed / draft.name, draft)
    return target


def _write(package: Package, tree: Path, folder: Path) -> None:
    from conda_package_streaming.create import conda_builder

    members = sorted(_members(tree))
    records = [_record(tree, name) for name in members if not name.startswith("info/")]
    with conda_builder(package.stem, folder, compression_level=_COMPRESSION, compression_threads=0) as archive:
        _on_disk(archive)
        for name, value in _info(package, records).items():
            content = json.dumps(value, indent=2, sort_keys=True).encode()
            entry = tarfile.TarInfo(f"info/{name}")
            entry.size, entry.mode, entry.mtime = len(content), 0o644, _EPOCH
            archive.addfile(entry, io.BytesIO(content))
        for name in members:
            _add(archive, tree / name, name)


def _on_disk(archive: tarfile.TarFile) -> None:
    """Have the builder collect the archive in a temporary file: it would keep all of it in memory until it is whole.

    A Python's files have a hundred megabytes, and several are packed side by side.
    """
    if isinstance(archive.fileobj, tempfile.SpooledTemporaryFile):
        archive.fileobj.rollover()


def _without_hour(package: Path, target: Path) -> None:
    """Copy a ``.conda`` file; the zip archive of the copy does not tell when it was made, its bytes are the same."""
    with zipfile.ZipFile(package) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as new:
        for member in old.infolist():
            entry = zipfile.ZipInfo(member.filename)  # of 1980
            entry.file_size = member.file_size
            with old.open(member) as source, new.open(entry, "w") as sink:
                shutil.copyfileobj(source, sink)


def _add(archive: tarfile.TarFile, path: Path, name: str) -> None:
    entry = tarfile.TarInfo(name)
    entry.mtime = _EPOCH
    if path.is_symlink():
        entry.type, entry.linkname = tarfile.SYMTYPE, path.readlink().as_posix()
        archive.addfile(entry)
        return
    status = path.stat()
    entry.size, entry.mode = status.st_size, 0o755 if status.st_mode & 0o100 else 0o644
    with path.open("rb") as stream:
        archive.addfile(entry, stream)


def _members(tree: Path) -> list[str]:
    """Return all files and links below ``tree``, relative, with forward slashes."""
    found = []
    for folder, folders, files in os.walk(tree):
        links = [name for name in folders if os.path.islink(os.path.join(folder, name))]  # noqa: PTH114, PTH118
        found += [os.path.relpath(os.path.join(folder, name), tree) for name in files + links]  # noqa: PTH118
    return [name.replace(os.sep, "/") for name in found]


def _record(tree: Path, name: str) -> dict[str, Any]:
    path = tree / name
    if path.is_symlink():
        return {"_path": name, "path_type": "softlink", "size_in_bytes": 0, "sha256": hashlib.sha256(b"").hexdigest()}
    record: dict[str, Any] = {
        "_path": name,
        "path_type": "hardlink",
        "sha256": sha256_of(path),
        "size_in_bytes": path.stat().st_size,
    }
    content = path.read_bytes()
    if PLACEHOLDER.encode() in content and b"\0" not in content:
        record |= {"prefix_placeholder": PLACEHOLDER, "file_mode": "text"}
    return record


def _info(package: Package, records: list[dict[str, Any]]) -> dict[str, Any]:
    about = {"home": package.home, "license": package.license, "summary": package.summary, "extra": dict(package.extra)}
    info: dict[str, Any] = {
        "index.json": _index(package),
        "paths.json": {"paths": records, "paths_version": 1},
        "about.json": about,
    }
    if package.run_exports:
        info["run_exports.json"] = {kind: list(specs) for kind, specs in package.run_exports.items()}
    if package.noarch == "python":
        noarch = {"type": "python", "entry_points": list(package.entry_points)}
        info["link.json"] = {"noarch": noarch, "package_metadata_version": 1}
    return info


def _index(package: Package) -> dict[str, Any]:
    index: dict[str, Any] = {
        "name": package.name,
        "version": package.version,
        "build": package.build,
        "build_number": package.build_number,
        "depends": list(package.depends),
        "constrains": list(package.constrains),
        "license": package.license,
        "subdir": package.subdir,
        "timestamp": _EPOCH * 1000,
    }
    if package.noarch:
        # No `platform`: conda refuses a whole transaction over "platform": "noarch".
        index["noarch"] = package.noarch
    else:
        platform, _, bits = package.subdir.partition("-")
        index |= {"platform": platform, "arch": {"64": "x86_64"}.get(bits, bits)}
    if package.site_packages:
        index["python_site_packages_path"] = package.site_packages
    return index
