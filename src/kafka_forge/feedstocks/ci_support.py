"""A feedstock's ``.ci_support``: one file for each build, as conda-smithy renders it.

Each file has every key that the recipe uses, with the one value that this build takes, as a list of one; its name
begins with the platform (``linux_aarch64_python3.12.____cpython.yaml``). A noarch package of a v1 recipe has no
``target_platform`` there, for rattler-build calls that ``noarch`` (prefix-dev/rattler-build#2663): its platform is in
the name alone. A feedstock in the middle of a migration has a file under ``.ci_support/migrations`` and, where the
migration adds a value, a build for each.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from kafka_forge.errors import FeedstockInvalid

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

Builds = dict[tuple[str, str], dict[str, frozenset[str]]]
"""(platform, Python or ``any``) → key → its values, which are several where there is a build for each."""

_SERVICE = {"channel_sources", "channel_targets", "docker_image", "build_platform", "target_platform", "zip_keys",
            "pin_run_as_build", "macos_machine", "build_number_decrement", "github_actions_labels",
            "python_impl", "is_freethreading", "is_abi3", "is_python_min"}  # fmt: skip
"""Keys that tell conda-forge's services where and with what to build, or only repeat another key."""
_MACHINE = re.compile(r"[A-Z0-9_]+|cdt_.*|cf_.*")
"""Keys for the machine (deployment targets, CDT names) and of the pinning's own book-keeping."""
_NAMED = re.compile(r"(linux|osx|win)_(?:(64|aarch64|ppc64le|arm64|riscv64|s390x|armv7l)_)?")
"""How conda-smithy's file names begin; those from before 2020 name x86_64 by leaving it out."""


def joined(variants: Iterable[tuple[str, Mapping[str, str]]]) -> Builds:
    """Join the builds of one platform and Python: several outputs, and the values that a migration adds."""
    found: Builds = {}
    for platform, variant in variants:
        build = found.setdefault((platform, python_of(variant)), {})
        for key, value in variant.items():
            build[key] = build.get(key, frozenset()) | {value}
    return found


def pins(variant: Mapping[str, Any]) -> dict[str, str]:
    """Return the keys of a variant that pin something, spelled as conda-forge spells them."""
    return {
        key.replace("-", "_"): str(value)
        for key, value in variant.items()
        if key not in _SERVICE and not _MACHINE.fullmatch(key) and str(value) != "None"
    }


def read(feedstock: Path) -> Builds:
    """Read a feedstock's ``.ci_support``.

    Raises:
        FeedstockInvalid: there is none, or one of its files is no variant.
    """
    files = sorted((feedstock / ".ci_support").glob("*.yaml"))
    if not files:
        raise FeedstockInvalid(
            "this is no rendered feedstock: it has no .ci_support/*.yaml",
            where=str(feedstock / ".ci_support"),
            todo="name the root of a feedstock's checkout; a new one is rendered by conda-smithy first.",
        )
    return joined(map(_variant, files))


def python_of(variant: Mapping[str, str]) -> str:
    """Return the Python of a build, a free-threaded one as ``3.14t`` (its build string is ``*_cp314t``)."""
    text = variant.get("python", "")
    version = re.match(r"\d+\.\d+", text)
    if version is None:
        return "any"
    return f"{version.group()}t" if text.endswith("t") else version.group()


def _variant(file: Path) -> tuple[str, dict[str, str]]:
    single = {
        str(key): value[0] for key, value in _mapping(file).items() if isinstance(value, list) and len(value) == 1
    }
    platform = str(single["target_platform"]) if "target_platform" in single else _platform_by_name(file)
    return platform, pins({key: value for key, value in single.items() if not isinstance(value, (dict, list))})


def _mapping(file: Path) -> dict[Any, Any]:
    try:
        data = YAML(typ="safe").load(file.read_text(encoding="utf-8"))
    except (OSError, YAMLError, UnicodeError) as error:
        raise _no_variant(file, f"{error}".splitlines()[0]) from error
    if not isinstance(data, dict):
        raise _no_variant(file, "it is no mapping of keys to lists")
    return data


def _platform_by_name(file: Path) -> str:
    found = _NAMED.match(file.name)
    if found is None:
        raise _no_variant(file, "neither its name nor a target_platform says what it is built for")
    return f"{found.group(1)}-{found.group(2) or '64'}"


def _no_variant(file: Path, why: str) -> FeedstockInvalid:
    return FeedstockInvalid(
        f"this is no variant as conda-smithy renders it: {why}",
        where=str(file),
        todo="take the file away if conda-smithy did not write it, else rerender the feedstock.",
    )


@dataclass(frozen=True, slots=True)
class Migration:
    """A migration that a feedstock has had: its file's name without the ending, and what it sets or adds."""

    name: str
    values: dict[str, tuple[str, ...]]


def migrations(feedstock: Path) -> tuple[Migration, ...]:
    """Read a feedstock's ``.ci_support/migrations``; without that folder there is none.

    Raises:
        FeedstockInvalid: one of its files is no migration.
    """
    found = []
    for file in sorted((feedstock / ".ci_support" / "migrations").glob("*.y*ml")):
        data = _mapping(file)
        values = {
            str(key).replace("-", "_"): tuple(map(str, value))
            for key, value in data.items()
            if isinstance(value, list) and not str(key).startswith("__")
        }
        found.append(Migration(file.stem, values))
    return tuple(found)
