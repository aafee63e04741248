"""CPython out of Debian's binary packages becomes a conda prefix, for the platforms where no jar of it serves.

Debian spreads it over a folder that all Pythons share, one for the processor, and ``dist-packages``, where only its
own packages go. So the files are laid out anew; the modules that know of Debian's layout are taken from CPython's own
source, or Debian's changes to them are taken back; and so that this ``site`` is what starts, the one that is frozen
into the binaries is taken out. All other modules keep Debian's patches, most of which mend vulnerabilities.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from kafka_forge.bases import (
    cpython_jar,
    cpython_linux,
    cpython_undebian,
    debian_libraries,
    elf,
    frozen,
    older_glibc,
)
from kafka_forge.bases.packing import PLACEHOLDER
from kafka_forge.errors import BaseBuildFailed
from kafka_forge.ground import archives
from kafka_forge.ground.archives import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kafka_forge.bases.python_locks import DebianPython
    from kafka_forge.bases.workshop import Workshop

REVISION = 3
"""Goes up whenever `stage` would give another tree from the same packages."""

NEWEST_GLIBC = (2, 36)
"""What the binaries need at most afterwards: Debian bookworm's, of which all other libraries are."""

UPSTREAM = (
    # where packages go, and what a build is told
    *("site.py", "sysconfig.py", "sysconfig/", "distutils/"),
    # not in these packages of Debian's, or not whole
    *("ensurepip/", "lib2to3/", "ctypes/macholib/"),
    # look into places of Debian's
    *("gettext.py", "pydoc.py"),
)
"""Files and folders of ``Lib/`` that are CPython's own."""

_DEBIANS = re.compile(
    r"lib/python[\d.]+/(EXTERNALLY-MANAGED|sitecustomize\.py|_distutils_system_mod\.py|build-details\.|"
    r"config-[^/]+/(?!Makefile$))"
)
"""Debian's own files, which no other Python has; and what only a build of CPython itself needs."""

_PLACES = (
    (r"usr/bin/(python3\.\d+|pydoc3\.\d+)$", r"bin/\1"),
    (r"usr/bin/[\w]+-linux-gnu-(python3\.\d+-config)$", r"bin/\1"),
    (r"usr/lib/(python3\.\d+/)_sysconfigdata__(?!linux)(\w+-linux-gnu\.py)$", r"lib/\1_sysconfigdata__linux_\2"),
    (r"usr/lib/(python3\.\d+/.+)$", r"lib/\1"),
    (r"usr/lib/\w+-linux-gnu/(libpython3\.\d+\.so\.[\d.]+|pkgconfig/python-.+)$", r"lib/\1"),
    (r"usr/include/\w+-linux-gnu/(python3\.\d+/pyconfig\.h)$", r"include/\1"),
    # the one in the common folder only looks for that of the processor
    (r"usr/include/(python3\.\d+/(?!pyconfig\.h$).+)$", r"include/\1"),
    (r"usr/share/doc/([^/]+)/copyright$", r"info/licenses/\1.copyright"),
)
"""Pattern of a name in Debian's packages → its name in the prefix."""


def stage(lock: DebianPython, shop: Workshop, tree: Path, python: str) -> None:
    """Lay Debian's files out below ``tree`` as a conda prefix.

    Args:
        lock: names the packages.
        shop: where they come from.
        tree: a folder to be filled; it stands for the prefix.
        python: ``"3.11"``.

    Raises:
        BaseBuildFailed: a package is not laid out as expected, or patchelf failed.
        SourceUnreachable, ChecksumMismatch: from obtaining a package.
    """
    for deb in lock.debs:
        for name, data, runs in placed(shop.obtain(deb.source())):
            _write(tree / name, data, runs=runs)
    for soname, deb in lock.libraries.items():
        shelf = tree.parent / "libraries" / soname
        debian_libraries.take_libraries(deb, shop.obtain(deb.source()), shelf)
        _write(tree / "lib" / soname, (shelf / "lib" / soname).read_bytes(), runs=True)
        for path in (shelf / "info" / "licenses").glob("*"):
            _write(tree / "info" / "licenses" / path.name, path.read_bytes(), runs=False)
    library = tree / "lib" / f"python{python}"
    if source := lock.upstream_source():
        _take_upstream(shop.obtain(source), library)
    else:
        cpython_undebian.take_back(library)
    _settle(tree, python)
    cpython_jar.link_names(tree, python)
    (tree / "lib" / f"libpython{python}.so").symlink_to(f"libpython{python}.so.1.0")
    cpython_jar.drop(library / "lib-dynload", {*cpython_linux.MODULES_WITHOUT_LIBRARY, *lock.without})
    for binary in elf.binaries(tree):
        older_glibc.lead(binary, NEWEST_GLIBC)
    for binary in (tree / "bin" / f"python{python}", tree / "lib" / f"libpython{python}.so.1.0"):
        frozen.thaw(binary, "site", python)
    cpython_linux.set_rpaths(tree, python)


def headers(lock: DebianPython, shop: Workshop, folder: Path, python: str) -> str:
    """Unpack the headers into ``folder``; return what the names of extension modules end with.

    Raises:
        BaseBuildFailed: the packages have no extension modules.
        SourceUnreachable, ChecksumMismatch: from obtaining them.
    """
    suffix = ""
    for deb in lock.debs:
        for name, data, _ in placed(shop.obtain(deb.source())):
            path = PurePosixPath(name)
            if path.is_relative_to(f"include/python{python}"):
                _write(folder / path.relative_to(f"include/python{python}"), data, runs=False)
            elif path.name.startswith("_ssl."):
                suffix = path.name.removeprefix("_ssl")
    if not suffix:
        raise BaseBuildFailed(
            "Debian's packages have no extension modules to learn their names from",
            where=", ".join(deb.at.file for deb in lock.debs),
            todo="lock libpython*-minimal, too, in bootstrap/python/wanted.yaml.",
        )
    return suffix


