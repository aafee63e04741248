"""A Linux jar of ``org.bytedeco:cpython`` becomes a conda prefix.

It becomes what a conda package holds: libpython in ``lib/``, rpaths that lead there, run bits, no path of the maker's
machine, a ``sysconfig`` that knows the prefix and leaves the compiler to the build environment.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kafka_forge.bases import cpython_jar, elf
from kafka_forge.errors import BaseBuildFailed
from kafka_forge.ground import processes

if TYPE_CHECKING:
    from pathlib import Path

_LIBRARY = re.compile(r"lib(python|ffi)[\d.]*\.so(\.[\d.]+)$")

MODULES_WITHOUT_LIBRARY = {"_gdbm", "_dbm", "nis", "_crypt", "ossaudiodev"}
"""Extension modules that are taken out: what they load (gdbm, NIS, libcrypt, OSS) is in no base channel."""


def stage(jar: Path, tree: Path, python: str) -> None:
    """Lay the jar's files out below ``tree`` as a conda prefix.

    Args:
        jar: a ``cpython-<release>-linux-<arch>.jar``.
        tree: a folder to be filled; it stands for the prefix.
        python: ``"3.12"``.

    Raises:
        BaseBuildFailed: the jar is not laid out as expected, or patchelf failed.
    """
    cpython_jar.unpack(jar, tree, _LIBRARY)
    library = tree / "lib" / f"python{python}"
    maker = cpython_jar.maker_of(library, jar)
    cpython_jar.link_names(tree, python)
    (tree / "lib" / f"libpython{python}.so").symlink_to(f"libpython{python}.so.1.0")
    cpython_jar.drop(library / "lib-dynload", MODULES_WITHOUT_LIBRARY)
    cpython_jar.settle(tree, python, maker, _neutral)
    for path in cpython_jar.files(tree):
        cpython_jar.replace_maker(path, maker.encode(), elf.MAGIC)
    set_rpaths(tree, python)


def _neutral(text: str) -> str:
    """Take the linker's and compiler's flags that only the jar's maker needed out of a text."""
    text = re.sub(r" ?-s -Wl,-rpath,\S*ORIGIN[^\s'\"]*", "", text)
    return re.sub(r"\b(gcc|g\+\+|c\+\+) -m64", r"\1", text)


def set_rpaths(tree: Path, python: str) -> None:
    """Lead every binary to ``<prefix>/lib``; the jar's own rpaths would leave lib-dynload without libffi."""
    dynload = tree / "lib" / f"python{python}" / "lib-dynload"
    program = tree / "bin" / f"python{python}"
    elf.set_rpath("$ORIGIN/../..", sorted(dynload.glob("*.so")))
    elf.set_rpath("$ORIGIN", sorted((tree / "lib").glob("lib*.so.*")))
    elf.set_rpath("$ORIGIN/../lib", [program])


def byte_compile(tree: Path, python: str, builder: Path) -> None:
    """Compile the standard library with the interpreter of a prefix that runs here, often the staged one itself.

    Without this the first start in every fresh environment would compile what it imports. The files are marked as
    never to be checked against their source: they stay valid whatever times the installer gives.

    Raises:
        BaseBuildFailed: the interpreter does not run, or a file does not compile.
    """
    library = tree / "lib" / f"python{python}"
    command: list[str | Path] = [
        builder / "bin" / f"python{python}",
        "-I",
        "-B",
        "-m",
        "compileall",
        "-q",
        "-f",
        "-j",
        "2",
    ]
    paths = ["-s", str(tree), "-p", "/", "-x", "_sysconfigdata|lib2to3/tests|bad_coding", str(library)]
    done = processes.run([*command, "--invalidation-mode", "unchecked-hash", *paths], environment={"LC_ALL": "C.UTF-8"})
    if done.returncode:
        raise BaseBuildFailed(
            f"the interpreter {python} of the base channel does not run on this machine",
            where=str(tree),
            details=done.output.decode(errors="replace").splitlines()[-10:],
            todo="compare the machine's glibc with what the details name; on a newer system it runs.",
        )


def absent_modules(tree: Path, python: str) -> tuple[str, ...]:
    """Return the extension modules that CPython builds where it finds a library, and that are not here.

    Source: https://docs.python.org/3/using/configure.html, "Options for third-party dependencies".
    """
    here = {path.name.split(".")[0] for path in (tree / "lib" / f"python{python}" / "lib-dynload").iterdir()}
    wanted = _OPTIONAL_MODULES | ({"_zstd"} if _minor(python) >= _ZSTD_SINCE else set())
    return tuple(sorted(wanted - here))


_OPTIONAL_MODULES = {
    *("_bz2", "_ctypes", "_curses", "_curses_panel", "_dbm", "_decimal", "_gdbm", "_hashlib", "_lzma", "_sqlite3"),
    *("_ssl", "_tkinter", "_uuid", "readline", "zlib"),
}
_ZSTD_SINCE = 14


def _minor(python: str) -> int:
    return int(python.split(".")[1])
