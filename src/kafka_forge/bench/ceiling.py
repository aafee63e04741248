"""What measures librdkafka without any Python, linked to the library that the recipe built.

That is rdkafka_performance, compiled from its source, and our own program that awaits one message after the other.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from kafka_forge import platforms, sources
from kafka_forge.bench import loads
from kafka_forge.engine import drafting
from kafka_forge.errors import BuildFailed
from kafka_forge.ground import archives, processes
from kafka_forge.ground.files import Store
from kafka_forge.ground.zig import zig_program
from kafka_forge.planning import plan
from kafka_forge.values.evidence import tail
from kafka_forge.values.selection import Selection

if TYPE_CHECKING:
    from kafka_forge.ground.paths import Cache
    from kafka_forge.ground.progress import Progress
    from kafka_forge.values.model import Base, Environment

ROUND_TRIP = "round_trip"
"""The program's name; its own source says how it is used."""
_ROUND_TRIP_SOURCE = Path(loads.__file__).with_name(f"{ROUND_TRIP}.c")
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
    """Compile the programs into ``room``; return rdkafka_performance, which `ROUND_TRIP` stands beside.

    Args:
        made: an environment that holds librdkafka; the programs find it there.
        base: decides over the recipe's variant.
        room: an empty folder.
        root: the checkout.
        cache: the source comes from its store.
        progress: who listens.

    Raises:
        ForgeError: the source cannot be had (see `sources.obtain`).
        BuildFailed: one does not compile.
    """
    source = _unpacked(base, room, made.artifact.cell.platform, root=root, cache=cache, progress=progress)
    (source / "config.h").write_text(_CONFIG, encoding="utf-8")
    example = source / "examples" / "rdkafka_performance.c"
    _compile(_ROUND_TRIP_SOURCE, room / ROUND_TRIP, f"-I{made.prefix / 'include'}", made, cache, progress)
    return _compile(example, room / "rdkafka_performance", f"-I{source / 'src'}", made, cache, progress)


def _compile(source: Path, program: Path, headers: str, made: Environment, cache: Cache, progress: Progress) -> Path:
    layout = platforms.of(made.artifact.cell.platform)
    libraries, room = made.prefix / layout.library_dir, program.parent
    command: list[str | Path] = [
        *(zig_program(cache.compiler), "cc", "-w", "-O2", headers, source),
        *("-o", program, libraries / layout.librdkafka, "-lpthread", f"-Wl,-rpath,{libraries}"),
        "-Wl,--allow-shlib-undefined",
    ]
    caches = {"ZIG_GLOBAL_CACHE_DIR": str(cache.compiler), "ZIG_LOCAL_CACHE_DIR": str(room / "zig")}
    variables, log = {**os.environ, **caches}, room / "log"
    with progress.task(f"compile {program.name}"):
        done = processes.run(command, log=log, cwd=room, environment=variables, timeout=_SECONDS)
    if done.returncode:
        raise BuildFailed(
            f"{program.name} does not compile", details=tail(log), todo="leave it out: name the others by --client."
        )
    return program


def _unpacked(base: Base, room: Path, platform: str, *, root: Path, cache: Cache, progress: Progress) -> Path:
    """Unpack the recipe's source into ``room`` and return its folder."""
    selection = Selection(recipes=("librdkafka",), platforms=(platform,))
    (planned,) = plan.plan(selection, root=root, variants=base.variants)
    hints = sources.load_hints(root / "recipes" / "librdkafka" / "sources.yaml")
    (source,) = drafting.sources_of(planned.rendered, hints)
    archive = sources.obtain(source, Store(cache.store), progress)
    archives.unpack(archive, room / "source")
    (folder,) = (room / "source").iterdir()
    return folder
