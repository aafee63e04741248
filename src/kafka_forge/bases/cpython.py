"""CPython as the conda packages ``python`` and ``python_abi``, named and pinned as conda-forge does."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from kafka_forge import platforms
from kafka_forge.bases import cpython_linux, elf
from kafka_forge.bases.packing import Package, content_key, pack
from kafka_forge.errors import BaseBuildFailed, UnsupportedMachine
from kafka_forge.sources import obtain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kafka_forge.bases.python_locks import Interpreter
    from kafka_forge.files import Store
    from kafka_forge.progress import Progress

_REVISION = 1
"""Goes up whenever `make` would give another package from the same jar."""

_ABI_BUILD = 8
"""conda-forge's build number of python_abi."""

_ACTIVATE = """\
# This interpreter's OpenSSL is linked into it and cannot know the prefix; a setting of the user's goes before.
if [ -z "${SSL_CERT_FILE:-}" ] && [ -f "${CONDA_PREFIX}/ssl/cacert.pem" ]; then
    export SSL_CERT_FILE="${CONDA_PREFIX}/ssl/cacert.pem"
    export __KAFKA_FORGE_SSL_CERT_FILE=1
fi
"""
_DEACTIVATE = """\
if [ "${__KAFKA_FORGE_SSL_CERT_FILE:-}" = 1 ]; then
    unset SSL_CERT_FILE __KAFKA_FORGE_SSL_CERT_FILE
fi
"""


def build_string(interpreter: Interpreter, platform: str, pins: Mapping[str, str]) -> str:
    """Return the build string: a hash of all that the package is made from, and conda-forge's ending."""
    jar = interpreter.jars[platform]
    key = content_key(_REVISION, jar.sha256, sorted(pins.items()))
    return f"h{key}_0_{_flavour(interpreter.python)}"


def make(
    interpreter: Interpreter,
    platform: str,
    pins: Mapping[str, str],
    *,
    folder: Path,
    work: Path,
    store: Store,
    progress: Progress,
) -> Path:
    """Make the ``python`` package of one interpreter.

    Args:
        interpreter: its lock.
        platform: the conda subdir; only linux-64 is made so far.
        pins: soname → match spec of the package that has it.
        folder: the channel's subdir folder.
        work: a folder for temporary files.
        store: where the jar comes from.
        progress: who listens.

    Raises:
        UnsupportedMachine: there is no jar for the platform, or no module that knows its layout.
        BaseBuildFailed: the jar cannot be made into a package.
        SourceUnreachable, ChecksumMismatch: from obtaining the jar.
    """
    if platform not in interpreter.jars or not platform.startswith("linux-"):
        raise UnsupportedMachine(
            f"the embedded base has no Python {interpreter.python} for {platform}",
            todo="use --base conda-forge there, or leave this Python out.",
        )
    jar = obtain(interpreter.source(platform), store, progress)
    python = interpreter.python
    work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=work, prefix=f"python-{python}-") as room:
        tree = Path(room) / "tree"
        cpython_linux.stage(jar, tree, python)
        if platforms.of(platform).can_run():
            cpython_linux.byte_compile(tree, python)
        _activation(tree)
        return pack(_package(interpreter, platform, pins, tree), tree, folder)


def _package(interpreter: Interpreter, platform: str, pins: Mapping[str, str], tree: Path) -> Package:
    python = interpreter.python
    needs = elf.needs(tree)
    unknown = [soname for soname in needs.sonames if soname not in pins]
    if unknown:
        raise BaseBuildFailed(
            f"Python {python} loads libraries that no package of the base channel has: {', '.join(unknown)}",
            where="bootstrap/python/libraries.json",
            todo="lock a package that has them, or take the modules that load them out (cpython_linux.py).",
        )
    abi = f"python_abi {python}.* *_{_tag(python)}"
    depends = {*needs.virtual(), *(pins[soname] for soname in needs.sonames), "ca-certificates"}
    pinned = _flavour(python) != "cpython"
    return Package(
        "python",
        interpreter.version,
        build_string(interpreter, platform, pins),
        platform,
        depends=(*sorted(depends), *([abi] if pinned else [])),
        constrains=() if pinned else (abi,),
        license="Python-2.0",
        summary="General purpose programming language",
        home="https://www.python.org/",
        run_exports={"weak": (abi,), "noarch": ("python",)},
        site_packages=f"lib/python{python}/site-packages",
        extra={
            "made_from": f"org.bytedeco:cpython:{interpreter.release}:{interpreter.jars[platform].classifier}",
            "absent_modules": list(cpython_linux.absent_modules(tree, python)),
        },
    )


def make_abi(interpreter: Interpreter, *, folder: Path, work: Path) -> Path:
    """Make the ``python_abi`` package: no files, only the names that hold extension modules to their Python."""
    work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=work, prefix="python_abi-") as room:
        return pack(abi_package(interpreter), Path(room), folder)


def abi_package(interpreter: Interpreter) -> Package:
    """Return what ``python_abi`` says for one interpreter, as conda-forge's does."""
    python = interpreter.python
    return Package(
        "python_abi",
        python,
        f"{_ABI_BUILD}_{_tag(python)}",
        "noarch",
        build_number=_ABI_BUILD,
        constrains=(f"python {python}.* *_{_flavour(python)}",),
        noarch="generic",
        license="BSD-3-Clause",
        summary="Metapackage to select python implementation",
        home="https://github.com/conda-forge/python_abi-feedstock",
    )


def _tag(python: str) -> str:
    return f"cp{python.replace('.', '')}"


def _flavour(python: str) -> str:
    """Return the last part of python's build string on conda-forge: since 3.13 it names the ABI."""
    return _tag(python) if int(python.split(".")[1]) >= 13 else "cpython"


def _activation(tree: Path) -> None:
    for when, text in (("activate", _ACTIVATE), ("deactivate", _DEACTIVATE)):
        script = tree / "etc" / "conda" / f"{when}.d" / "python-ssl.sh"
        script.parent.mkdir(parents=True)
        script.write_text(text, encoding="utf-8")
