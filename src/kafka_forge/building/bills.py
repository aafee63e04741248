"""The bill of materials of one cell: what a recipe, its patches and the base say, beside what the engine knows."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import time
from dataclasses import dataclass
from importlib.metadata import files, version
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import url2pathname

from kafka_forge.bases import home
from kafka_forge.errors.hiding import hidden
from kafka_forge.patching import references
from kafka_forge.patching.headers import read_message
from kafka_forge.patching.patch import parse
from kafka_forge.sboms import copied, facts
from kafka_forge.sboms.facts import Origin, Piece, Reason, Role, Tool

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kafka_forge.sboms.facts import Facts, Solved
    from kafka_forge.values.model import Base
    from kafka_forge.values.rendered import Rendered

FORMAT = 2
"""Goes up with whatever changes what a bill says of the same package: it stands in the key of each artifact."""
_EMBEDDED = "the embedded base of kafka-forge, which makes it from what registries have"
_LOCAL = "a local channel"
_KEY = re.compile(r"[0-9a-f]{64}")
_ZIG, _ZIGLANG = "zig", "ziglang"
_GLIBC = "LGPL-2.1-or-later WITH GCC-exception-2.0-note"
"""Of the files of glibc that zig compiles for it (``ziglang/lib/libc/glibc/io/stat-2.32.c``)."""
_LLVM = re.compile(r"^#\s*define _LIBCPP_VERSION (\d+)(\d\d)(\d\d)$", re.MULTILINE)
_HEADER = "ziglang/lib/libcxx/include/__config"


def key() -> list[object]:
    """Return what decides a bill's bytes, and is no part of what it is about."""
    return [FORMAT, facts.FORMAT, version(facts.LIBRARY), version("kafka-forge")]


@dataclass(slots=True)
class RecipeBill:
    """Writes the document of a recipe's package (`kafka_forge.sboms.facts.Bill`).

    Attributes:
        rendered: what is built.
        base: what it is built on.
        output: the channel's folder that it goes to; what is built here stands in it, too.
        seconds: how long it has worked.
    """

    rendered: Rendered
    base: Base
    output: Path
    seconds: float = 0.0

    def look(self, archives: Sequence[Path]) -> None:
        """Hold what the recipe says of copies against its sources; errors as `copied.load` and `copied.check`."""
        with self._timed():
            copies = self._copies()
            if copies is not None:
                copied.check(copies, archives, self.rendered.recipe_dir / copied.NAME)

    def write(self, told: Facts) -> bytes:
        """Return the document."""
        with self._timed():
            return self._written(told)

    @contextlib.contextmanager
    def _timed(self) -> Iterator[None]:
        begun = time.monotonic()
        yield
        self.seconds += time.monotonic() - begun

    def _written(self, told: Facts) -> bytes:
        from kafka_forge.sboms import document  # a third of a second, for who builds

        copies = self._copies()
        wanted = [patch for source in told.sources for patch in source.patches]
        return document.write(
            told,
            reasons=[self._reason(patch) for patch in wanted],
            pieces=[*(copies.pieces() if copies else ()), *_linked_in(self.rendered)],
            origin=self._origin,
            compilers=[f"{name}_{self.rendered.platform}" for name in self._compilers()],
            tools=[Tool(_ZIG, version(_ZIGLANG), _ZIGLANG)] if _by_zig(self.rendered) else [],
            properties=[("base", _LOCAL if self.base.name.startswith("file:") else hidden(self.base.name))],
        )

    def _copies(self) -> copied.Copies | None:
        return copied.load(self.rendered.recipe_dir, self.rendered.platform)

    def _compilers(self) -> Iterator[str]:
        yield from (
            self.rendered.variant[each] for each in ("c_compiler", "cxx_compiler") if each in self.rendered.variant
        )

    def _reason(self, name: str) -> Reason:
        data = (self.rendered.recipe_dir / name).read_bytes()
        message = read_message(parse(name, data).message)
        answers = references.labelled(message.answers)
        return Reason(name, hashlib.sha256(data).hexdigest(), message.subject, message.why, answers)

    def _origin(self, solved: Solved) -> Origin:
        """Say where a package is from, without a folder of this machine.

        What the embedded base compiles here knows the folder that it was compiled in (OpenSSL's default folders), so
        its bytes are another's on another machine: it is named by the key of all that it was made from.
        """
        if not solved.url.startswith("file:"):
            channel = hidden(solved.url).rsplit("/", 2)[0]
            return Origin(channel, solved.sha256, url=hidden(solved.url), channel=channel.rpartition("/")[2])
        folder = Path(url2pathname(urlsplit(solved.url).path)).parent.parent
        if folder == self.output:
            return Origin("built from its recipe here, as this package is", solved.sha256)
        made_from = _made_from(folder, solved)
        words = _EMBEDDED if self.base.name == "embedded" else _LOCAL
        return Origin(words, None if made_from else solved.sha256, made_from)


def _made_from(channel: Path, solved: Solved) -> str | None:
    note = channel / home.KEYS / solved.subdir / f"{solved.name}.json"
    try:
        found = str(json.loads(note.read_text(encoding="utf-8"))["key"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if _KEY.fullmatch(found) else None


def _by_zig(rendered: Rendered) -> bool:
    return rendered.variant.get("c_compiler", "").startswith(_ZIG)


def _linked_in(rendered: Rendered) -> Iterator[Piece]:
    """Give what zig links into all that it compiles, on every system; of other compilers nothing.

    libc++ on macOS, too: what is linked there asks for no library of the system's but libSystem (librdkafka++.1.dylib).
    """
    if not _by_zig(rendered):
        return
    zig, system = version(_ZIGLANG), rendered.platform.partition("-")[0]
    parts = "the functions that the code calls"
    yield Piece("compiler-rt", zig, "MIT", "https://ziglang.org", Role.LINKED, note=f"zig's own; {parts}")
    if system == "linux":
        # libc_nonshared.a: for a glibc before 2.33, `stat` and its kin stand in it, and call __xstat
        words = f"its libc_nonshared.a, as zig {zig} has it; {parts}"
        yield Piece("glibc", zig, _GLIBC, "https://www.gnu.org/software/libc/", Role.LINKED, note=words)
    if system == "win":
        yield Piece(
            "mingw-w64 runtime", zig, "ZPL-2.1", "https://www.mingw-w64.org", Role.LINKED, note=f"as zig {zig} has it"
        )
    if rendered.variant.get("cxx_compiler", "").startswith(_ZIG):
        yield Piece(
            "libc++",
            _llvm(),
            "Apache-2.0 WITH LLVM-exception",
            "https://libcxx.llvm.org",
            Role.LINKED,
            note=f"with libc++abi and libunwind, as zig {zig} has them; {parts}",
        )
        if rendered.platform == "linux-ppc64le":
            words = "leads from one long double to the other (ground/long_double.py)"
            yield Piece("kafka-forge", version("kafka-forge"), "BSD-3-Clause", "", Role.LINKED, note=words)


def _llvm() -> str:
    """Return the version of the libc++ that zig carries, as its own header tells it; empty where it does not."""
    header = next((each for each in files(_ZIGLANG) or () if each.as_posix() == _HEADER), None)
    found = _LLVM.search(header.read_text(encoding="utf-8")) if header else None
    return ".".join(str(int(part)) for part in found.groups()) if found else ""
