"""The base channel's Python side: wheels and folders that become packages, without network."""

from __future__ import annotations

import io
import json
import tarfile
import time
import zipfile
from email.message import Message
from typing import TYPE_CHECKING

import pytest
from rattler.package import IndexJson, PathsJson, RunExportsJson

from kafka_forge.bases import (
    cpython,
    cpython_debian,
    cpython_jar,
    cpython_linux,
    debian_libraries,
    elf,
    pythons,
    wheels,
)
from kafka_forge.bases.packing import PLACEHOLDER, Package, pack
from kafka_forge.bases.python_locks import Interpreters, Libraries, Wheel, Wheels, load
from kafka_forge.bases.workshop import Workshop
from kafka_forge.errors import ArchiveDamaged, LockInvalid
from kafka_forge.ground.files import Store, sha256_of
from kafka_forge.ground.paths import Cache, project_root
from kafka_forge.ground.progress import Silent

if TYPE_CHECKING:
    from pathlib import Path

ROOT = project_root()


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    return Workshop("linux-64", ROOT, Cache(tmp_path / "cache"), Silent())


def extracted(file: Path, folder: Path) -> Path:
    from rattler.package_streaming import extract

    extract(file, folder)
    return folder


# --- packages ------------------------------------------------------------------------------------------------


def test_a_folder_becomes_a_package_that_rattler_reads(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "bin").mkdir(parents=True)
    (tree / "bin" / "tool").write_text(f"#!{PLACEHOLDER}/bin/python\n", encoding="utf-8")
    (tree / "bin" / "tool").chmod(0o700)
    (tree / "bin" / "other").symlink_to("tool")
    (tree / "data").write_bytes(b"\0" + PLACEHOLDER.encode())
    package = Package("thing", "1.0", "h1_0", "linux-64", depends=("a >=1",), run_exports={"weak": ("thing >=1",)})
    file = pack(package, tree, tmp_path)
    index, paths = IndexJson.from_package_archive(file), PathsJson.from_package_archive(file)
    assert (index.name.normalized, index.subdir, index.platform, index.arch) == ("thing", "linux-64", "linux", "x86_64")
    assert index.depends == ["a >=1"]
    assert RunExportsJson.from_package_archive(file).weak == ["thing >=1"]
    found = {entry.relative_path.as_posix(): entry for entry in paths.paths}
    assert found["bin/tool"].prefix_placeholder is not None
    assert found["data"].prefix_placeholder is None, "a prefix may be longer than the placeholder: never in binaries"
    assert found["bin/other"].path_type.softlink
    unpacked = extracted(file, tmp_path / "unpacked")
    assert (unpacked / "bin" / "tool").stat().st_mode & 0o777 == 0o755


def test_the_same_folder_gives_the_same_bytes_at_any_hour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sums = set()
    for name, hour in (("one", 1_700_000_000.0), ("two", 1_800_000_000.0)):
        monkeypatch.setattr(time, "time", lambda now=hour: now)
        tree = tmp_path / name / "tree"
        tree.mkdir(parents=True)
        for each in sorted(("b", "a"), reverse=name == "two"):
            (tree / each).write_text(each, encoding="utf-8")
        sums.add(sha256_of(pack(Package("thing", "1.0", "h1_0", "linux-64"), tree, tmp_path / name)))
    assert len(sums) == 1


