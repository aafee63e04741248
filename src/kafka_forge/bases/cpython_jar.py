"""What the jars of ``org.bytedeco:cpython`` have in common on all systems with a POSIX layout.

The jar's maker built CPython into a folder of his machine and packed that folder for Java.
"""

from __future__ import annotations

import ast
import json
import pprint
import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from kafka_forge.bases.packing import PLACEHOLDER
from kafka_forge.errors import BaseBuildFailed
from kafka_forge.ground import archives
from kafka_forge.ground.archives import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

LEFT_OUT = (
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
"""Patterns of the jar's files that no package has."""


def unpack(jar: Path, tree: Path, library: re.Pattern[str]) -> None:
    """Lay the jar's files out below ``tree``; what lies at its root and fits ``library`` goes to ``lib/``."""
    left_out = re.compile("|".join(LEFT_OUT))
    for member in archives.entries(jar):
        # org/bytedeco/cpython/<classifier>/…
        parts = PurePosixPath(member.name).parts[4:]
        name = "/".join(parts)
        if member.kind is not Kind.FILE or not parts or left_out.match(name):
            continue
        if len(parts) == 1:
            if not library.match(name):
                continue
            name = f"lib/{name}"
        elif parts[0] not in ("bin", "lib", "include"):
            continue
        member.save(tree / name, executable=parts[0] == "bin")


def maker_of(library: Path, jar: Path) -> str:
    """Return the prefix that the jar's maker built for, from the build's own variables.

    Raises:
        BaseBuildFailed: the jar is not laid out as expected.
    """
    for path in library.glob("_sysconfigdata_*.py"):
        return str(read_variables(path)["prefix"])
    raise BaseBuildFailed(
        "the jar has no _sysconfigdata: it is not the CPython that is expected",
        where=str(jar),
        todo="compare the jar's layout with the modules cpython_*.py in src/kafka_forge/bases; lock another release.",
    )


def settle(tree: Path, python: str, maker: str, neutral: Callable[[str], str]) -> None:
    """Take the maker's paths and flags out of what ``sysconfig`` and ``python-config`` answer.

    Args:
        tree: the prefix.
        python: ``"3.12"``.
        maker: the prefix that the maker built for.
        neutral: takes the flags that only the maker needed out of a text.
    """
    library = tree / "lib" / f"python{python}"
    for path in sorted(library.glob("_sysconfigdata_*.py")):
        variables = _clean(read_variables(path), maker, neutral)
        text = pprint.pformat(variables, width=110)
        path.write_text(f"# The build's variables, with this prefix.\nbuild_time_vars = {text}\n", encoding="utf-8")
    for path in sorted(library.glob("_sysconfig_vars_*.json")):
        variables = _clean(json.loads(path.read_text(encoding="utf-8")), maker, neutral)
        variables.pop("userbase", None)  # the maker's own home
        path.write_text(json.dumps(variables, indent=2), encoding="utf-8")
    for path in (*library.glob("config-*/Makefile"), tree / "bin" / f"python{python}-config"):
        path.write_text(neutral(path.read_text(encoding="utf-8")), encoding="utf-8")


def read_variables(path: Path) -> dict[str, Any]:
    """Return ``build_time_vars`` of a ``_sysconfigdata`` module without running it."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "build_time_vars":
            variables: dict[str, Any] = ast.literal_eval(node.value)
            return variables
    raise BaseBuildFailed(
        "_sysconfigdata has no build_time_vars", where=str(path), todo="look at the file; lock another release."
    )


def _clean(variables: dict[str, Any], maker: str, neutral: Callable[[str], str]) -> dict[str, Any]:
    """Take the maker's paths, rpaths and compiler flags out of sysconfig's variables.

    setuptools puts ``$CC`` in place of the value of CC at the head of LDSHARED: so both must begin alike.
    """
    cleaned = {}
    for name, value in variables.items():
        if isinstance(value, str):
            cleaned[name] = neutral(value).replace(maker, PLACEHOLDER)
        else:
            cleaned[name] = value
    return cleaned


def link_names(tree: Path, python: str) -> None:
    """Make the usual second names of the interpreter and of its programs."""
    for name in ("python", "python3"):
        (tree / "bin" / name).unlink(missing_ok=True)
        (tree / "bin" / name).symlink_to(f"python{python}")
    for name in ("python3-config", "pydoc3"):
        path = tree / "bin" / name
        if path.exists():
            path.unlink()
            path.symlink_to(name.replace("3", python, 1))


def drop(dynload: Path, modules: Collection[str]) -> None:
    """Take extension modules out."""
    for path in dynload.iterdir():
        if path.name.split(".")[0] in modules:
            path.unlink()


def files(tree: Path) -> Iterator[Path]:
    """Give the regular files below a folder, in a fixed order."""
    for path in sorted(tree.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield path


def replace_maker(path: Path, maker: bytes, magic: bytes) -> bool:
    """Turn the maker's prefix into the placeholder (text), or into a place that no one has (binaries).

    Within binaries, which begin with ``magic``, each C string is shortened and filled up with NULs, as conda does it.
    So OpenSSL, which is linked into ``_ssl``, finds nothing in its own folder: see `cpython_ssl`.

    Returns:
        Whether a binary was changed.
    """
    content = path.read_bytes()
    if maker not in content:
        return False
    if not content.startswith(magic):
        path.write_bytes(content.replace(maker, PLACEHOLDER.encode()))
        return False

    def shorter(found: re.Match[bytes]) -> bytes:
        text = found.group().replace(maker, b"/nonexistent")
        return text.ljust(len(found.group()), b"\0")

    path.write_bytes(re.sub(rb"[^\0]*" + re.escape(maker) + rb"[^\0]*", shorter, content))
    return True
