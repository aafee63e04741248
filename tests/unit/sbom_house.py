"""A package that the engine has built, small enough to be written down: what a bill of materials is made of."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from conda_package_streaming.create import conda_builder

from kafka_forge.engine import finishing
from kafka_forge.sboms import document
from kafka_forge.sboms.facts import Facts, Origin, Piece, Reason, Role, Solved, Source

if TYPE_CHECKING:
    import tarfile
    from pathlib import Path

STAMP = 1_700_000_001
URL = "https://github.com/owner/small/archive/refs/tags/v1.2.tar.gz"
KEY = "ab" * 32
HERE = "file:///home/me/.cache/kafka-forge/base/0123/channel"
INDEX: dict[str, Any] = {
    "name": "small",
    "version": "1.2",
    "build": "h0123456_7",
    "build_number": 7,
    "subdir": "linux-64",
    "depends": ["openssl >=3.5,<4.0a0", "__glibc >=2.17"],
}
ABOUT: dict[str, Any] = {"license": "BSD-2-Clause", "home": "https://example.org", "summary": "A small client"}
SOURCE = Source("v1.2.tar.gz", (URL,), "1" * 64, ("patches/0001-mend.patch",))
REASON = Reason(
    "patches/0001-mend.patch", "2" * 64, "Mend it", "It was broken.", (("KAFKA-1", "https://example.org/KAFKA-1"),)
)
PIECE = Piece(
    "cJSON", "1.7.19", "MIT", "https://github.com/DaveGamble/cJSON", Role.COPIED, ("src/cJSON.c",), "LICENSE.c"
)


def record(name: str, channel: str = HERE, subdir: str = "linux-64", **more: str) -> dict[str, Any]:
    """Return a package as the solver's record has it."""
    told = {"name": name, "version": "3.5.7", "build": "h1_0", "subdir": subdir, "sha256": "3" * 64, "license": "MIT"}
    return {**told, "url": f"{channel}/{subdir}/{name}-3.5.7-h1_0.conda", **more}


def rendered(build: list[dict[str, Any]] | None = None, host: list[dict[str, Any]] | None = None) -> str:
    """Return ``rendered_recipe.yaml`` as the engine writes it; JSON is YAML."""
    environments = {
        "build": None if build is None else {"specs": [], "resolved": build},
        "host": {"specs": [], "resolved": [record("openssl"), record("zlib")] if host is None else host},
    }
    parts = {
        "recipe": {"build_dir": HERE},
        "finalized_dependencies": {**environments, "run": {"depends": []}},
        "system_tools": {"rattler-build": "0.73.0"},
    }
    return "\n".join(f"{key}: {json.dumps(value)}" for key, value in parts.items()) + "\n"


def facts(**changed: Any) -> Facts:
    """Return what the engine knows of the package."""
    told = {"index": INDEX, "about": ABOUT, "rendered": rendered(), "sources": (SOURCE,), "stamp": STAMP}
    return Facts(**{**told, **changed})


def origin(solved: Solved) -> Origin:
    """Say that OpenSSL's bytes are another's on another machine, and no other's."""
    return Origin("here", None, KEY) if solved.name == "openssl" else Origin("here", solved.sha256)


def written(told: Facts | None = None, **changed: Any) -> bytes:
    """Return the document."""
    given = {"reasons": [REASON], "pieces": [PIECE], "origin": origin, "compilers": ["zig-cc_linux-64"]}
    return document.write(told or facts(), **{**given, **changed})


def raw(folder: Path, recipe: str | None = None, **index: Any) -> Path:
    """Return a ``.conda`` as the engine leaves it: with the rendered recipe, and this machine's folders in that."""
    whole = {**INDEX, **index}
    held = {
        "info/index.json": json.dumps(whole),
        "info/about.json": json.dumps(ABOUT),
        "info/paths.json": json.dumps({"paths": [], "paths_version": 1}),
        "info/recipe/recipe.yaml": "url: file:///home/me/source.tar.gz",
        "info/recipe/rendered_recipe.yaml": recipe or rendered(),
        "share/word": "word",
    }
    for name, text in held.items():
        path = folder / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    stem = f"{whole['name']}-{whole['version']}-{whole['build']}"
    with conda_builder(stem, folder) as archive:
        for name in held:
            archive.add(folder / "tree" / name, name, filter=_nobody)
    return folder / f"{stem}.conda"


def finished(folder: Path, **index: Any) -> Path:
    """Return the package as a channel gets it."""
    target = folder / "finished" / "small.conda"
    target.parent.mkdir()
    finishing.finish(
        raw(folder, **index),
        target,
        STAMP,
        lambda told, about, recipe: written(facts(index=told, about=about, rendered=recipe)),
    )
    return target


def _nobody(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member
