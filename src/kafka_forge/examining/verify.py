"""The main job: from recipes to a verdict about every artifact, and the report of it.

plan → base → build → for each artifact, side by side: `examine` → report, as JSON and as a page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kafka_forge import emulators
from kafka_forge.brokers import choose
from kafka_forge.building import build
from kafka_forge.contracts.loading import contracts_of
from kafka_forge.environments.installers import FromChannels
from kafka_forge.examining import attested as as_attested
from kafka_forge.examining import reporting
from kafka_forge.examining.examine import Candidate, Run, examine_all
from kafka_forge.examining.reporting import Begun
from kafka_forge.ground.cleaning import using
from kafka_forge.report import model as report_model
from kafka_forge.values import python_names
from kafka_forge.values.model import PLATFORMS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kafka_forge.building.build import Built
    from kafka_forge.examining.attested import Attested
    from kafka_forge.examining.reporting import Verified
    from kafka_forge.ground.paths import Cache
    from kafka_forge.ground.progress import Progress
    from kafka_forge.values.contract import Contract
    from kafka_forge.values.selection import Selection


def verify(
    selection: Selection,
    *,
    root: Path,
    base: str,
    brokers: Sequence[str],
    output: Path,
    cache: Cache,
    jobs: int,
    progress: Progress,
    attested: Attested | None = None,
) -> Verified:
    """Build what is not built, then install, inspect and try every artifact, and write ``report.json`` and its page.

    Args:
        selection: what to narrow it to.
        root: the checkout.
        base: ``auto``, ``conda-forge``, ``embedded`` or a channel's URL.
        brokers: Kafka versions, ``HOST:PORT`` or ``all``; none for the default version.
        output: the channel's folder; the report goes there too.
        cache: the cache to use.
        jobs: how many cells to work on side by side.
        progress: who listens.
        attested: the file that is to come out again; its artifact gets the check ``as-attested``.

    Raises:
        UnknownBroker, ContractInvalid: one of ``brokers`` is none of that, or a contract is missing or wrong; told
            before anything is built.
        ForgeError: whatever stopped the run as a whole; a fault of one artifact is a failed check instead, and so is
            that of a broker.
    """
    names = choose(brokers)
    begun = Begun()
    contracts: dict[str, Contract] = {}
    with using(cache):
        made = build.build(
            selection,
            root=root,
            base=base,
            output=output,
            cache=cache,
            jobs=jobs,
            progress=progress,
            stages=begun.stages,
            keep_going=True,
            planned=lambda cells: contracts.update(contracts_of(cells, root)),
        )
        run = Run(names, cache, progress, stages=begun.stages, survive=True)
        installer = FromChannels((output.as_uri(), made.base.channel), cache, progress)
        candidates = [Candidate(each, contracts[each.cell.id], installer) for each in made.artifacts]
        examined = examine_all(run, candidates, jobs)
    reports = [*examined.artifacts, *(report_model.missing_report(cell, why) for cell, why in made.missing)]
    if attested is not None:
        reports = [as_attested.judged(each, attested, output) for each in reports]
    rows = sorted(reports, key=_place)
    return reporting.write("verify", begun, made.base, examined, output, artifacts=rows, rolled=_rolled(made, cache))


def _rolled(made: Built, cache: Cache) -> list[str]:
    """Return what stands for locked packages in the bases of this run, and in what ran their platforms."""
    found = {text for base in made.bases.values() for text in base.rolled}
    for platform in {artifact.cell.platform for artifact in made.artifacts}:
        found.update(emulators.rolled(platform, cache))
    return sorted(found)


def _place(report: report_model.ArtifactReport) -> tuple[int, str, tuple[int, int, int]]:
    """Return what the report is sorted by: the platform, the recipe, the Python."""
    return PLATFORMS.index(report.platform), report.recipe, python_names.order(report.python)
