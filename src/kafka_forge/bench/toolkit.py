"""How quick the toolkit itself is, on what is built already.

Each figure is the median of several runs, with the least and the greatest beside it: these are wall seconds on a
machine that may be shared, so the goals are printed for comparison and never fail a test.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kafka_forge.ground.progress import Progress


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured quantity.

    Attributes:
        name: what was measured.
        unit: ``s``, ``ms``, ``MB``, ``%``, ``x``.
        goal: what it should stay below, in that unit.
        median: of all runs, in that unit.
        low: the least.
        high: the greatest.
        runs: how many runs.
    """

    name: str
    unit: str
    goal: float
    median: float
    low: float
    high: float
    runs: int

    @property
    def met(self) -> bool:
        """Whether the median is within the goal."""
        return self.median <= self.goal


def _figure(name: str, unit: str, goal: float, values: Sequence[float]) -> Figure:
    rounded = [round(value, 3) for value in values]
    return Figure(name, unit, goal, round(statistics.median(rounded), 3), min(rounded), max(rounded), len(rounded))


@dataclass(frozen=True, slots=True)
class Spent:
    """What one run of a command took: wall seconds, and the peak resident memory of its own process in bytes."""

    seconds: float
    peak: int


def run(arguments: Sequence[str], root: Path, *, ends: Sequence[int] = (0,)) -> Spent:
    """Run ``kafka-forge`` with these arguments and watch its time and memory; ``ends`` are the statuses of success.

    The memory is that of the toolkit's process alone: compilers, brokers and clients are children of it.

    Raises:
        subprocess.CalledProcessError: it failed; its output is in the exception.
    """
    with tempfile.TemporaryFile() as log:
        begun = time.monotonic()
        child = psutil.Popen(
            [sys.executable, "-m", "kafka_forge.cli", *arguments],
            cwd=root,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, "KAFKA_FORGE_ROOT": str(root)},
        )
        peak = 0
        while child.poll() is None:
            peak = max(peak, _resident(child))
            time.sleep(0.005)
        seconds = time.monotonic() - begun
        if child.returncode not in ends:
            log.seek(0)
            raise subprocess.CalledProcessError(child.returncode, list(arguments), log.read().decode(errors="replace"))
    return Spent(seconds, peak)


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


def planning(root: Path, base: str) -> Callable[[], float]:
    """Return a measurement of planning all recipes for six platforms and five Pythons (seconds, engine imported)."""
    from kafka_forge import bases
    from kafka_forge.planning import plan
    from kafka_forge.values.model import PLATFORMS
    from kafka_forge.values.selection import Selection

    variants = bases.variants(base, root)

    def measure() -> float:
        begun = time.monotonic()
        plan.plan(Selection(platforms=PLATFORMS), root=root, variants=variants)
        return time.monotonic() - begun

    return measure


def signing_and_verifying(folder: Path) -> Callable[[], tuple[float, float]]:
    """Return a measurement of signing by a key, and of verifying: seconds, of the artifact that took longest.

    Args:
        folder: the channel with the artifacts and their report; nothing is written into it.
    """
    from cryptography.hazmat.primitives.asymmetric import ec

    from kafka_forge.attesting import sidecar, signing, verifying

    key = ec.generate_private_key(ec.SECP256R1())
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    files = [folder / each["file"] for each in report["artifacts"] if each["file"]]

    def measure() -> tuple[float, float]:
        spent = []
        with tempfile.TemporaryDirectory() as room:
            for file in files:
                begun = time.monotonic()
                bundle = signing.by_key(signing.statement_of(file, "https://example.org/channel"), key)
                bundles = Path(room) / sidecar.beside(file).name
                bundles.write_text(sidecar.joined(None, [bundle]), encoding="utf-8")
                signed = time.monotonic()
                verifying.verify(file, key.public_key(), bundles=bundles)
                spent.append((signed - begun, time.monotonic() - signed))
        return max(each for each, _ in spent), max(each for _, each in spent)

    return measure


