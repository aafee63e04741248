"""What an sdist says of itself: its metadata (PKG-INFO), its build (pyproject.toml), its packages and programs."""

from __future__ import annotations

import configparser
import contextlib
import importlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from packaging.metadata import parse_email
from packaging.requirements import InvalidRequirement, Requirement

from kafka_forge.errors import PackageInvalid

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_CLASSIFIERS = {
    "Apache Software License": "Apache-2.0",
    "MIT License": "MIT",
    "ISC License (ISCL)": "ISC",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
"""Trove classifiers that mean one SPDX identifier; that of BSD does not say which one it is."""
_DEFAULT_BUILD = ["setuptools"]
"""What builds a project that does not say (PEP 518)."""
_COMPILED = {".pyx", ".c", ".cc", ".cpp", ".rs"}
_COMPILERS = ("cython", "pybind11", "cffi", "nanobind")
_HEADERS = {
    "zlib.h": "zlib", "lz4.h": "lz4-c", "lz4frame.h": "lz4-c", "zstd.h": "zstd", "openssl/ssl.h": "openssl",
    "curl/curl.h": "libcurl", "sasl/sasl.h": "cyrus-sasl", "librdkafka/rdkafka.h": "librdkafka",
}  # fmt: skip
"""What is included → conda-forge's package that has it."""
_INCLUDE = re.compile(r"""^\s*(?:#\s*include\s*[<"]|cdef extern from ["']<?)([\w./-]+)""", re.MULTILINE)
_NOT_PACKAGES = re.compile(r"(?:tests?|docs?|examples?|benchmarks?|build|scripts|tools)|.*\.egg-info")


@dataclass(frozen=True, slots=True)
class Sdist:
    """An sdist.

    Attributes:
        project: the name on the index.
        version: its version.
        summary: one line, without a full stop at its end.
        license: an SPDX expression; empty where none can be made out.
        license_files: their names.
        urls: ``homepage``, ``repository``, ``documentation`` → URL, those that are named.
        python: what it asks of Python, for example ``>=3.10``.
        requires: what it needs to run, markers and all.
        builds: what it is built with.
        packages: the top-level names that can be imported.
        files: what each of them is, a package's ``NAME/__init__.py`` or a module's ``NAME.py``.
        programs: name → what it calls.
        compiled: whether it has an extension module.
        extensions: the modules that Cython compiles, as paths without an ending: ``NAME/_fast``.
        libraries: conda-forge's names of the C libraries whose headers it includes.
    """

    project: str
    version: str
    summary: str
    license: str
    license_files: tuple[str, ...]
    urls: dict[str, str]
    python: str
    requires: tuple[Requirement, ...]
    builds: tuple[Requirement, ...]
    packages: tuple[str, ...]
    files: tuple[str, ...]
    programs: dict[str, str]
    compiled: bool
    extensions: tuple[str, ...]
    libraries: tuple[str, ...]


def read(folder: Path) -> Sdist:
    """Read an unpacked sdist.

    Raises:
        PackageInvalid: it has no metadata, or they break their form.
    """
    try:
        said, _ = parse_email((folder / "PKG-INFO").read_bytes())
        project = _toml(folder / "pyproject.toml")
        builds = tuple(map(Requirement, project.get("build-system", {}).get("requires", _DEFAULT_BUILD)))
        requires = tuple(map(Requirement, said.get("requires_dist", ())))
        name, version = said["name"], said["version"]
    except (OSError, KeyError, ValueError, InvalidRequirement) as error:
        raise PackageInvalid(
            f"the sdist does not say what it is: {type(error).__name__}: {error}",
            where=str(folder),
            todo="write the recipe by hand; CONTRIBUTING.md says how.",
        ) from error
    return Sdist(
        project=name,
        version=version,
        summary=said.get("summary", "").strip().rstrip("."),
        license=_license(said),
        license_files=tuple(said.get("license_files") or _license_files(folder)),
        urls=_urls(said),
        python=said.get("requires_python", ""),
        requires=requires,
        builds=builds,
        packages=(packages := _packages(folder, name)),
        files=tuple(_file(folder, each) for each in packages),
        programs=_programs(folder, project),
        compiled=(compiled := _compiled(folder, builds)),
        extensions=_extensions(folder, packages) if compiled else (),
        libraries=_libraries(folder) if compiled else (),
    )


def _toml(file: Path) -> dict[str, Any]:
    if not file.is_file():
        return {}
    try:
        toml: Any = importlib.import_module("tomllib")
    except ModuleNotFoundError:  # Python 3.10, whose pip brings one
        toml = importlib.import_module("pip._vendor.tomli")
    read_: dict[str, Any] = toml.loads(file.read_text(encoding="utf-8"))
    return read_


def _license(said: Any) -> str:
    for text in filter(None, (said.get("license_expression"), said.get("license"))):
        with contextlib.suppress(InvalidLicenseExpression):  # then it is a name, or the licence's whole text
            return canonicalize_license_expression(text)
    named = (each.rpartition(" :: ")[2] for each in said.get("classifiers", ()) if each.startswith("License ::"))
    found = [_CLASSIFIERS[each] for each in named if each in _CLASSIFIERS]
    return found[0] if len(found) == 1 else ""


def _license_files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if re.match(r"(?i)licen[cs]e|copying|notice", path.name))


