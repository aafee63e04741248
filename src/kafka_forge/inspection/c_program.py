"""One small program that uses an installed librdkafka: its source, its compiler, and what came of it.

There are four: C and C++, each against the C library and the C++ library. The compiler is the toolkit's zig, for the
artifact's platform. Of the C++ library the program uses only what no C++ standard library has a part in, so that it
can be linked whichever compiler the artifact is from; Microsoft's names for it are other ones.
"""

from __future__ import annotations

import os
import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kafka_forge import platforms
from kafka_forge.bases.zig import TARGETS
from kafka_forge.environments import activation
from kafka_forge.ground import long_double, processes
from kafka_forge.ground.zig import zig_program
from kafka_forge.inspection import binaries

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kafka_forge.ground.paths import Cache
    from kafka_forge.values.model import Environment, JsonObject

LIBRARIES = ("rdkafka", "rdkafka++")
"""What is linked with: the names of pkg-config files, of CMake's targets, and of the libraries themselves."""

_C = """\
#include <librdkafka/rdkafka.h>
#include <stdio.h>
int main(void) { puts(rd_kafka_version_str()); return 0; }
"""
_CXX = """\
#include <librdkafka/rdkafkacpp.h>
#include <cstdio>
int main() {
    const unsigned version = RdKafka::version();  // 0xMMmmrrxx (rdkafkacpp.h)
    std::printf("%u.%u.%u\\n", version >> 24, version >> 16 & 0xff, version >> 8 & 0xff);
    return 0;
}
"""
_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Kind:
    """A program: the language that it is written in (CMake's word for it), and the library that it links with."""

    language: str
    library: str

    @property
    def uses(self) -> str:
        """The library whose functions it calls."""
        return self.library if self.language == "CXX" else "rdkafka"

    @property
    def source(self) -> str:
        """The name of its source file, which `write` makes."""
        suffix = "c" if self.language == "C" else "cpp"
        return f"{self.uses}.{suffix}"


KINDS = tuple(Kind(language, library) for language in ("C", "CXX") for library in LIBRARIES)


@dataclass(frozen=True, slots=True)
class Bench:
    """Where programs are built: the artifact's environment, a temporary folder, and the cache of the compiler."""

    environment: Environment
    room: Path
    cache: Cache

    @property
    def windows(self) -> bool:
        """Whether the artifact is for Windows."""
        return platforms.of(self.environment.artifact.cell.platform).binary_kind == "pe"

    @property
    def root(self) -> Path:
        """Where ``include`` and ``lib`` stand."""
        return self.environment.prefix / platforms.of(self.environment.artifact.cell.platform).library_dir.parent

    def write(self) -> None:
        """Write the sources into the folder."""
        for name, text in (("rdkafka.c", _C), ("rdkafka.cpp", _C), ("rdkafka++.cpp", _CXX)):
            (self.room / name).write_text(text, encoding="utf-8")

    def compiler(self, language: str) -> list[str]:
        """Return the compiler for the artifact's platform, with the options that make it so."""
        target = TARGETS[self.environment.artifact.cell.platform]
        word = "cc" if language == "C" else "c++"
        # as the base's own compiler calls it, whose builds have left zig's C++ library compiled: it is minutes' work
        options = ["-g0", "-O2", "-fno-sanitize=undefined", "-s"]
        zig = zig_program(self.cache.compiler).as_posix()
        return [zig, word, "-target", target, *options, *long_double.flags(target)]

    def objects(self) -> list[str]:
        """Return what a program is linked with beside its own, whatever its language."""
        target = TARGETS[self.environment.artifact.cell.platform]
        return long_double.objects(target, zig_program(self.cache.compiler), self.cache.compiler)

    def run(self, command: Sequence[str | Path]) -> processes.Finished:
        """Run a command in the folder."""
        caches = {"ZIG_GLOBAL_CACHE_DIR": str(self.cache.compiler), "ZIG_LOCAL_CACHE_DIR": str(self.room / "zig")}
        return processes.run(command, cwd=self.room, environment=os.environ | caches, timeout=_SECONDS)

    def relative(self, text: str) -> str:
        """Return a text with ``PREFIX`` for the environment's prefix."""
        prefix = self.environment.prefix
        return text.replace(str(prefix), "PREFIX").replace(prefix.as_posix(), "PREFIX")

    def told(self, done: processes.Finished) -> list[str]:
        """Return the last lines of a command that failed."""
        return self.relative(done.output.decode(errors="replace")).splitlines()[-15:]

    def foreign(self, kind: Kind) -> str:
        """Return why the toolkit's compiler cannot link a program; empty where it can."""
        if not (self.windows and kind.uses == "rdkafka++"):
            return ""
        names = _exported(self.root / "bin" / "rdkafka++.dll")
        return "the library is of Microsoft's C++" if any(name.startswith("?") for name in names) else ""

    def tried(self, kind: Kind, done: processes.Finished, program: Path) -> JsonObject:
        """Return what came of a program whose linking has ended: see `c_project.build`."""
        if done.returncode:
            return answer(kind, lines=self.told(done))
        environment = self.environment
        found = tuple(binaries.read(program.parent, [program.name], platforms.of(environment.artifact.cell.platform)))
        needed = [library_name(name) for each in found for name in each.needed]
        output, lines = None, []
        if environment.runner is not None:
            runner = environment.runner
            variables = activation.variables(environment)
            ran = processes.run(runner.command([program]), environment=variables, timeout=_SECONDS)
            lines = ran.output.decode(errors="replace").splitlines()[-5:]
            runner.check(ran.returncode, lines, environment.artifact.cell.id)
            output = lines[-1].strip() if lines and ran.returncode == 0 else ""
        return answer(kind, ok=True, needed=needed, output=output, lines=lines)


def answer(
    kind: Kind,
    *,
    ok: bool = False,
    needed: Sequence[str] = (),
    output: str | None = None,
    lines: Sequence[str] = (),
    refused: str = "",
) -> JsonObject:
    """Return what came of one program, as evidence."""
    return {
        "language": kind.language,
        "library": kind.library,
        "uses": kind.uses,
        "ok": ok,
        "needed": list(needed),
        "output": output,
        "lines": list(lines),
        "refused": refused,
    }


def library_name(file: str) -> str:
    """Return the name by which a linker is asked for a library.

    >>> library_name("librdkafka++.so.1"), library_name("@rpath/librdkafka.1.dylib"), library_name("rdkafka.dll")
    ('rdkafka++', 'rdkafka', 'rdkafka')
    """
    return posixpath.basename(file).removeprefix("lib").partition(".")[0]


def _exported(dll: Path) -> list[str]:
    import lief

    binary = lief.PE.parse(str(dll)) if dll.is_file() else None
    exports = binary.get_export() if binary else None
    return [str(entry.name) for entry in exports.entries] if exports else []
