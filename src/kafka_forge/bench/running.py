"""``bench clients`` from its options to its files: build, environments, broker, measurements, tables."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from kafka_forge import brokers
from kafka_forge.bench import clients, results, roster, tables, workloads
from kafka_forge.bench.measuring import Bench
from kafka_forge.bench.setup import Setup
from kafka_forge.building import build
from kafka_forge.errors import Interrupted, NothingSelected
from kafka_forge.ground.cleaning import using
from kafka_forge.ground.paths import Cache, project_root
from kafka_forge.report import terminal
from kafka_forge.values.selection import Selection

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kafka_forge.bench.results import Results
    from kafka_forge.bench.roster import Client
    from kafka_forge.bench.workloads import Workload
    from kafka_forge.ground.progress import Progress

_JOBS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line of ``bench clients`` says; see its ``--help``."""

    base: str
    broker: str | None
    output: Path | None
    python: str
    names: tuple[str, ...]
    messages: int
    sizes: tuple[int, ...]
    workloads: tuple[str, ...]
    repetitions: int
    partitions: int
    acks: str
    codec: str
    linger_ms: int
    min_time: float
    timeout: float
    seed: int
    json_file: Path | None
    html_file: Path | None
    compare: Path | None

    @property
    def setup(self) -> Setup:
        """What every measurement shares."""
        return Setup(
            messages=self.messages,
            partitions=self.partitions,
            acks=self.acks,
            codec=self.codec,
            linger_ms=self.linger_ms,
            seconds=self.timeout,
            min_time=self.min_time,
        )


def run(options: Options) -> None:
    """Do the whole of ``bench clients`` and print the tables.

    Raises:
        ForgeError: the artifacts cannot be built, or there is no broker, or no such client.
        Interrupted: Ctrl-C, after what was measured has been written and printed.
    """
    begun = time.monotonic()
    chosen, loads = choose(options.names), workloads.choose(options.workloads)
    earlier = results.load_rows(options.compare) if options.compare else None
    if options.html_file:
        from kafka_forge.bench import page

        page.available()
    with terminal.progress_for().shown() as progress:
        found = _measure(options, chosen, loads, progress)
    tables.print_results(found)
    if earlier is not None:
        tables.print_changes(results.compare(earlier, results.as_json(found)["rows"]))
    if options.html_file:
        page.write(found, options.html_file)
    written = [str(file) for file in (options.json_file, options.html_file) if file]
    click.echo(f"measured in {clients.elapsed(begun)}{'; written: ' + ', '.join(written) if written else ''}")
    if found.interrupted:
        kept = f"; what was measured is in {', '.join(written)}" if written else ""
        raise Interrupted(
            f"interrupted with {found.complete} of {found.asked} repetitions complete{kept}",
            todo="run the same command again for all of them.",
        )


def choose(names: Sequence[str]) -> list[Client]:
    """Return the clients of these ids, without any all but those that want to be named, in the order of the tables.

    Raises:
        NothingSelected: there is no such client.
    """
    if unknown := sorted(set(names) - set(roster.BY_ID)):
        raise NothingSelected(
            f"there is no client {', '.join(unknown)}", todo=f"name some of {', '.join(roster.BY_ID)}."
        )
    return [client for client in roster.CLIENTS if client.id in names or not (names or client.named_only)]


def _measure(options: Options, chosen: Sequence[Client], loads: Sequence[Workload], progress: Progress) -> Results:
    root, cache = project_root(), Cache.default()
    output = (options.output or root / "output").resolve()
    selection = Selection(recipes=roster.recipes_for(chosen), pythons=(options.python,))
    with using(cache):
        built = build.build(
            selection, root=root, base=options.base, output=output, cache=cache, jobs=_JOBS, progress=progress
        )
        with (
            roster.ready(
                chosen, built, root=root, output=output, python=options.python, cache=cache, progress=progress
            ) as handed,
            brokers.open_broker(options.broker, cache, progress) as broker,
        ):
            found = clients.new_results(handed, options.sizes, options.repetitions, options.seed, loads)
            found.conditions = clients.conditions(
                options.setup, broker, options.sizes, built.base.name, options.python, loads
            )
            bench = Bench(broker, options.setup)

            def keep(so_far: Results) -> None:
                if options.json_file:
                    results.save(so_far, options.json_file)

            try:
                return clients.measure(bench, handed, found, progress, keep)
            finally:
                bench.tidy()
