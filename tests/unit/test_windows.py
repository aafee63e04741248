"""Windows from elsewhere: Python's layout, DLLs that only forward, and how wine is spoken to."""

from __future__ import annotations

import os
import signal
import struct
import subprocess
import sys
import zipfile
from pathlib import Path, PurePosixPath

import lief
import pytest

from kafka_forge import platforms
from kafka_forge.bases import cpython_windows, forwarding
from kafka_forge.emulators import wine
from kafka_forge.engine import engine
from kafka_forge.errors import BaseBuildFailed

MAKER = rb"D:\a\presets\cpython\cppbuild\windows-x86_64"
INSIDE = "org/bytedeco/cpython/windows-x86_64"


def import_library(*names: str) -> bytes:
    """Return an archive whose first member lists these names, as lib.exe writes it."""
    symbols = [symbol for name in names for symbol in (name, f"__imp_{name}")]
    text = b"".join(symbol.encode() + b"\0" for symbol in symbols)
    body = struct.pack(">I", len(symbols)) + struct.pack(">I", 0) * len(symbols) + text
    header = f"{'/':<16}{'0':<12}{'':<6}{'':<6}{'0':<8}{len(body):<10}`\n".encode()
    return b"!<arch>\n" + header + body


@pytest.fixture
def jar(tmp_path: Path) -> Path:
    files = {
        "bin/python.exe": b"MZ python " + MAKER + rb"\Python-3.12.1\PCbuild\python.pdb" + b"\0end",
        "python312.dll": b"MZ dll",
        "jnipython.dll": b"MZ java",
        "lib/os.py": b"# os",
        "lib/_ssl.pyd": b"MZ ssl",
        "lib/libcrypto-3.dll": b"MZ crypto",
        "lib/vcruntime140.dll": b"MZ runtime",
        "lib/_testcapi.pyd": b"MZ test",
        "lib/test/test_os.py": b"# test",
        "lib/pip/__init__.py": b"# pip",
        "lib/json/__init__.py": b"# json",
        "include/Python.h": b"/* */",
        "libs/python312.lib": import_library("PyList_New"),
        "libs/python3.lib": import_library("PyList_New", "PyExc_OSError"),
    }
    path = tmp_path / "cpython-3.12.1-1.5.10-windows-x86_64.jar"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(f"{INSIDE}/{name}", content)
    return path


def test_a_windows_jar_becomes_what_conda_has_on_windows(jar: Path, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    cpython_windows.stage(jar, tree, "3.12")
    found = {path.relative_to(tree).as_posix() for path in tree.rglob("*") if path.is_file()}
    assert found == {
        "python.exe",
        "python3.dll",
        "python312.dll",
        "DLLs/_ssl.pyd",
        "DLLs/libcrypto-3.dll",
        "Lib/os.py",
        "Lib/json/__init__.py",
        "Lib/site-packages/_library_bin.pth",
        "include/Python.h",
        "libs/python3.lib",
        "libs/python312.lib",
    }
    program = (tree / "python.exe").read_bytes()
    with zipfile.ZipFile(jar) as archive:
        assert len(program) == len(archive.read(f"{INSIDE}/bin/python.exe"))
    assert b"presets" not in program
    assert b"Python-3.12.1\\PCbuild\\python.pdb\0" in program


def test_the_stable_abi_is_handed_on_to_the_interpreter(jar: Path, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    cpython_windows.stage(jar, tree, "3.12")
    binary = lief.PE.parse(str(tree / "python3.dll"))
    assert binary is not None
    exports = binary.get_export()
    assert exports is not None
    forwards = {str(each.name): str(each.forward_information) for each in exports.entries}
    assert forwards == {"PyList_New": "python312.PyList_New", "PyExc_OSError": "python312.PyExc_OSError"}
    assert not list(binary.imports)


def test_a_jar_of_another_python_is_refused(jar: Path, tmp_path: Path) -> None:
    with pytest.raises(BaseBuildFailed, match=r"python313\.dll"):
        cpython_windows.stage(jar, tmp_path / "tree", "3.13")


def test_what_is_no_import_library_is_refused() -> None:
    with pytest.raises(BaseBuildFailed, match="import library"):
        cpython_windows.exported(b"MZ")


def test_the_file_for_dlls_adds_the_folder_only_where_it_is(jar: Path, tmp_path: Path) -> None:
    cpython_windows.stage(jar, tmp_path / "tree", "3.12")
    line = (tmp_path / "tree" / "Lib" / "site-packages" / "_library_bin.pth").read_text(encoding="utf-8")
    added: list[str] = []
    system = type("sys", (), {"base_prefix": str(tmp_path / "tree")})
    program = line.replace("import os, sys; ", "").replace("os.add_dll_directory", "added.append")
    exec(program, {"os": os, "sys": system, "added": added})
    assert added == []
    (tmp_path / "tree" / "Library" / "bin").mkdir(parents=True)
    exec(program, {"os": os, "sys": system, "added": added})
    assert added == [str(tmp_path / "tree" / "Library" / "bin")]


def test_a_forwarder_that_cannot_be_linked_says_why(tmp_path: Path) -> None:
    with pytest.raises(BaseBuildFailed, match=r"x\.dll cannot be linked"):
        forwarding.link(tmp_path / "x.dll", {"two words": "a b"})


def test_a_program_under_wine_is_waited_for_and_not_its_background(tmp_path: Path) -> None:
    sleeper = "import subprocess, sys; print(subprocess.Popen(['sleep', '30']).pid); sys.exit(7)"
    pipe = Path(wine.__file__).with_name("wine_pipe.py")
    with (tmp_path / "errors").open("wb") as errors:
        done = subprocess.run(
            [sys.executable, pipe, sys.executable, "-c", sleeper],
            stdout=subprocess.PIPE,
            stderr=errors,
            timeout=20,
            check=False,
        )
    os.kill(int(done.stdout), signal.SIGKILL)
    assert done.returncode == 7


def test_wine_is_what_runs_windows_programs_on_linux() -> None:
    assert platforms.of("win-64").emulator == ("wine" if sys.platform == "linux" else "")
    assert wine.windows_path(Path("/home/a b/python.exe")) == r"Z:\home\a b\python.exe"
    assert str(PurePosixPath("Library/bin") / platforms.of("win-64").librdkafka) == "Library/bin/rdkafka.dll"


RECIPE = """
package: {name: x, version: "1"}
build:
  number: 0
  script: SCRIPT
"""


def test_another_script_for_windows_makes_nothing_anew_elsewhere(tmp_path: Path) -> None:
    digests = {}
    for name, script in (("one", "build.sh"), ("two", '{file: \'${{ "win/build.sh" if win else "build.sh" }}\'}')):
        folder = tmp_path / name
        (folder / "win").mkdir(parents=True)
        (folder / "recipe.yaml").write_text(RECIPE.replace("SCRIPT", script), encoding="utf-8")
        for file in ("build.sh", "win/build.sh"):
            (folder / file).write_text("true\n", encoding="utf-8")
        for platform in ("linux-64", "win-64"):
            (rendered,) = engine.render(folder, [], platform)
            digests[name, platform] = rendered.digest
    assert digests["one", "linux-64"] == digests["two", "linux-64"]
    assert digests["one", "win-64"] != digests["two", "win-64"]
