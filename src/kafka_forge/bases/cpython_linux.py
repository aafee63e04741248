"""A Linux jar of ``org.bytedeco:cpython`` becomes a conda prefix.

The jar's maker built CPython into a folder of his machine and packed that folder for Java. Here it becomes what a
conda package holds: libpython in ``lib/``, rpaths that lead there, run bits, no path of the maker's machine, a
``sysconfig`` that knows the prefix and leaves the compiler to the build environment.
"""

from __future__ import annotations

import ast
import json
import pprint
import re
import shutil
import zipfile
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from kafka_forge import processes
from kafka_forge.bases import elf
from kafka_forge.bases.packing import PLACEHOLDER
from kafka_forge.errors import BaseBuildFailed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

_LEFT_OUT = (
    # What only CPython's own developers, or a desktop, want; together more than half of the files.
    r"lib/python[\d.]+/(test|idlelib|tkinter|turtledemo|site-packages|lib2to3/tests|distutils/tests)/",
    r"lib/python[\d.]+/(unittest/test|ctypes/test|sqlite3/test)/",
    r"lib/python[\d.]+/turtle\.py$",
    r"lib/python[\d.]+/lib-dynload/(_test|_ctypes_test|_xxtestfuzz|xx)",
    r"lib/python[\d.]+/config-[^/]+/(?!Makefile$)",
    r"lib/(engines-\d|ossl-modules|cmake|pkgconfig/(lib|open))",
    r"bin/(2to3|idle|pip|c_rehash)",
    r"share/",
    r".*__pycache__/",
)
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
    _unpack(jar, tree)
    library = tree / "lib" / f"python{python}"
    maker = _maker(library, jar)
    _link_names(tree, python)
    _drop(library / "lib-dynload", MODULES_WITHOUT_LIBRARY)
    for path in sorted(library.glob("_sysconfigdata_*.py")):
        variables = _clean(_read_variables(path), maker)
        text = pprint.pformat(variables, width=110)
        path.write_text(f"# The build's variables, with this prefix.\nbuild_time_vars = {text}\n", encoding="utf-8")
    for path in sorted(library.glob("_sysconfig_vars_*.json")):
        variables = _clean(json.loads(path.read_text(encoding="utf-8")), maker)
        variables.pop("userbase", None)  # the maker's own home
        path.write_text(json.dumps(variables, indent=2), encoding="utf-8")
    for path in (*library.glob("config-*/Makefile"), tree / "bin" / f"python{python}-config"):
        path.write_text(_neutral(path.read_text(encoding="utf-8")), encoding="utf-8")
    for path in _files(tree):
        _replace_maker(path, maker.encode())
    _set_rpaths(tree, python)


def _unpack(jar: Path, tree: Path) -> None:
    left_out = re.compile("|".join(_LEFT_OUT))
    with zipfile.ZipFile(jar) as archive:
        for member in archive.infolist():
            # org/bytedeco/cpython/<classifier>/…
            parts = PurePosixPath(member.filename).parts[4:]
            name = "/".join(parts)
            if member.is_dir() or not parts or ".." in parts or left_out.match(name):
                continue
            if len(parts) == 1:
                if not _LIBRARY.match(name):
                    continue
                name = f"lib/{name}"
            elif parts[0] not in ("bin", "lib", "include"):
                continue
            target = tree / name
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(member) as source, target.open("wb") as sink:
                shutil.copyfileobj(source, sink)
            if parts[0] == "bin":
                target.chmod(0o755)


def _maker(library: Path, jar: Path) -> str:
    """Return the prefix that the jar's maker built for, from the build's own variables."""
    for path in library.glob("_sysconfigdata_*.py"):
        return str(_read_variables(path)["prefix"])
    raise BaseBuildFailed(
        "the jar has no _sysconfigdata: it is not the CPython that is expected",
        where=str(jar),
        todo="compare the jar's layout with src/kafka_forge/bases/cpython_linux.py, and lock another release.",
    )


