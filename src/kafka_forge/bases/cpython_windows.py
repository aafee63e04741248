"""A Windows jar of ``org.bytedeco:cpython`` becomes a conda prefix.

Its maker's ``bin/`` and ``lib/`` become conda's layout: the interpreter and its DLL stand in the prefix itself, the
standard library in ``Lib/``, extension modules and what they load in ``DLLs/``, import libraries in ``libs/``. Two
things are added. ``python3.dll``, which the jar lacks and modules of the stable ABI load, forwards to the real one. And
since Python 3.8 Windows looks for a module's DLLs only where it is told to: a ``.pth`` file names ``Library/bin``,
as conda-forge's interpreter does it by a patch.
"""

from __future__ import annotations

import re
import struct
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from kafka_forge.bases import forwarding
from kafka_forge.bases.packing import Package, content_key, pack
from kafka_forge.bases.python_locks import VcRuntime, load
from kafka_forge.errors import BaseBuildFailed
from kafka_forge.ground import archives, processes
from kafka_forge.ground.archives import Kind

if TYPE_CHECKING:
    from pathlib import Path

    from kafka_forge.bases.python_locks import Wheel
    from kafka_forge.bases.workshop import Workshop

SITE_PACKAGES = "Lib/site-packages"
REVISION = 1
"""Goes up whenever this module would make another package from the same jar."""

_LEFT_OUT = re.compile(
    # what only CPython's own developers, or a desktop, want; and packages that are not Python's own
    r"lib/(test|idlelib|tkinter|turtledemo|site-packages|lib2to3/tests|distutils/tests|unittest/test|ctypes/test)/"
    r"|lib/(sqlite3/test|pip|setuptools|pkg_resources|_distutils_hack|ensurepip/_bundled|[^/]+\.dist-info)/"
    r"|lib/(turtle\.py|distutils-precedence\.pth|pyshellext\.dll|xxlimited|_test|_ctypes_test|_tkinter|tcl86|tk86)"
    r"|lib/vcruntime140|.*__pycache__/"
)
_TOP = re.compile(r"python3\d+\.dll$")
_MAKER = rb"[A-Za-z]:\\[^\0]*\\cppbuild\\windows-x86_64\\"
_DLL_FOLDER = """\
import os, sys; _ = os.path.join(sys.base_prefix, "Library", "bin"); os.path.isdir(_) and os.add_dll_directory(_)
"""


def stage(jar: Path, tree: Path, python: str) -> None:
    """Lay the jar's files out below ``tree`` as a conda prefix.

    Args:
        jar: a ``cpython-<release>-windows-x86_64.jar``.
        tree: a folder to be filled; it stands for the prefix.
        python: ``"3.12"``.

    Raises:
        BaseBuildFailed: the jar is not laid out as expected, or ``python3.dll`` cannot be linked.
    """
    for member in archives.entries(jar):
        # org/bytedeco/cpython/<classifier>/…
        parts = PurePosixPath(member.name).parts[4:]
        place = _place("/".join(parts)) if member.kind is Kind.FILE else None
        if place:
            target = tree / place
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(_without_maker(member.read()))
    tag = python.replace(".", "")
    missing = [name for name in ("python.exe", f"python{tag}.dll", "Lib/os.py") if not (tree / name).is_file()]
    if missing:
        raise BaseBuildFailed(
            f"the jar has no {', '.join(missing)}: it is not the CPython that is expected",
            where=str(jar),
            todo="compare the jar's layout with src/kafka_forge/bases/cpython_windows.py, and lock another release.",
        )
    site_packages = tree / SITE_PACKAGES
    site_packages.mkdir(parents=True)
    (site_packages / "_library_bin.pth").write_text(_DLL_FOLDER, encoding="utf-8")
    _forward(tree, tag)


def _place(name: str) -> str | None:
    """Return where a file of the jar belongs in the prefix; None leaves it out.

    >>> _place("bin/python.exe"), _place("lib/_ssl.pyd"), _place("lib/json/tool.py"), _place("jnipython.dll")
    ('python.exe', 'DLLs/_ssl.pyd', 'Lib/json/tool.py', None)
    """
    if _LEFT_OUT.match(name):
        return None
    top, _, rest = name.partition("/")
    if top == "bin":
        return rest
    if top in ("include", "libs"):
        return name
    if top == "lib":
        return f"DLLs/{rest}" if "/" not in rest and rest.endswith((".pyd", ".dll")) else f"Lib/{rest}"
    return name if _TOP.match(name) else None