def _urls(said: Any) -> dict[str, str]:
    """Return about's URLs by the words of Project-URL that are in use (packaging.python.org, "Well-known labels")."""
    words = {"homepage": "homepage", "source": "repository", "sourcecode": "repository", "repository": "repository",
             "github": "repository", "documentation": "documentation", "docs": "documentation"}  # fmt: skip
    found: dict[str, str] = {"homepage": home} if (home := said.get("home_page")) else {}
    for label, url in (said.get("project_urls") or {}).items():
        key = words.get(re.sub(r"[^a-z]", "", label.lower()))
        if key:
            found.setdefault(key, url)
    found.setdefault("homepage", found.get("repository") or found.get("documentation") or "")
    ordered = ("homepage", "repository", "documentation")
    return {key: re.sub(r"^http://", "https://", found[key]) for key in ordered if found.get(key)}


def _packages(folder: Path, name: str) -> tuple[str, ...]:
    for listing in folder.rglob("top_level.txt"):
        named = [each for each in listing.read_text(encoding="utf-8").split() if not each.startswith("_")]
        if named:
            return tuple(sorted(each for each in named if not _NOT_PACKAGES.fullmatch(each)))
    for top in (folder / "src", folder):
        found = [
            path.parent.name for path in top.glob("*/__init__.py") if not _NOT_PACKAGES.fullmatch(path.parent.name)
        ]
        if found:
            return tuple(sorted(found))
    return (re.sub(r"[-.]+", "_", name).lower(),)


def _file(folder: Path, package: str) -> str:
    tops = (folder, folder / "src")
    module = any((top / f"{package}.py").is_file() for top in tops) and not any(
        (top / package).is_dir() for top in tops
    )
    return f"{package}.py" if module else f"{package}/__init__.py"


def _programs(folder: Path, project: dict[str, Any]) -> dict[str, str]:
    for file in folder.rglob("entry_points.txt"):
        parser = configparser.ConfigParser(delimiters=("=",))
        parser.optionxform = str  # type: ignore[assignment, method-assign]
        parser.read_string(file.read_text(encoding="utf-8"))
        if parser.has_section("console_scripts"):
            return dict(parser.items("console_scripts"))
    return dict(project.get("project", {}).get("scripts", {}))


def _compiled(folder: Path, builds: Iterable[Requirement]) -> bool:
    if any(each.name.lower() in {*_COMPILERS, "maturin", "meson-python", "scikit-build-core"} for each in builds):
        return True
    setup = folder / "setup.py"
    text = setup.read_text(encoding="utf-8", errors="replace") if setup.is_file() else ""
    return "Extension(" in text and any(path.suffix in _COMPILED for path in folder.rglob("*"))


def _extensions(folder: Path, packages: Iterable[str]) -> tuple[str, ...]:
    return tuple(
        sorted(
            path.relative_to(top).with_suffix("").as_posix()
            for top in (folder, folder / "src")
            for package in packages
            for path in (top / package).rglob("*.pyx")
        )
    )


def _libraries(folder: Path) -> tuple[str, ...]:
    own = {path.name for path in folder.rglob("*.h")}
    found = set()
    for path in folder.rglob("*"):
        if path.suffix in {*_COMPILED, ".h", ".pxd", ".pxi"}:
            text = path.read_text(encoding="utf-8", errors="replace")
            found |= {header for header in _INCLUDE.findall(text) if header not in own}
    return tuple(sorted({_HEADERS[header] for header in found if header in _HEADERS}))