def _read_variables(path: Path) -> dict[str, Any]:
    """Return ``build_time_vars`` of a ``_sysconfigdata`` module without running it."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "build_time_vars":
            variables: dict[str, Any] = ast.literal_eval(node.value)
            return variables
    raise BaseBuildFailed(
        "_sysconfigdata has no build_time_vars", where=str(path), todo="look at the file; lock another release."
    )


def _clean(variables: dict[str, Any], maker: str) -> dict[str, Any]:
    """Take the maker's paths, rpaths and compiler flags out of sysconfig's variables.

    setuptools puts ``$CC`` in place of the value of CC at the head of LDSHARED: so both must begin alike.
    """
    cleaned = {}
    for name, value in variables.items():
        if isinstance(value, str):
            cleaned[name] = _neutral(value).replace(maker, PLACEHOLDER)
        else:
            cleaned[name] = value
    return cleaned


def _neutral(text: str) -> str:
    """Take the linker's and compiler's flags that only the jar's maker needed out of a text."""
    text = re.sub(r" ?-s -Wl,-rpath,\S*ORIGIN[^\s'\"]*", "", text)
    return re.sub(r"\b(gcc|g\+\+|c\+\+) -m64", r"\1", text)


def _link_names(tree: Path, python: str) -> None:
    """Make the usual second names of the interpreter and of its libraries."""
    for name in ("python", "python3"):
        (tree / "bin" / name).unlink(missing_ok=True)
        (tree / "bin" / name).symlink_to(f"python{python}")
    for name in ("python3-config", "pydoc3"):
        path = tree / "bin" / name
        if path.exists():
            path.unlink()
            path.symlink_to(name.replace("3", python, 1))
    (tree / "lib" / f"libpython{python}.so").symlink_to(f"libpython{python}.so.1.0")


def _drop(dynload: Path, modules: Collection[str]) -> None:
    for path in dynload.iterdir():
        if path.name.split(".")[0] in modules:
            path.unlink()


def _files(tree: Path) -> Iterator[Path]:
    for path in sorted(tree.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield path


def _replace_maker(path: Path, maker: bytes) -> None:
    """Turn the maker's prefix into the placeholder (text), or into a place that no one has (binaries).

    Within binaries each C string is shortened and filled up with NULs, as conda does it. OpenSSL's default folder,
    linked into ``_ssl``, becomes ``/etc/ssl``: then verification works on most systems even where the package's
    activation, which sets SSL_CERT_FILE, has not run.
    """
    content = path.read_bytes()
    if maker not in content:
        return
    if not content.startswith(elf.MAGIC):
        path.write_bytes(content.replace(maker, PLACEHOLDER.encode()))
        return

    def shorter(found: re.Match[bytes]) -> bytes:
        text = found.group().replace(maker + b"/ssl", b"/etc/ssl").replace(maker, b"/nonexistent")
        return text.ljust(len(found.group()), b"\0")

    path.write_bytes(re.sub(rb"[^\0]*" + re.escape(maker) + rb"[^\0]*", shorter, content))


def _set_rpaths(tree: Path, python: str) -> None:
    """Lead every binary to ``<prefix>/lib``; the jar's own rpaths would leave lib-dynload without libffi."""
    dynload = tree / "lib" / f"python{python}" / "lib-dynload"
    program = tree / "bin" / f"python{python}"
    elf.set_rpath("$ORIGIN/../..", sorted(dynload.glob("*.so")))
    elf.set_rpath("$ORIGIN", sorted((tree / "lib").glob("lib*.so.*")))
    elf.set_rpath("$ORIGIN/../lib", [program])
    # 3.10 was linked with libcrypt, which only the module _crypt uses, and which not every system has.
    elf.patchelf(["--remove-needed", "libcrypt.so.1"], [program, tree / "lib" / f"libpython{python}.so.1.0"])


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
    *("_bz2", "_ctypes", "_curses", "_curses_panel", "_dbm", "_gdbm", "_hashlib", "_lzma", "_sqlite3", "_ssl"),
    *("_tkinter", "_uuid", "readline", "zlib"),
}
_ZSTD_SINCE = 14


def _minor(python: str) -> int:
    return int(python.split(".")[1])
