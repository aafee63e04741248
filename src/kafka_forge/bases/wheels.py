"""A wheel becomes a conda package: pure ones ``noarch: python``, those with extension modules one for each Python.

Formats: the wheel's is PEP 427 and https://packaging.python.org/en/latest/specifications/binary-distribution-format/,
its metadata's https://packaging.python.org/en/latest/specifications/core-metadata/.
"""

from __future__ import annotations

import configparser
import re
from email.parser import HeaderParser
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from kafka_forge.bases import elf
from kafka_forge.bases.packing import PLACEHOLDER, Package, content_key, pack
from kafka_forge.errors import LockInvalid
from kafka_forge.ground import archives
from kafka_forge.ground.archives import Kind
from kafka_forge.macho import files as macho

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from email.message import Message
    from pathlib import Path

    from kafka_forge.bases.python_locks import Wheel, Wheels
    from kafka_forge.bases.workshop import Workshop

_REVISION = 1
"""Goes up whenever `make` would give another package from the same wheel."""

_SCRIPT = """\
#!{shebang}
import sys
from {module} import {top}
sys.exit({function}())
"""


def stem(wheel: Wheel, python: str | None, lock: Wheels) -> str:
    """Return the package's full name; its build string hashes all that it is made from. ``python`` as in `make`."""
    return f"{wheel.package}-{wheel.version}-{_build_string(wheel, python, lock)}"


def make(wheel: Wheel, python: str | None, lock: Wheels, shop: Workshop) -> Path:
    """Make the conda package of one wheel, for one Python where it has extension modules.

    Args:
        wheel: its entry in the lock.
        python: ``"3.12"``; None for a pure wheel, which serves all of the lock's Pythons.
        lock: gives conda-forge's names of what the wheel asks for.
        shop: for which platform, and where.

    Raises:
        LockInvalid: the wheel asks for a project that the lock does not name.
        SourceUnreachable, ChecksumMismatch: from obtaining it.
    """
    file = shop.obtain(wheel.source())
    folder = shop.native if python else shop.noarch
    with shop.room(wheel.package) as tree:
        windows = shop.platform == "win-64" and python is not None
        metadata, entry_points = _unpack(file, tree, python, windows=windows)
        if python and not windows:  # Windows would want a program for each; none of the wheels at hand needs one
            for line in entry_points:
                _write_script(tree / "bin", line)
        system = _WINDOWS if windows else _LINUX
        asked = depends(metadata, (python,) if python else lock.pythons, lock.conda_names(), wheel.file, system)
        package = Package(
            wheel.package,
            wheel.version,
            _build_string(wheel, python, lock),
            folder.name,
            depends=(*_python_depends(metadata, python), *_virtual(tree, folder.name), *asked),
            noarch=None if python else "python",
            license=_license(metadata),
            summary=str(metadata.get("Summary", "")),
            home=str(metadata.get("Home-page") or next(iter(_urls(metadata)), "")),
            entry_points=() if python else entry_points,
            extra={"made_from": wheel.file},
        )
        return pack(package, tree, folder)


def _virtual(tree: Path, subdir: str) -> tuple[str, ...]:
    """Return match specs for the system that the wheel's binaries need."""
    return macho.needs(tree, subdir).virtual() if subdir.startswith("osx-") else elf.needs(tree).virtual()


def _build_string(wheel: Wheel, python: str | None, lock: Wheels) -> str:
    renamed = sorted((project, name) for project, name in lock.conda_names().items() if project != name)
    key = content_key(_REVISION, wheel.sha256, wheel.package, renamed, None if python else lock.pythons)
    return f"py{python.replace('.', '')}h{key}_0" if python else f"pyh{key}_0"


def depends(
    metadata: Message,
    pythons: Sequence[str],
    names: Mapping[str, str],
    where: str,
    system: Mapping[str, str] | None = None,
) -> tuple[str, ...]:
    """Translate ``Requires-Dist`` into match specs; extras are left to who wants them, as conda-forge does.

    A requirement whose marker holds for any of the Pythons is asked for: one noarch package serves them all.

    Raises:
        LockInvalid: a requirement has no name in ``names``, so the base channel could not install the package.
    """
    found: dict[str, SpecifierSet] = {}
    for line in metadata.get_all("Requires-Dist", []):
        requirement = Requirement(line)
        if requirement.marker and not any(
            requirement.marker.evaluate(_environment(python, system or _LINUX)) for python in pythons
        ):
            continue
        project = canonicalize_name(requirement.name)
        if project not in names or requirement.extras:
            raise LockInvalid(
                f"{where} asks for {line!r}, which the lock of wheels does not hold",
                where="bootstrap/python/wheels.json",
                todo="add it to bootstrap/python/wanted.yaml and run python -m kafka_forge.bases.relock wheels.",
            )
        package = names[project]
        found[package] = found.get(package, SpecifierSet()) & requirement.specifier
    return tuple(f"{package} {_spell(specifier)}".strip() for package, specifier in sorted(found.items()))


