"""Nobody but `kafka_forge.ground.archives` opens an archive; what is handed to other software passes it, too."""

from __future__ import annotations

import ast
import json
import re
from typing import TYPE_CHECKING

import pytest

from kafka_forge.bases import cpython_jar, debian_libraries, sdists
from kafka_forge.brokers import java, levels
from kafka_forge.channels import packages
from kafka_forge.engine import drafting
from kafka_forge.errors import ArchiveRefused, LockInvalid, QueueInvalid, RecipeInvalid
from kafka_forge.ground.files import sha256_of
from kafka_forge.ground.paths import Cache, project_root
from kafka_forge.ground.progress import Silent
from kafka_forge.patching import source
from kafka_forge.sources import Source
from kafka_forge.values.rendered import Rendered
from tests.unit import hostile
from tests.unit.hostile import Member

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROOT = project_root()
DOOR = ROOT / "src" / "kafka_forge" / "ground" / "archives"
_READERS = {
    *(
        "tarfile.open",
        "tarfile.TarFile",
        "tarfile.TarFile.open",
        "zipfile.ZipFile",
        "zipfile.PyZipFile",
        "zipfile.Path",
    ),
    *("shutil.unpack_archive", "rattler.package_streaming"),
}
_UNPACKING = {"extract", "extractall", "extractfile"}
_ROOMS = ("conda_package_streaming.package_streaming", "conda_package_streaming.extract", "conda_package_handling")
_PROGRAMS = {"tar", "bsdtar", "unzip", "7z", "ar", "dpkg", "dpkg-deb", "dpkg-source", "cpio", "jar"}
_OWN = {
    "bases/packing.py": "copies a package that it has written itself, a line before, to leave the hour out",
    "engine/finishing.py": "copies the package that the engine has just written, member by member, and unpacks nothing",
    "engine/placeholders.py": "does the same with the files that hold the build's prefix",
}
"""Who reads what was written a moment before, in the same process, and makes no file of a member."""


def opening(path: Path) -> Iterator[str]:
    """Give what a module does to archives, beside writing them."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            named = {f"{node.module}.{each.name}" for each in node.names} | {str(node.module)}
            yield from named & _READERS
            yield from (each for each in named if each in _ROOMS)
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if (called in _READERS and not _writes(node)) or (
                isinstance(node.func, ast.Attribute) and node.func.attr in _UNPACKING
            ):
                yield called
        elif isinstance(node, (ast.List, ast.Tuple)) and node.elts:
            first = node.elts[0]
            if isinstance(first, ast.Constant) and first.value in _PROGRAMS:
                yield str(first.value)


def _writes(call: ast.Call) -> bool:
    modes = [*call.args[1:2], *(each.value for each in call.keywords if each.arg == "mode")]
    return any(isinstance(mode, ast.Constant) and str(mode.value)[0] in "wx" for mode in modes)


def test_nobody_else_opens_an_archive() -> None:
    found = {}
    for folder in (ROOT / "src" / "kafka_forge", ROOT / "scripts"):
        for path in sorted(folder.rglob("*.py")):
            if DOOR not in path.parents and (done := sorted(set(opening(path)))):
                found[path.relative_to(folder).as_posix()] = done
    assert found.keys() == _OWN.keys(), found


def test_the_search_sees_what_it_is_for(tmp_path: Path) -> None:
    for text in (
        "import tarfile; tarfile.open(x)",
        "import zipfile; zipfile.ZipFile(x, 'r')",
        "from tarfile import open",
        "import shutil; shutil.unpack_archive(x)",
        "archive.extractall(x)",
        "run(['tar', '-x'])",
        "from conda_package_streaming.package_streaming import stream_conda_info",
    ):
        (tmp_path / "x.py").write_text(text)
        assert list(opening(tmp_path / "x.py")), text
    (tmp_path / "x.py").write_text("import zipfile; zipfile.ZipFile(x, 'w'); run(['git', 'tar'])")
    assert list(opening(tmp_path / "x.py")) == []


OUT = Member("a/../../evil", b"x")


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_a_recipes_source_is_looked_at_before_the_engine_unpacks_it(tmp_path: Path) -> None:
    (tmp_path / "recipe").mkdir()
    archive = written(tmp_path / "small-1.tar.gz", hostile.TARS["crate"]([Member("small-1/a", b"1"), OUT]))
    rendered = _rendered(tmp_path, archive)
    with pytest.raises(ArchiveRefused, match=r"its name has a '\.\.'"):
        drafting.place_sources(rendered, tmp_path / "sources", Cache(tmp_path / "cache"), {}, Silent())
    with pytest.raises(RecipeInvalid, match=r"small-1\.7z is an archive of a kind"):
        drafting._check(archive, Source("small-1.7z", "0" * 64), rendered)


def _rendered(folder: Path, archive: Path) -> Rendered:
    return Rendered(
        recipe_dir=folder / "recipe",
        variant_files=(),
        platform="linux-64",
        name="small",
        version="1",
        build="0",
        noarch=False,
        python=None,
        variant={},
        sources=({"url": archive.as_uri(), "sha256": sha256_of(archive)},),
        requirements={},
    )


def test_what_is_taken_apart_for_the_base_comes_through_the_door(tmp_path: Path) -> None:
    package = written(tmp_path / "x.deb", hostile.deb([Member("./usr/include/a.h", b"1"), OUT]))
    with pytest.raises(ArchiveRefused):
        debian_libraries.take_headers(package, tmp_path / "include")
    jar = written(tmp_path / "x.jar", hostile.jar([OUT]))
    with pytest.raises(ArchiveRefused):
        cpython_jar.unpack(jar, tmp_path / "tree", re.compile("x"))
    with pytest.raises(ArchiveRefused):
        sdists._unpack(written(tmp_path / "x.tar", hostile.tar([OUT])), tmp_path / "source")
    with pytest.raises(ArchiveRefused):
        java._unpack(written(tmp_path / "x.whl", hostile.wheel([OUT])), tmp_path / "java")
    assert not (tmp_path / "java").exists()
    with pytest.raises(ArchiveRefused):
        levels.read(jar)
    with pytest.raises(LockInvalid, match="cannot be read to its end"):
        levels.read(written(tmp_path / "cut.jar", jar.read_bytes()[:40]))


def test_the_source_of_patches_comes_through_the_door(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    with pytest.raises(ArchiveRefused):
        source.unpack(source.Tree("x", "", written(tmp_path / "x.zip", hostile.zipped([OUT]))), tmp_path / "tree")
    with pytest.raises(QueueInvalid, match="the source cannot be unpacked"):
        source.unpack(source.Tree("x", "", written(tmp_path / "y.zip", b"no archive")), tmp_path / "tree")
    assert list((tmp_path / "tree").iterdir()) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tree", "x.zip", "y.zip"]


def test_a_package_is_looked_at_before_py_rattler_unpacks_it(tmp_path: Path) -> None:
    index = json.dumps({"name": "mine", "version": "1", "build": "0", "subdir": "noarch", "depends": []}).encode()
    for number, member in enumerate((OUT, Member("a", kind=hostile.LINK, target="/etc"))):
        file = written(
            tmp_path / "mine-1-0.tar.bz2", hostile.TARS["tar.bz2"]([Member("info/index.json", index), member])
        )
        artifact = packages.read(file, "linux-64")
        with pytest.raises(ArchiveRefused):
            packages.offer(artifact, tmp_path / f"channel{number}")
        assert not list(tmp_path.glob(f"channel{number}/*/*"))
