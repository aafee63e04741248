"""What pkg-config would answer of an installed package, read out of its files (pc(5))."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def read_pc(text: str) -> dict[str, str]:
    """Return the variables and fields of a pkg-config file, with the variables put in (pc(5)).

    >>> read_pc("prefix=/p\\nlibdir=${prefix}/lib\\n\\nLibs: -L${libdir} -lx\\n")["Libs"]
    '-L/p/lib -lx'
    """
    found: dict[str, str] = {}
    for line in text.splitlines():
        if match := re.match(r"\s*([\w.]+)\s*([=:])\s*(.*)", line):
            value = re.sub(r"\$\{([\w.]+)\}", lambda word: found.get(word[1], ""), match[3])
            found[match[1]] = value.strip()
    return found


def required(fields: Mapping[str, str]) -> list[str]:
    """Return the modules that a pkg-config file requires; without those for static linking it gives no flags either.

    >>> required({"Requires": "libssl >= 3.0, zlib", "Requires.private": "liblz4"})
    ['libssl', 'zlib', 'liblz4']
    """
    text = f"{fields.get('Requires', '')} {fields.get('Requires.private', '')}"
    return re.sub(r"[<>!=]+\s*[^\s,]+|,", " ", text).split()


def flags(folder: Path, module: str) -> list[str]:
    """Return what ``pkg-config --cflags --libs`` gives for a module.

    Of what it requires for static linking alone, only the compiler is told (``--cflags``).

    Raises:
        FileNotFoundError: the file of a module is not in the folder; its words say which.
    """
    file = folder / f"{module}.pc"
    if not file.is_file():
        raise FileNotFoundError(f"there is no {file.name}")
    fields = read_pc(file.read_text(encoding="utf-8"))
    compiling, linking = fields.get("Cflags", "").split(), fields.get("Libs", "").split()
    for name in required(fields):
        try:
            further = flags(folder, name)
        except FileNotFoundError as error:
            raise FileNotFoundError(f"{module}.pc requires {name}, which pkg-config would not find") from error
        public = name in required({"Requires": fields.get("Requires", "")})
        compiling += [flag for flag in further if flag.startswith(("-I", "-D"))]
        linking += [flag for flag in further if public and not flag.startswith(("-I", "-D"))]
    return [*compiling, *linking]
