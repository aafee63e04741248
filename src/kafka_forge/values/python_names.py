"""How a Python is named: ``3.14`` in a cell and on the command line, ``3.14t`` where it is free-threaded.

conda-forge tells the two apart by the end of python's build string alone: ``3.14.* *_cp314`` and ``3.14.* *_cp314t``
(its pinning, https://github.com/conda-forge/conda-forge-pinning-feedstock, recipe/migrations/python314t.yaml). The
short names are those of uv, of cibuildwheel and of CPython's own tags (``cp314t``, PEP 703).
"""

from __future__ import annotations

import re

_NAME = re.compile(r"(\d+)\.(\d+)(t?)")


def named(variant: str) -> str | None:
    """Return the name of a variant's Python; None if the variant is of none.

    >>> named("3.12.* *_cpython"), named("3.14.* *_cp314t"), named("")
    ('3.12', '3.14t', None)
    """
    version = re.match(r"\d+\.\d+", variant)
    if version is None:
        return None
    return f"{version.group()}t" if re.search(r"cp3\d+t$", variant) else version.group()


def is_free_threaded(python: str | None) -> bool:
    """Tell whether a Python has no global interpreter lock unless it is asked for one."""
    return python is not None and python.endswith("t")


def version(python: str) -> str:
    """Return the version without the flavour.

    >>> version("3.14t")
    '3.14'
    """
    return python.removesuffix("t")


def tag(python: str) -> str:
    """Return what conda-forge and wheels call its binary interface.

    >>> tag("3.14t")
    'cp314t'
    """
    return f"cp{python.replace('.', '')}"


def order(python: str | None) -> tuple[int, int, int]:
    """Return what Pythons are sorted by: what is of none first, a free-threaded one behind its twin.

    >>> sorted(["3.14t", "3.9", "3.14", "any"], key=order)
    ['any', '3.9', '3.14', '3.14t']
    """
    found = _NAME.fullmatch(python or "")
    return (int(found[1]), int(found[2]), len(found[3])) if found else (0, 0, 0)


def spec(python: str) -> str:
    """Return the match spec of python.

    One that is not free-threaded needs no build string: what is built for it asks for its ``python_abi``.

    >>> spec("3.14"), spec("3.14t")
    ('python 3.14.*', 'python 3.14.* *_cp314t')
    """
    return f"python {version(python)}.* *_{tag(python)}" if is_free_threaded(python) else f"python {python}.*"
