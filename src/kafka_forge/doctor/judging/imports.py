"""Whether there are clients, and whether they import: one that crashes, hangs, or fails for a reason not yet listed."""

from __future__ import annotations

import re
import signal
from typing import TYPE_CHECKING

from kafka_forge.doctor.clients import BY_NAME
from kafka_forge.doctor.findings import Finding, Level

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kafka_forge.doctor.seen import Imported, Seen


_REMEDIES = (
    (
        r"(?P<what>\S+): cannot open shared object file|Library not loaded: (?P<also>\S+)",
        "install the package that brings {what}, or name its folder in LD_LIBRARY_PATH",
    ),
    (r"DLL load failed", "install what brings the DLLs that {name} needs (librdkafka, the Visual C++ runtime) anew"),
    (r"undefined symbol: (?P<what>rd_kafka_\w+)", "the librdkafka that is found is too old for {name}: upgrade it"),
    (r"version `(?P<what>GLIBC(?:XX)?_[\d.]+)' not found", "take a build of {name} that was made for an older system"),
)
"""What loaders say (glibc's, macOS's dyld, Python on Windows) → what to do; a second installation mends none of it."""


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
            next=_remedy(name, ended.error),
        )


def _remedy(name: str, error: str) -> str:
    for pattern, remedy in _REMEDIES:
        if told := re.search(pattern, error):
            named = next(filter(None, told.groupdict().values()), "")
            return remedy.format(name=name, what=named)
    return f"pip install --force-reinstall {name}"


def _ended(status: int) -> str:
    """Return what a status means.

    >>> _ended(-11), _ended(3)
    ('SIGSEGV', 'status 3')
    """
    try:
        return signal.Signals(-status).name if status < 0 else f"status {status}"
    except ValueError:
        return f"signal {-status}"
