"""rdkafka_performance, compiled from the librdkafka recipe's source and linked to the library that it built."""

from __future__ import annotations

import os
import tarfile
from typing import TYPE_CHECKING

from kafka_forge import platforms, sources
from kafka_forge.engine import drafting
from kafka_forge.errors import BuildFailed
from kafka_forge.ground import processes, userland
from kafka_forge.ground.files import Store
from kafka_forge.planning import plan
from kafka_forge.values.evidence import tail
from kafka_forge.values.selection import Selection

if TYPE_CHECKING:
    from pathlib import Path

    from kafka_forge.ground.paths import Cache
    from kafka_forge.ground.progress import Progress
    from kafka_forge.values.model import Base, Environment

_SECONDS = 300.0
_CONFIG = """\
#define HAVE_ATOMICS_32 1
#define HAVE_ATOMICS_32_ATOMIC 1
#define HAVE_ATOMICS_64 1
#define HAVE_ATOMICS_64_ATOMIC 1
#define ATOMIC_OP(OP1, OP2, PTR, VAL) __atomic_##OP1##_##OP2(PTR, VAL, __ATOMIC_SEQ_CST)
#define ATOMIC_OP32(OP1, OP2, PTR, VAL) ATOMIC_OP(OP1, OP2, PTR, VAL)
#define ATOMIC_OP64(OP1, OP2, PTR, VAL) ATOMIC_OP(OP1, OP2, PTR, VAL)
"""
"""What librdkafka's configure would find out, as far as the headers ask for it that the program includes."""


def compiled(made: Environment, base: Base, room: Path, *, root: Path, cache: Cache, progress: Progress) -> Path:
    """Compile the program into ``room``.

    Args:
        made: an environment that holds librdkafka; the program finds it there.
        base: decides over the recipe's variant.
        room: an empty folder.
        root: the checkout.
        cache: the source comes from its store.
        progress: who listens.

    Raises:
        ForgeError: the source cannot be had (see `sources.obtain`).
        BuildFailed: it does not compile.
    """
    source = _unpacked(base, room, made.artifact.cell.platform, root=root, cache=cache, progress=progress)
    (source / "config.h").write_text(_CONFIG, encoding="utf-8")
    layout = platforms.of(made.artifact.cell.platform)
    libraries = made.prefix / layout.library_dir
    program, log = room / "rdkafka_performance", room / "log"
    command: list[str | Path] = [
        *(
            userland.zig_program(),
            "cc",
            "-w",
            "-O2",
            f"-I{source / 'src'}",
            source / "examples" / "rdkafka_performance.c",
        ),
        *("-o", program, libraries / layout.librdkafka, "-lpthread", f"-Wl,-rpath,{libraries}"),
        "-Wl,--allow-shlib-undefined",
    ]
    caches = {"ZIG_GLOBAL_CACHE_DIR": str(cache.compiler), "ZIG_LOCAL_CACHE_DIR": str(room / "zig")}
    variables = {**os.environ, **caches}
    with progress.task("compile rdkafka_performance"):
        done = processes.run(command, log=log, cwd=room, environment=variables, timeout=_SECONDS)
    if done.returncode:
        raise BuildFailed(
            "rdkafka_performance does not compile", details=tail(log), todo="leave it out: name the others by --client."
        )
    return program


def _unpacked(base: Base, room: Path, platform: str, *, root: Path, cache: Cache, progress: Progress) -> Path:
    """Unpack the recipe's source into ``room`` and return its folder."""
    selection = Selection(recipes=("librdkafka",), platforms=(platform,))
    (planned,) = plan.plan(selection, root=root, variants=base.variants)
    hints = sources.load_hints(root / "recipes" / "librdkafka" / "sources.yaml")
    (source,) = drafting.sources_of(planned.rendered, hints)
    archive = sources.obtain(source, Store(cache.store), progress)
    with tarfile.open(archive) as tar:
        # Python 3.10 has filters from 3.10.12 on; the archive is the one of our sha256 either way.
        tar.extraction_filter = getattr(tarfile, "data_filter", None)
        tar.extractall(room / "source")  # noqa: S202  (see above)
    (folder,) = (room / "source").iterdir()
    return folder
