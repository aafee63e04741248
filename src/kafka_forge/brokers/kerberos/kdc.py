"""The KDC of one run: Apache Kerby, by the program that Hadoop's tests start it with (hadoop-minikdc).

It keeps principals in memory, listens on one TCP port of the loopback address, and writes the keys of the principals
that it is started with into a keytab. It runs on the broker's own Java and ends as a broker does (`spawning`).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kafka_forge.brokers import ports, settings, spawning
from kafka_forge.brokers.kerberos import realm
from kafka_forge.brokers.records import Identity, end
from kafka_forge.errors import BrokerNotReady, DiskFull
from kafka_forge.ground.files import explain_os_errors
from kafka_forge.values.evidence import tail

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterable
    from pathlib import Path

    from kafka_forge.brokers.kerberos.realm import Realm
    from kafka_forge.brokers.runtime import Kerberos

_MAIN = "org.apache.hadoop.minikdc.MiniKdc"
_READY = "to stop it"
"""The end of what it prints once it listens and the keytab is written."""
_TAKEN = "Address already in use"
_NO_ROOM = "No space left on device"
_POLL_SECONDS = 0.05
_TRIES = 3
_HEAP_MB = 96
_DAY = 24 * 60 * 60


@dataclass(frozen=True, slots=True)
class Kdc:
    """A KDC that answers.

    Attributes:
        process: its Java.
        guard: what ends it with us; None for one that goes on without us.
        realm: whom it knows.
    """

    process: Identity
    guard: subprocess.Popen[bytes] | None
    realm: Realm

    def end(self) -> None:
        """End it; may be called again. Its folder goes with the broker's."""
        _end(self.process, self.guard)


def start(kerberos: Kerberos, folder: Path, keys: Path, users: Iterable[str], *, detached: bool) -> Kdc:
    """Start a KDC, and return when it answers and the keytabs are written.

    Args:
        kerberos: what to run.
        folder: the broker's; the KDC has a folder of its own in it.
        keys: the folder for keytabs and each principal's ``krb5.conf``.
        users: whom it is to know, beside the broker.
        detached: whether it goes on when this process ends.

    Raises:
        BrokerNotReady, DiskFull: it ended, did not answer within `settings.READY_SECONDS`, or found no free port
            three times.
    """
    users = list(users)
    for _ in range(_TRIES):
        (port,) = ports.lasting(1)
        found = _start_once(kerberos, folder / "kdc", port, users, detached=detached)
        if found is not None:
            break
    else:
        raise _not_ready(folder / "kdc", "found no free port")
    with contextlib.ExitStack() as undo:
        undo.callback(_end, *found)
        written = folder / "kdc" / "keytab"
        content = written.read_bytes()
        written.unlink()
        address = f"{ports.HOST}:{port}"
        told = realm.lay_out(keys, keys=content, kdc=address, java=kerberos.java.name, users=users)
        undo.pop_all()
    return Kdc(*found, told)


def _start_once(
    kerberos: Kerberos, home: Path, port: int, users: list[str], *, detached: bool
) -> tuple[Identity, subprocess.Popen[bytes] | None] | None:
    """Start it on a port; return None where another program has taken that meanwhile."""
    shutil.rmtree(home, ignore_errors=True)
    with explain_os_errors(home):
        (home / "tmp").mkdir(parents=True)
        (home / "kdc.properties").write_text(settings.render(_properties(port)), encoding="utf-8")
    (pid,), guard = spawning.spawn([_command(kerberos, home, users)], home, detached=detached)
    process = Identity.of(pid)
    with contextlib.ExitStack() as undo:
        undo.callback(_end, process, guard)
        if process is not None and _answers(process, home):
            undo.pop_all()
            return process, guard
        if any(_TAKEN in line for line in tail(home / "server.log", 200)):
            return None
        alive = process is not None and process.alive
        raise _not_ready(
            home, f"did not answer within {settings.READY_SECONDS:.0f} seconds" if alive else "ended by itself"
        )


def _properties(port: int) -> dict[str, str]:
    """Return its settings; MiniKdc's documentation in Hadoop has the names. Tickets are good for a day.

    Their lifetimes are seconds, though MiniKdc's own defaults (86400000) look like milliseconds: Kerby multiplies them.
    """
    name, _, domain = realm.NAME.partition(".")
    return {
        "instance": "kafka-forge",
        "org.name": name,
        "org.domain": domain,
        "kdc.bind.address": ports.HOST,
        "kdc.port": str(port),
        "transport": "TCP",
        "max.ticket.lifetime": str(_DAY),
        "max.renewable.lifetime": str(7 * _DAY),
        "debug": "false",
    }


def _command(kerberos: Kerberos, home: Path, users: list[str]) -> list[str]:
    flags = settings.java_flags(home / "tmp", kerberos.java.release, _HEAP_MB)
    files = [str(home), str(home / "kdc.properties"), str(home / "keytab")]
    jars = os.pathsep.join(map(str, kerberos.jars))
    return [str(kerberos.java.program), *flags, "-cp", jars, _MAIN, *files, *realm.principals(users)]


def _answers(process: Identity, home: Path) -> bool:
    """Wait until it says that it runs; False where it ends, has no port, or its time is up."""
    deadline = time.monotonic() + settings.READY_SECONDS
    while time.monotonic() < deadline and process.alive:
        lines = tail(home / "server.log", 200)
        if any(_READY in line for line in lines):
            return True
        if any(_TAKEN in line for line in lines):
            return False
        time.sleep(_POLL_SECONDS)
    return False


def _end(process: Identity | None, guard: subprocess.Popen[bytes] | None) -> None:
    if guard is not None:
        spawning.end(guard)
    if process is not None:
        end(process, grace=0.0)


def _not_ready(home: Path, what: str) -> BrokerNotReady | DiskFull:
    """Return the error for a KDC that did not come up, with its log's last lines; the log is kept."""
    log = home / "server.log"
    details = tail(log)
    kept = home.parents[2] / "last-failure.log"
    with contextlib.suppress(OSError):
        shutil.copyfile(log, kept)
    said = f"the Kerberos server (KDC) {what}"
    if any(_NO_ROOM in line for line in details):
        return DiskFull(
            f"{said}: no room is left on the file system", where=str(home), details=details, todo=DiskFull.MAKE_ROOM
        )
    return BrokerNotReady(
        said, where=str(kept), details=details, todo="read the log; a shortage of memory or disk is the usual reason."
    )
