"""Whether there are clients, and whether they import: one that crashes, hangs, or fails for a reason not yet listed."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from kafka_forge.doctor.clients import BY_NAME
from kafka_forge.doctor.findings import Finding, Level

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kafka_forge.doctor.seen import Imported, Seen


def found(seen: Seen, listed: Sequence[Finding]) -> Iterator[Finding]:
    """Give what is found; ``listed`` are the known faults, which explain some of the failures already."""
    if not seen.present:
        yield Finding(
            id="no-client",
            level=Level.WARNING,
            what="there is no Kafka client in this environment",
            evidence=(f"looked for {', '.join(client.module for client in BY_NAME.values())}", *seen.path),
            next="pip install confluent-kafka, or name the environment that you mean by --prefix or --python",
        )
    explained = {line for finding in listed for line in finding.evidence}
    for name, imported in seen.clients.items():
        yield from _of(name, imported, explained)


def _of(name: str, imported: Imported, explained: set[str]) -> Iterator[Finding]:
    module = BY_NAME[name].module
    if imported.hung:
        yield Finding(
            id="import-hangs",
            level=Level.BROKEN,
            client=name,
            what=f"import {module} does not end",
            evidence=imported.said,
            next=f"python -X faulthandler -X importtime -c 'import {module}' shows where it stands",
        )
    elif imported.status:
        yield Finding(
            id="import-crashes",
            level=Level.BROKEN,
            client=name,
            what=f"import {module} ends the process: {_ended(imported.status)}",
            evidence=imported.said,
            next=f"install {name} anew; if it crashes still, python -X faulthandler -c 'import {module}' has the place",
        )
    for part, ended in imported.imports.items():
        line = f"import {part}: {ended.error}"
        absent = ended.error and ended.error.endswith(f"No module named '{part}'")
        if ended.error is None or line in explained or (part != module and absent):
            continue
        yield Finding(
            id="import-fails",
            level=Level.BROKEN if part == module else Level.WARNING,
            client=name,
            what=f"import {part} fails: {ended.error}",
            evidence=(line,),
            next=f"pip install --force-reinstall {name}",
        )


def _ended(status: int) -> str:
    """Return what a status means.

    >>> _ended(-11), _ended(3)
    ('SIGSEGV', 'status 3')
    """
    try:
        return signal.Signals(-status).name if status < 0 else f"status {status}"
    except ValueError:
        return f"signal {-status}"
