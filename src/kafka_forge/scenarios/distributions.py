"""Tells which distributions stand in an environment, and their files; runs on its Python with the standard library.

Usage: ``python -I -B distributions.py REQUEST``. REQUEST is a JSON list of names, by PEP 503's rule. The answer is one
line of JSON: ``python`` (``3.12``, ``3.14t``), and ``found``: for each distribution ``name``, ``version``,
``installer``, ``requires``, ``metadata`` (its file) and ``files``, all absolute. One without a list of its files
(Debian's have none) has those below its top-level modules.
"""

from __future__ import annotations

import json
import os
import re
import sys
import sysconfig
from importlib import metadata
from pathlib import Path
from typing import Any


def normalized(name: str) -> str:
    """Return a distribution's name by PEP 503's rule."""
    return re.sub(r"[-_.]+", "-", name).lower()


def files_of(dist: metadata.Distribution) -> list[str]:
    """Return the files of a distribution that are there."""
    listed = [str(dist.locate_file(file)) for file in dist.files or ()]
    if not listed:
        tops = (dist.read_text("top_level.txt") or dist.metadata["Name"].replace("-", "_")).split()
        roots = [Path(str(dist.locate_file(top))) for top in tops]
        roots += [Path(folder(dist))] + [root.with_suffix(".py") for root in roots]
        listed = [str(path) for root in roots for path in ([root] if root.is_file() else root.rglob("*"))]
    return sorted({os.path.normpath(path) for path in listed if Path(path).is_file()})


def folder(dist: metadata.Distribution) -> str:
    """Return where a distribution's metadata stand."""
    path: Any = getattr(dist, "_path")  # noqa: B009  (there is no public way; mypy does not know this one)
    return str(path)


def told(dist: metadata.Distribution) -> dict[str, Any]:
    """Return what is told of one distribution."""
    place = Path(folder(dist))
    own = [place / "METADATA", place / "PKG-INFO", place]
    return {
        "name": normalized(dist.metadata["Name"]),
        "version": dist.version,
        "installer": (dist.read_text("INSTALLER") or "").strip() or None,
        "requires": dist.requires or [],
        "metadata": str(next(path for path in own if path.is_file())),
        "files": files_of(dist),
    }


if __name__ == "__main__":
    wanted = set(json.loads(sys.argv[1]))
    version = ".".join(map(str, sys.version_info[:2])) + "t" * bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
    all_of_them = {normalized(each.metadata["Name"] or ""): each for each in reversed(list(metadata.distributions()))}
    found = [told(each) for name, each in sorted(all_of_them.items()) if name in wanted]
    print(json.dumps({"python": version, "found": found}))
