"""Whether a file in the folder where the user works hides a client: ``kafka.py`` is tempting as a name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kafka_forge.doctor.clients import BY_NAME
from kafka_forge.doctor.findings import Finding, Level

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kafka_forge.doctor.seen import Seen


def found(seen: Seen, folder: Path) -> Iterator[Finding]:
    """Give what is found."""
    for name in seen.present:
        module = BY_NAME[name].module
        for path in (folder / f"{module}.py", folder / module / "__init__.py"):
            if path.is_file() and str(folder.resolve()) not in seen.path:
                yield Finding(
                    id="hidden-by-a-file-here",
                    level=Level.WARNING,
                    client=name,
                    what=f"a program that is started in this folder imports {module} from here, and not {name}",
                    evidence=(str(path),),
                    next=f"rename {path}",
                    source="https://github.com/dpkp/kafka-python/issues/2211",
                )