def absent_modules(tree: Path, python: str) -> tuple[str, ...]:
    """Return the optional extension modules that are neither in ``lib-dynload`` nor built into the interpreter."""
    (data,) = (tree / "lib" / f"python{python}").glob("_sysconfigdata_*.py")
    variables = cpython_jar.read_variables(data)
    built, shared = (str(variables.get(name, "")).split() for name in ("MODBUILT_NAMES", "MODSHARED_NAMES"))
    return tuple(sorted(set(cpython_linux.absent_modules(tree, python)) - (set(built) - set(shared))))


def placed(deb: Path) -> Iterator[tuple[str, bytes, bool]]:
    """Give every regular file that has a place in a prefix: its name there, its bytes, and whether it runs."""
    for member in archives.entries(deb):
        if member.kind is not Kind.FILE:
            continue
        places = (match.expand(place) for pattern, place in _PLACES if (match := re.match(pattern, member.name)))
        target = next(places, None)
        if target is not None and not _left_out(target):
            yield target, member.read(), member.executable


def _left_out(name: str) -> bool:
    return any(re.match(pattern, name) for pattern in cpython_jar.LEFT_OUT) or _DEBIANS.match(name) is not None


def _write(target: Path, data: bytes, *, runs: bool) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)
    target.chmod(0o755 if runs else 0o644)


def _take_upstream(archive: Path, library: Path) -> None:
    """Put CPython's own modules in the place of Debian's."""
    for member in archives.entries(archive):
        parts = PurePosixPath(member.name).parts[1:]  # without "Python-<version>/"
        name = "/".join(parts[1:])
        if parts[:1] != ("Lib",) or member.kind is not Kind.FILE or not name.startswith(UPSTREAM):
            continue
        if not _left_out(f"lib/{library.name}/{name}"):
            _write(library / name, member.read(), runs=False)


def _settle(tree: Path, python: str) -> None:
    """Take Debian's paths and flags out of texts."""
    cpython_jar.settle(tree, python, PLACEHOLDER, neutral)
    for path in (tree / "lib" / "pkgconfig").iterdir():
        path.write_text(neutral(path.read_text(encoding="utf-8")), encoding="utf-8")
    library = f"/python{python}/"
    for path in cpython_jar.files(tree):
        content = path.read_bytes()
        if content.startswith(b"#!") and b"/usr/bin/python" in content.partition(b"\n")[0]:
            program = "/usr/bin/env python3" if library in path.as_posix() else f"{PLACEHOLDER}/bin/python{python}"
            path.write_bytes(f"#!{program}\n".encode() + content.partition(b"\n")[2])


_HARDENING = (
    r"-g|-fexceptions|-Wformat|-Werror=format-security|-Wdate-time|-D_FORTIFY_SOURCE=\d|-fstack-\S+|-mbranch-\S+"
    r"|-f(?:file|debug)-prefix-map=\S+|-f(?:no-|fat-)?lto\S*|-m?f?no-omit\S+frame-pointer|-Wl,-z,\S+"
    r"|-Wl,-O1|-Wl,-Bsymbolic-functions|-specs=\S+"
)
_FLAGS = re.compile(rf"(?<![^\s'\"=])(?:{_HARDENING})(?![^\s'\"])")
_SYSTEMS = r"bin/(?:install|dtrace|env)|share/(?:lib/)?zoneinfo|lib/zoneinfo|local|libexec"
"""Places below ``/usr`` that are the system's wherever a Python stands; TZPATH is what ``zoneinfo`` reads."""


def neutral(text: str) -> str:
    """Turn Debian's paths into the prefix, and take out the flags with which Debian hardens its own packages.

    >>> neutral("powerpc64le-linux-gnu-gcc -shared -Wl,-Bsymbolic-functions -g -O2")
    'gcc -shared -O2'
    >>> neutral("--with-missing-stdlib-config=/build/reproducible-path/python3.15-3.15.2/debian/missing.json")
    '--with-missing-stdlib-config=./missing.json'
    """
    text = re.sub(r"\b\w+-linux-gnu-(gcc|g\+\+|cpp)(?![\w-])", r"\1", text)
    text = re.sub(r"\b\w+-linux-gnu-gcc-(ar|nm|ranlib)\b", r"\1", text)
    text = re.sub(r" -I\S+/\w+-linux-gnu/python3\.\d+", "", text)
    text = re.sub(r"/usr/share/python-wheels/?", "", text)
    text = re.sub(r"/usr/lib/\w+-linux-gnu\b", "/usr/lib", text)
    text = re.sub(r"/build/[^\s'\"=]*/(?:build-\w+|debian)\b", ".", text)
    text = re.sub(rf"(?<![.\w])(-[IL])?/usr(?!/(?:{_SYSTEMS})\b)(?!\w)", rf"\g<1>{PLACEHOLDER}", text)
    text = text.replace('PY_ENABLE_SHARED="0"', 'PY_ENABLE_SHARED="1"')
    return "\n".join(_soft(line) if _FLAGS.search(line) else line for line in text.split("\n"))


def _soft(line: str) -> str:
    return re.sub(r"(?<=\S) {2,}", " ", _FLAGS.sub("", line)).strip(" ")