def _without_maker(content: bytes) -> bytes:
    """Shorten strings of binaries that name the maker's folders, and fill them up with NULs."""
    if not content.startswith(b"MZ"):
        return content
    pattern = re.compile(rb"[^\0\n]{0,20}?" + _MAKER)
    return re.sub(
        _MAKER + rb"[^\0]*",
        lambda found: re.sub(pattern, b"", found.group()).ljust(len(found.group()), b"\0"),
        content,
    )


def _forward(tree: Path, tag: str) -> None:
    """Link ``python3.dll``, which hands every name of the stable ABI on to the interpreter's own DLL (PEP 384)."""
    names = exported((tree / "libs" / "python3.lib").read_bytes())
    forwarding.link(tree / "python3.dll", {name: f"python{tag}.{name}" for name in names})


def exported(library: bytes) -> set[str]:
    """Return the names that an import library offers, read from its archive's first member.

    Format: https://learn.microsoft.com/en-us/windows/win32/debug/pe-format#first-linker-member: the number of symbols
    and their members' offsets, big-endian, then the names, each ended by a NUL. What is imported has ``__imp_NAME``.

    Raises:
        BaseBuildFailed: it is no such archive.
    """
    if not library.startswith(b"!<arch>\n/ "):
        raise BaseBuildFailed("libs/python3.lib is no import library", todo="look at the jar; lock another release.")
    (count,) = struct.unpack_from(">I", library, 68)
    start = 72 + 4 * count
    size = int(library[56:66])
    names = library[start : 68 + size].split(b"\0")
    return {name.removeprefix(b"__imp_").decode() for name in names if name.startswith(b"__imp_")}


def byte_compile(tree: Path, python: str, builder: Path) -> None:
    """Compile the standard library with a Python of the same minor version that runs here.

    Args:
        tree: the staged prefix.
        python: ``"3.12"``.
        builder: the prefix of that Python: bytecode is the same on all platforms.

    Raises:
        BaseBuildFailed: the interpreter does not run, or a file does not compile.
    """
    program: list[str | Path] = [
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
    options = ["--invalidation-mode", "unchecked-hash", "-s", str(tree), "-p", "/", "-x", "lib2to3/tests|bad_coding"]
    done = processes.run([*program, *options, str(tree / "Lib")], environment={"LC_ALL": "C.UTF-8"})
    if done.returncode:
        raise BaseBuildFailed(
            f"the standard library of Python {python} for Windows does not compile",
            where=str(tree),
            details=done.output.decode(errors="replace").splitlines()[-10:],
            todo="see the lines above; the jar is locked in bootstrap/python/interpreters.json.",
        )


# --- Microsoft's C runtime ------------------------------------------------------------------------------------


def runtime(root: Path) -> Wheel:
    """Return the wheel that has Microsoft's C and C++ runtime.

    Raises:
        LockInvalid: ``bootstrap/python/vcruntime.json`` cannot be read.
    """
    return load(VcRuntime, root).wheel


def runtime_package(wheel: Wheel) -> Package:
    """Return what ``vc14_runtime`` says of itself, named as on conda-forge."""
    return Package(
        wheel.package,
        wheel.version,
        f"h{content_key(REVISION, wheel.sha256)}_0",
        "win-64",
        license="LicenseRef-MicrosoftVisualCpp2015-2022Runtime",
        summary="Microsoft's C and C++ runtime, which may be redistributed with programs that were compiled for it",
        home="https://visualstudio.microsoft.com/license-terms/vs2022-cruntime/",
        extra={"made_from": wheel.file},
    )


def make_runtime(wheel: Wheel, shop: Workshop) -> Path:
    """Make ``vc14_runtime``: the DLLs, beside the interpreter.

    Raises:
        SourceUnreachable, ChecksumMismatch: from obtaining the wheel.
    """
    file = shop.obtain(wheel.source())
    with shop.room(wheel.package) as tree:
        for member in archives.entries(file):
            place = _runtime_place(PurePosixPath(member.name))
            if place and member.kind is Kind.FILE:
                member.save(tree / place)
        return pack(runtime_package(wheel), tree, shop.native)


def _runtime_place(path: PurePosixPath) -> str | None:
    if path.suffix == ".dll" and path.parent.name == "Scripts":
        return path.name
    return "info/licenses/LICENSE" if path.name == "LICENSE" else None
