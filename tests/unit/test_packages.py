"""A conda package as a file, whoever built it: read as an artifact, and put into a local channel."""

from __future__ import annotations

import io
import json
import tarfile
from typing import TYPE_CHECKING, Any

import pytest
from conda_package_streaming.create import conda_builder

from kafka_forge.channels import packages
from kafka_forge.errors import PackageInvalid
from kafka_forge.ground.files import sha256_of

if TYPE_CHECKING:
    from pathlib import Path

INDEX = {
    "name": "mine",
    "version": "1.0",
    "build": "py312h0_0",
    "build_number": 0,
    "subdir": "linux-64",
    "depends": ["python_abi 3.12.* *_cp312", "python >=3.12,<3.13.0a0"],
}


def member(name: str, content: bytes) -> tuple[tarfile.TarInfo, io.BytesIO]:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    return entry, io.BytesIO(content)


def package(folder: Path, **changed: Any) -> Path:
    """Write a small package as the newer format has it; an entry of None is left out of its index."""
    index = {key: value for key, value in {**INDEX, **changed}.items() if value is not None}
    stem = "mine-1.0-py312h0_0"
    folder.mkdir(parents=True, exist_ok=True)
    with conda_builder(stem, folder) as archive:
        archive.addfile(*member("info/index.json", json.dumps(index).encode()))
        archive.addfile(*member("info/paths.json", b'{"paths": [], "paths_version": 1}'))
    return folder / f"{stem}.conda"


def older(folder: Path, **changed: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "mine-1.0-py312h0_0.tar.bz2"
    with tarfile.open(file, "w:bz2") as archive:
        archive.addfile(*member("info/index.json", json.dumps({**INDEX, **changed}).encode()))
        archive.addfile(*member("info/paths.json", b'{"paths": [], "paths_version": 1}'))
    return file


def test_a_package_is_what_its_index_says(tmp_path: Path) -> None:
    file = package(tmp_path)
    artifact = packages.read(file, "osx-arm64")
    assert artifact.cell.id == "mine/linux-64/3.12"
    assert (artifact.cell.filename, artifact.cell.subdir) == (file.name, "linux-64")
    assert (artifact.path, artifact.sha256, artifact.size) == (file, sha256_of(file), file.stat().st_size)


def test_what_serves_every_platform_is_looked_at_on_the_one_that_is_named(tmp_path: Path) -> None:
    file = package(tmp_path, subdir="noarch", noarch="python", build="pyhd8_0", depends=["python >=3.9"])
    cell = packages.read(file, "linux-64").cell
    assert (cell.id, cell.noarch, cell.subdir) == ("mine/linux-64/any", True, "noarch")


def test_a_renamed_file_is_the_same_package_and_gets_its_name_back(tmp_path: Path) -> None:
    file = package(tmp_path).rename(tmp_path / "download (1).conda")
    offered = packages.offer(packages.read(file, "linux-64"), tmp_path / "channel")
    assert offered.path == tmp_path / "channel" / "linux-64" / "mine-1.0-py312h0_0.conda"
    assert file.is_file()


@pytest.mark.parametrize(("write", "key"), [(package, "packages.conda"), (older, "packages")])
def test_both_formats_are_in_the_index_of_their_channel_also_when_replaced(
    tmp_path: Path, write: Any, key: str
) -> None:
    channel = tmp_path / "channel"
    first = packages.offer(packages.read(write(tmp_path / "a"), "linux-64"), channel)
    repodata = channel / "linux-64" / "repodata.json"
    assert json.loads(repodata.read_text())[key][first.path.name]["sha256"] == first.sha256
    second = packages.offer(packages.read(write(tmp_path / "b", build_number=1), "linux-64"), channel)
    assert second.sha256 != first.sha256
    assert json.loads(repodata.read_text())[key][first.path.name]["sha256"] == second.sha256


@pytest.mark.parametrize(
    ("depends", "build", "python"),
    [
        (["python_abi 3.14.* *_cp314t"], "py314h0_0", "3.14t"),
        (["python >=3.8,<3.9.0a0"], "py38h0_0", "3.8"),
        (["python >=3.10,<3.13.0a0"], "h0_0", None),
        (["python >=3.9"], "pyhd8ed1ab_0", None),
        ([], "py310_0", "3.10"),
        ([], "py3_0", None),
    ],
)
def test_the_python_is_the_one_that_it_runs_with(depends: list[str], build: str, python: str | None) -> None:
    assert packages.python_of(depends, build) == python


def test_what_is_no_whole_package_is_refused_by_name_with_the_reason(tmp_path: Path) -> None:
    whole = package(tmp_path)
    cut = tmp_path / "cut.conda"
    cut.write_bytes(whole.read_bytes()[:200])
    damaged = tmp_path / "damaged.tar.bz2"
    damaged.write_bytes(b"BZh9" + bytes(64))
    other = tmp_path / "mine-1.0-py3-none-any.whl"
    other.write_bytes(b"")
    for file in (cut, damaged, other, tmp_path / "absent.conda"):
        with pytest.raises(PackageInvalid, match=file.name) as caught:
            packages.read(file, "linux-64")
        assert caught.value.where == str(file)
    with pytest.raises(PackageInvalid, match="linux-riscv64, which is not known"):
        packages.read(package(tmp_path / "b", subdir="linux-riscv64"), "linux-64")
    with pytest.raises(PackageInvalid, match="no 'build'"):
        packages.read(package(tmp_path / "c", build=None), "linux-64")
