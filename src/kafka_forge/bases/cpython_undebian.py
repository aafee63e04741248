"""Debian's changes to CPython's modules taken back, where CPython's own source is not to be had beside the packages.

Debian's ``site`` and ``sysconfig`` know a ``dist-packages`` that all its Pythons share, and put packages that pip
installs below ``local``; ``pydoc`` and ``gettext`` look into places of Debian's. Each change is taken back where it
stands, word for word, and a module that reads otherwise is an error: so nothing of a next release slips through.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kafka_forge.errors import BaseBuildFailed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

DEBIANS_WORDS = ("dist-packages", "posix_local", "deb_system", "locale-langpack")
"""Words that only Debian's changes have."""

_SITE = (
    (r"lib/python3/dist-packages\.", "lib/python<version>/site-packages."),
    (r"For Debian and derivatives, .*?is not used\.\n\n", ""),
    (r"    is_virtual_environment = [^\n]*\n\n", ""),
    (r" {12}if is_virtual_environment:\n.*?# this one is deprecated for Debian\n", ""),
    (r'"dist-packages"', '"site-packages"'),
)
_SYSCONFIG = (
    (r"    'deb_system': \{.*?\n {8}\},\n", ""),
    (r"    'posix_local': \{.*?\n {8}\},\n", ""),
    (r"\('posix_prefix', 'posix_home', 'posix_local', 'deb_system'\)", "('posix_prefix', 'posix_home')"),
    (r'\n    if sys\.base_prefix != sys\.prefix or hasattr\(sys, "real_prefix"\):\n.*?(?=\n    return \{)', ""),
    (r"'prefix': prefix_scheme,", "'prefix': 'posix_prefix',"),
)
_PYDOC = ((r"'dist-packages'", "'site-packages'"),)
_GETTEXT = (
    # the comments in between are indented with tabs
    (r' {8}mofile_lp = os\.path\.join\("/usr/share/locale-langpack".*?(?= {8}if os\.path\.exists\(mofile\):)', ""),
    (r"[ \n]*\t# langpack mofile -> use it\n.*?(?=\n {4}return result)", ""),
)

CHANGES: dict[str, Sequence[tuple[str, str]]] = {
    "site.py": _SITE,
    "sysconfig/__init__.py": _SYSCONFIG,
    "pydoc.py": _PYDOC,
    "gettext.py": _GETTEXT,
}
"""Module → patterns of what Debian changed, and what CPython has there."""


def take_back(library: Path) -> tuple[str, ...]:
    """Mend the modules of a standard library; return which were.

    Args:
        library: the folder ``lib/python3.15`` of a staged prefix.

    Raises:
        BaseBuildFailed: a module does not read as Debian's of 3.15 does, or says more of Debian's than is known here.
    """
    for name, changes in CHANGES.items():
        path = library / name
        text = path.read_text(encoding="utf-8")
        for pattern, ours in changes:
            text, found = re.subn(pattern, ours, text, flags=re.DOTALL)
            if not found:
                raise _unexpected(path, f"nothing in it fits {pattern!r}")
        if left := [word for word in DEBIANS_WORDS if word in text]:
            raise _unexpected(path, f"it still says {', '.join(left)}")
        path.write_text(text, encoding="utf-8")
    return tuple(CHANGES)


def _unexpected(path: Path, why: str) -> BaseBuildFailed:
    return BaseBuildFailed(
        f"Debian's {path.name} is not as expected: {why}",
        where=str(path),
        todo="compare it with CPython's own, and mend the patterns in src/kafka_forge/bases/cpython_undebian.py.",
    )