def test_a_noarch_package_names_no_platform(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    abi = cpython.abi_package(load(Interpreters, ROOT).interpreters[0])
    folder = extracted(pack(abi, tmp_path / "tree", tmp_path), tmp_path / "unpacked")
    index = json.loads((folder / "info" / "index.json").read_text(encoding="utf-8"))
    assert index["subdir"] == "noarch"
    assert index["noarch"] == "generic"
    assert not index.keys() & {"platform", "arch"}, "conda refuses a transaction over platform: noarch"


@pytest.mark.parametrize(
    ("python", "ending", "abi"),
    [("3.12", "_0_cpython", "python 3.12.* *_cpython"), ("3.13", "_0_cp313", "python 3.13.* *_cp313")],
)
def test_build_strings_are_conda_forges(python: str, ending: str, abi: str) -> None:
    lock, libraries = load(Interpreters, ROOT), load(Libraries, ROOT)
    interpreter = next(each for each in lock.interpreters if each.python == python)
    assert cpython.stem(interpreter, lock, libraries, "linux-64").endswith(ending)
    assert cpython.abi_package(interpreter).constrains == (abi,)


# --- wheels --------------------------------------------------------------------------------------------------


def metadata(*requirements: str) -> Message:
    message = Message()
    for requirement in requirements:
        message["Requires-Dist"] = requirement
    return message


NAMES = {"typing-extensions": "typing_extensions", "idna": "idna", "colorama": "colorama"}


@pytest.mark.parametrize(
    ("requirement", "pythons_asked", "expected"),
    [
        ("idna>=2.8,<4", ("3.12",), ("idna <4,>=2.8",)),
        ("Typing_Extensions>=4; python_version < '3.11'", ("3.12",), ()),
        ("Typing_Extensions>=4; python_version < '3.12'", ("3.11", "3.12"), ("typing_extensions >=4",)),
        ("colorama; sys_platform == 'win32'", ("3.12",), ()),
        ("nowhere; extra == 'test'", ("3.12",), ()),
    ],
)
def test_requirements_become_match_specs(
    requirement: str, pythons_asked: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    assert wheels.depends(metadata(requirement), pythons_asked, NAMES, "x.whl") == expected


def test_a_requirement_outside_the_lock_is_an_error() -> None:
    with pytest.raises(LockInvalid, match="nowhere"):
        wheels.depends(metadata("nowhere>=1"), ("3.12",), NAMES, "x.whl")


def locked_wheel(shop: Workshop, **files: str) -> tuple[Wheel, Wheels]:
    """Put a wheel of these files into the store, and return its entry in a lock."""
    draft = shop.cache.root / "thing-1.0-py3-none-any.whl"
    draft.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(draft, "w") as archive:
        archive.writestr("thing/__init__.py", "def main(): return 0\n")
        archive.writestr(
            "thing-1.0.dist-info/METADATA", "Name: thing\nRequires-Python: >=3.8\nLicense-Expression: MIT\n"
        )
        archive.writestr("thing-1.0.dist-info/entry_points.txt", "[console_scripts]\nthing-run = thing:main\n")
        for name, content in files.items():
            archive.writestr(name, content)
    sha256 = sha256_of(draft)
    Store(shop.cache.store).add(draft, sha256, origin="test")
    wheel = Wheel(project="thing", package="thing", version="1.0", file=draft.name, sha256=sha256)
    return wheel, Wheels(pythons=("3.12",), pure=(wheel,), binary={})


def test_a_pure_wheel_becomes_noarch_python(shop: Workshop, tmp_path: Path) -> None:
    wheel, lock = locked_wheel(shop, **{"thing-1.0.data/scripts/helper": "#!python\nprint()\n"})
    folder = extracted(wheels.make(wheel, None, lock, shop), tmp_path / "unpacked")
    assert (folder / "site-packages" / "thing" / "__init__.py").is_file()
    assert (
        (folder / "python-scripts" / "helper").read_text(encoding="utf-8").startswith(f"#!{PLACEHOLDER}/bin/python\n")
    )
    assert (folder / "site-packages" / "thing-1.0.dist-info" / "INSTALLER").read_text(encoding="utf-8") == "conda\n"
    link = json.loads((folder / "info" / "link.json").read_text(encoding="utf-8"))
    assert link["noarch"] == {"type": "python", "entry_points": ["thing-run = thing:main"]}
    index = json.loads((folder / "info" / "index.json").read_text(encoding="utf-8"))
    assert index["depends"] == ["python >=3.8"]
    assert index["license"] == "MIT"


def test_a_wheel_for_one_python_is_held_to_it(shop: Workshop, tmp_path: Path) -> None:
    wheel, lock = locked_wheel(shop)
    file = wheels.make(wheel, "3.12", lock, shop)
    assert file.name.startswith("thing-1.0-py312h")
    folder = extracted(file, tmp_path / "unpacked")
    assert (folder / "lib" / "python3.12" / "site-packages" / "thing").is_dir()
    assert "from thing import main" in (folder / "bin" / "thing-run").read_text(encoding="utf-8")
    depends = IndexJson.from_package_archive(file).depends
    assert depends == ["python >=3.12,<3.13.0a0", "python_abi 3.12.* *_cp312"]


# --- interpreters and libraries ------------------------------------------------------------------------------


def test_the_makers_paths_leave_binaries_and_texts(tmp_path: Path) -> None:
    maker = b"/home/maker/build/linux"
    binary, text = tmp_path / "lib.so", tmp_path / "Makefile"
    content = b"\x7fELF..." + maker + b"/ssl/certs\0kept\0" + maker + b"/lib/engines\0\0end"
    binary.write_bytes(content)
    text.write_bytes(b"prefix=" + maker + b"\n")
    for path in (binary, text):
        cpython_jar.replace_maker(path, maker, elf.MAGIC)
    changed = binary.read_bytes()
    assert len(changed) == len(content), "offsets in an ELF file must not move"
    assert maker not in changed
    assert b"/nonexistent/ssl/certs\0" in changed
    assert changed.endswith(b"\0end")
    assert b"\0kept\0" in changed
    assert text.read_text(encoding="utf-8") == f"prefix={PLACEHOLDER}\n"


def test_sysconfig_leaves_compiler_and_rpath_to_the_build_environment() -> None:
    variables = {
        "CC": "gcc -m64 -pthread",
        "LDSHARED": "gcc -m64 -pthread -shared -s -Wl,-rpath,\\$ORIGIN/,-rpath,\\$ORIGIN/../",
        "INCLUDEPY": "/home/maker/include/python3.12",
        "HAVE_FORK": 1,
    }
    cleaned = cpython_jar._clean(variables, "/home/maker", cpython_linux._neutral)
    assert cleaned["LDSHARED"] == "gcc -pthread -shared"
    assert cleaned["LDSHARED"].startswith(cleaned["CC"]), "setuptools puts $CC in its place only then"
    assert cleaned["INCLUDEPY"] == f"{PLACEHOLDER}/include/python3.12"
    assert cleaned["HAVE_FORK"] == 1


@pytest.mark.parametrize(
    ("debians", "ours"),
    [
        ("powerpc64le-linux-gnu-gcc", "gcc"),
        ("powerpc64le-linux-gnu-gcc-ar", "ar"),
        ("-DNDEBUG -g -fwrapv -O2 -Wall -fstack-protector-strong -Wformat", "-DNDEBUG -fwrapv -O2 -Wall"),
        ("-shared -Wl,-O1 -Wl,-Bsymbolic-functions -Wl,-z,relro", "-shared"),
        ("'CFLAGS=-g -O2' '--prefix=/usr'", f"'CFLAGS= -O2' '--prefix={PLACEHOLDER}'"),
        ("/usr/lib/powerpc64le-linux-gnu", f"{PLACEHOLDER}/lib"),
        ("-I/usr/include/uuid", f"-I{PLACEHOLDER}/include/uuid"),
        ("-I${includedir}/python3.11 -I${includedir}/powerpc64le-linux-gnu/python3.11", "-I${includedir}/python3.11"),
        (
            "/usr/lib/python3.11/config-3.11-powerpc64le-linux-gnu",
            f"{PLACEHOLDER}/lib/python3.11/config-3.11-powerpc64le-linux-gnu",
        ),
        ("/usr/share/zoneinfo:/usr/lib/zoneinfo:/etc/zoneinfo", "/usr/share/zoneinfo:/usr/lib/zoneinfo:/etc/zoneinfo"),
        ("/usr/bin/install -c", "/usr/bin/install -c"),
        (".cpython-311-powerpc64le-linux-gnu.so", ".cpython-311-powerpc64le-linux-gnu.so"),
    ],
)
def test_debians_paths_and_flags_leave_what_sysconfig_answers(debians: str, ours: str) -> None:
    assert cpython_debian.neutral(debians) == ours


@pytest.mark.parametrize(
    ("debians", "ours"),
    [
        ("usr/bin/python3.11", "bin/python3.11"),
        ("usr/bin/powerpc64le-linux-gnu-python3.11-config", "bin/python3.11-config"),
        ("usr/bin/pygettext3.11", None),
        ("usr/lib/python3.11/os.py", "lib/python3.11/os.py"),
        ("usr/lib/python3.11/EXTERNALLY-MANAGED", None),
        ("usr/lib/python3.11/test/support/__init__.py", None),
        (
            "usr/lib/python3.11/_sysconfigdata__powerpc64le-linux-gnu.py",
            "lib/python3.11/_sysconfigdata__linux_powerpc64le-linux-gnu.py",
        ),
        ("usr/lib/python3/dist-packages/README", None),
        ("usr/lib/powerpc64le-linux-gnu/libpython3.11.so.1.0", "lib/libpython3.11.so.1.0"),
        ("usr/include/python3.11/Python.h", "include/python3.11/Python.h"),
        ("usr/include/python3.11/pyconfig.h", None),
        ("usr/include/powerpc64le-linux-gnu/python3.11/pyconfig.h", "include/python3.11/pyconfig.h"),
        ("usr/share/doc/python3.11/copyright", "info/licenses/python3.11.copyright"),
        ("etc/python3.11/sitecustomize.py", None),
    ],
)
def test_debians_files_go_where_a_prefix_has_them(tmp_path: Path, debians: str, ours: str | None) -> None:
    placed = [name for name, _, _ in cpython_debian.placed(deb(tmp_path / "x.deb", **{debians: "text"}))]
    assert placed == ([ours] if ours else [])


def test_an_interpreter_of_debians_is_named_by_its_own_version_and_packages() -> None:
    lock, libraries = load(Interpreters, ROOT), load(Libraries, ROOT)
    interpreter = next(each for each in lock.interpreters if each.python == "3.11")
    stem = cpython.stem(interpreter, lock, libraries, "linux-ppc64le")
    assert stem.startswith("python-3.11.2-h")
    assert cpython.stem(interpreter, lock, libraries, "linux-64").startswith("python-3.11.3-h")
    ours = interpreter.debian["linux-ppc64le"]
    newer = ours.model_copy(update={"debs": ours.debs[1:]})
    other = interpreter.model_copy(update={"debian": {"linux-ppc64le": newer}})
    assert cpython.stem(other, lock, libraries, "linux-ppc64le") != stem
    assert "openssl" in pythons.libraries_elsewhere(ROOT, "linux-ppc64le")
    assert "openssl" not in pythons.libraries_elsewhere(ROOT, "osx-64")


def deb(path: Path, **files: str) -> Path:
    """Write a Debian package: an ar archive with a data.tar in it."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(f"./{name}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content.encode()))
    members = [("debian-binary", b"2.0\n"), ("control.tar.gz", b"odd"), ("data.tar.gz", data.getvalue())]
    with path.open("wb") as sink:
        sink.write(b"!<arch>\n")
        for member, body in members:
            sink.write(f"{member:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(body):<10}`\n".encode())
            sink.write(body + b"\n" * (len(body) % 2))
    return path


def test_headers_of_a_debian_package_are_unpacked(tmp_path: Path) -> None:
    package = deb(tmp_path / "x.deb", **{"usr/include/a/a.h": "int a;", "usr/share/a.h": "no header of its"})
    debian_libraries.take_headers(package, tmp_path / "include")
    found = [path for path in tmp_path.joinpath("include").rglob("*") if path.is_file()]
    assert [(path.relative_to(tmp_path).as_posix(), path.read_text()) for path in found] == [
        ("include/a/a.h", "int a;")
    ]
    (tmp_path / "not.deb").write_bytes(b"!<arch>\n")
    with pytest.raises(ArchiveDamaged):
        debian_libraries.take_headers(tmp_path / "not.deb", tmp_path / "include")