_LINUX = {"os_name": "posix", "sys_platform": "linux", "platform_system": "Linux", "platform_machine": "x86_64"}
_WINDOWS = {"os_name": "nt", "sys_platform": "win32", "platform_system": "Windows", "platform_machine": "AMD64"}


def _environment(python: str, system: Mapping[str, str]) -> dict[str, str]:
    """Return PEP 508's environment of an interpreter of the base, whatever machine this runs on."""
    return {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "implementation_name": "cpython",
        "implementation_version": f"{python}.0",
        "platform_python_implementation": "CPython",
        **system,
        "platform_release": "",
        "platform_version": "",
        "extra": "",
    }


def _spell(specifier: SpecifierSet) -> str:
    return ",".join(sorted(str(part) for part in specifier))


def _python_depends(metadata: Message, python: str | None) -> tuple[str, ...]:
    if python is None:
        return (f"python {_spell(SpecifierSet(str(metadata.get('Requires-Python', '>=3.11'))))}",)
    minor = int(python.split(".")[1])
    return (f"python >={python},<3.{minor + 1}.0a0", f"python_abi {python}.* *_cp{python.replace('.', '')}")


def _unpack(wheel: Path, tree: Path, python: str | None, *, windows: bool) -> tuple[Message, tuple[str, ...]]:
    """Lay the wheel's files out; return its METADATA and its console scripts."""
    site_packages = f"lib/python{python}/site-packages" if python else "site-packages"
    site_packages = "Lib/site-packages" if windows else site_packages
    schemes = {
        "purelib": site_packages,
        "platlib": site_packages,
        "scripts": "Scripts" if windows else "bin" if python else "python-scripts",
        "headers": f"include/python{python}" if python and not windows else "include",
        "data": ".",
    }
    metadata, entry_points = HeaderParser().parsestr(""), ""
    for member in archives.entries(wheel):
        path = PurePosixPath(member.name)
        if member.kind is not Kind.FILE:
            continue
        content = member.read()
        target = tree / _place(path, site_packages, schemes)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        if schemes["scripts"] in target.relative_to(tree).parts[:1]:
            target.write_bytes(re.sub(rb"\A#!python[w3]*", f"#!{PLACEHOLDER}/bin/python".encode(), content))
            target.chmod(0o755)
        if path.parts[0].endswith(".dist-info"):
            if path.name == "METADATA" and len(path.parts) == 2:
                metadata = HeaderParser().parsestr(content.decode())
            elif path.name == "entry_points.txt":
                entry_points = content.decode()
            elif "licenses" in path.parts or re.match(r"(?i)licen[sc]e|copying|notice|authors", path.name):
                license_file = tree / "info" / "licenses" / path.name
                license_file.parent.mkdir(parents=True, exist_ok=True)
                license_file.write_bytes(content)
    (next((tree / site_packages).glob("*.dist-info")) / "INSTALLER").write_text("conda\n", encoding="utf-8")
    return metadata, _console_scripts(entry_points)


def _place(path: PurePosixPath, site_packages: str, schemes: Mapping[str, str]) -> str:
    if path.parts[0].endswith(".data"):
        return "/".join((schemes[path.parts[1]], *path.parts[2:]))
    return f"{site_packages}/{path}"


def _console_scripts(text: str) -> tuple[str, ...]:
    parser = configparser.ConfigParser(delimiters=("=",), interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # names are case-sensitive
    parser.read_string(text)
    if not parser.has_section("console_scripts"):
        return ()
    # "module:function [extra]": the extra is obsolete
    return tuple(f"{name} = {value.split('[')[0].strip()}" for name, value in parser.items("console_scripts"))


def _write_script(folder: Path, entry_point: str) -> None:
    name, _, target = entry_point.partition(" = ")
    module, _, function = target.partition(":")
    script = folder / name
    script.parent.mkdir(parents=True, exist_ok=True)
    text = _SCRIPT.format(
        shebang=f"{PLACEHOLDER}/bin/python", module=module, top=function.split(".")[0], function=function
    )
    script.write_text(text, encoding="utf-8")
    script.chmod(0o755)


def _license(metadata: Message) -> str:
    """Return the SPDX expression, or what the metadata says in its place, in a word."""
    stated = str(metadata.get("License-Expression") or metadata.get("License") or "")
    if stated and "\n" not in stated:
        return stated
    classifiers = [str(line) for line in metadata.get_all("Classifier", []) if line.startswith("License ::")]
    return classifiers[0].rpartition(" :: ")[2] if classifiers else "see info/licenses"


def _urls(metadata: Message) -> list[str]:
    return [str(line).partition(",")[2].strip() for line in metadata.get_all("Project-URL", [])]
