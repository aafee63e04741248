"""``record-complete``: the distribution's own list of its files is true, in both directions."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from kafka_forge.checks._inspecting import NoArguments, conclude

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kafka_forge.values.evidence import InspectEvidence, RecordLine
    from kafka_forge.values.model import CheckResult

_SHOWN = 10
_SITE = "/site-packages/"
_PROGRAMS = ("bin/", "Scripts/")


class RecordComplete:
    """`importlib.metadata.files` names what is there, and ``pip uninstall`` leaves nothing behind.

    A hash and a size may be left out of a line, as RECORD's specification has it; where they stand, they are true. A
    package for every Python (noarch) can name nothing outside site-packages: where programs go depends on the system
    that it is installed on. Compiled files belong to it as little, as conda makes them when it installs.
    """

    id = "record-complete"
    title = "RECORD lists the files that the package has, all of them and no others, with true hashes and sizes"
    remedy = "write RECORD after the last change of the files"
    stage = "inspect"
    arguments = NoArguments

    def judge(self, arguments: NoArguments, evidence: InspectEvidence) -> list[CheckResult]:  # noqa: ARG002
        """Judge what `inspection.records.read` found."""
        lines = [line for each in evidence.records.values() for line in each]
        problems = list(_problems(lines, evidence)) if evidence.records else ["the package has no RECORD"]
        shown = problems[:_SHOWN]
        if len(problems) > _SHOWN:
            shown.append(f"and {len(problems) - _SHOWN} more")
        bare = sum(1 for line in lines if not line.listed[0])
        counts = {"records": list(evidence.records), "lines": len(lines), "without_hash": bare, "all": problems}
        return [conclude(self.id, shown, f"{len(lines)} lines, {bare} of them without a hash", counts)]


def _problems(lines: list[RecordLine], evidence: InspectEvidence) -> Iterator[str]:
    noarch = evidence.environment.artifact.cell.noarch
    for line in lines:
        if noarch and _SITE not in f"/{line.file}":
            yield f"lists {line.path}, which has another place on another system"
        elif line.found is None:
            yield f"lists {line.path}, which the package does not have"
        else:
            named = zip(("hash", "size"), line.listed, line.found, strict=True)
            yield from (f"{line.path} has another {what}" for what, told, true in named if told and told != true)
    for path, times in Counter(line.file for line in lines).items():
        if times > 1:
            yield f"lists {path} {times} times"
    listed = {line.file for line in lines}
    yield from (f"does not list {file}" for file in evidence.files if file not in listed and _belongs(file, noarch))


def _belongs(file: str, noarch: bool) -> bool:
    """Whether a file of the package has to be listed."""
    if noarch:
        return _SITE in f"/{file}" and "/__pycache__/" not in file
    return _SITE in f"/{file}" or file.startswith(_PROGRAMS)


CHECK = RecordComplete()