def measure(root: Path, base: str, runs: int, broker: str, progress: Progress) -> list[Figure]:
    """Measure everything, interleaved, on artifacts that are built (they are built first where they are not).

    Args:
        root: the checkout.
        base: the base, as ``--base``.
        runs: how many times each; the verify runs are bounded by it too.
        broker: ``HOST:PORT`` of a warm broker.
        progress: who listens.
    """
    with progress.task("build what is not built"):
        run(["build", "--base", base], root)
    plans = planning(root, base)
    with tempfile.TemporaryDirectory() as folder:
        with progress.task("make an environment with three clients"):
            three_clients(Path(folder))
        doctored = [run(["doctor", "--prefix", folder], root, ends=(0, 1)).seconds for _ in range(runs)]
    with progress.task("look for upstream's releases, whose answers then are kept"):
        run(["bump", "--dry-run"], root)
        looked = [run(["bump", "--dry-run"], root).seconds for _ in range(runs)]
    seen: dict[str, list[float]] = {name: [] for name in ("help", "plan", "build", "verify", "memory")}
    with progress.task("measure", total=runs) as task:
        for _ in range(runs):
            seen["help"].append(1000 * run(["--help"], root).seconds)
            seen["plan"].append(plans())
            seen["build"].append(run(["build", "--base", base], root).seconds)
            spent = run(["verify", "--base", base, "--broker", broker, "--json"], root)
            seen["verify"].append(spent.seconds)
            seen["memory"].append(spent.peak / 1e6)
            task.advance()
    artifacts = _artifact_count(root)
    attested = [signing_and_verifying(root / "output")() for _ in range(runs)]
    return [
        _figure("--help", "ms", 150, seen["help"]),
        _figure("plan: all recipes, six platforms, five Pythons", "s", 0.5, seen["plan"]),
        _figure("build with nothing changed", "s", 1.0, seen["build"]),
        _figure("second verify, warm broker, per artifact", "s", 2.0, [each / artifacts for each in seen["verify"]]),
        _figure("memory of the toolkit while it verifies", "MB", 300, seen["memory"]),
        _figure("doctor: an environment with three clients, no broker", "s", 2.0, doctored),
        _figure("bump --dry-run, answers kept", "s", 5.0, looked),
        _figure("attest sign by a key, the slowest artifact", "s", 1.0, [signed for signed, _ in attested]),
        _figure("attest verify by a key, the slowest artifact", "s", 1.0, [verified for _, verified in attested]),
        *_added(root, base),
        *_bills(root / "output"),
    ]


def _bills(output: Path) -> list[Figure]:
    """Return what bills of materials add to a verify, an artifact: to write, when it was last built, and to read."""
    from kafka_forge.building import build
    from kafka_forge.sboms import reading

    taken = []
    for file, seconds in build.bill_seconds(output).items():
        begun = time.monotonic()
        reading.read(file)
        taken.append(seconds + time.monotonic() - begun)
    return [_figure("bill of materials, written and read, per artifact", "s", 1.0, taken)] if taken else []


def three_clients(folder: Path) -> None:
    """Make a virtual environment with confluent-kafka, kafka-python and aiokafka, each at its newest on the index.

    Raises:
        subprocess.CalledProcessError: the index does not answer.
    """
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    pip = [sys.executable, "-m", "pip", "--python", str(folder), "--disable-pip-version-check", "--quiet"]
    subprocess.run([*pip, "install", "confluent-kafka", "kafka-python", "aiokafka"], check=True)


def _added(root: Path, base: str) -> list[Figure]:
    """Return what the tool added to librdkafka's compile when it was last built, in percent; nothing if unknown."""
    from kafka_forge import bases
    from kafka_forge.building import build
    from kafka_forge.planning import plan
    from kafka_forge.values.selection import Selection

    (planned,) = plan.plan(Selection(recipes=("librdkafka",)), root=root, variants=bases.variants(base, root))
    share = build.overhead(root / "output", planned.cell)
    return [] if share is None else [_figure("added to librdkafka's compile, when last built", "%", 5, [100 * share])]


def _artifact_count(root: Path) -> int:
    report = json.loads((root / "output" / "report.json").read_text(encoding="utf-8"))
    return len(report["artifacts"])


def reproducing(root: Path, base: str, progress: Progress) -> list[Figure]:
    """Measure once what reproducing this machine's matrix costs: two builds of it, with empty compiler caches."""
    from kafka_forge.bench.reproducing import times_a_build
    from kafka_forge.ground.paths import Cache

    with progress.task("build everything twice"):
        times = times_a_build(root, base, Cache.default())
    return [_figure("reproduce, of a build of the same", "x", 2.2, [times])]


def as_json(figures: Sequence[Figure]) -> list[dict[str, Any]]:
    """Return the figures as JSON rows."""
    return [{**asdict(figure), "met": figure.met} for figure in figures]
