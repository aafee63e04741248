"""What the stages saw: the values that checks judge.

Gathering and judging are apart: `inspection` and `roundtrip` gather, the modules in `checks` only judge.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from kafka_forge.macho.signature import Signature
    from kafka_forge.values.model import Artifact, Environment, JsonObject


@dataclass(frozen=True, slots=True)
class MachO:
    """What only a Mach-O file says.

    Attributes:
        minos: the oldest macOS that it says it runs on, for example ``(11, 0)``; None where it does not say.
        signature: what its signature says; None where it has none.
        imports: library → how many symbols are taken from it; ``(any)`` for those that any loaded library may have.
        missing: library → the symbols taken from it that it does not export. Of the system's libraries only
            libSystem is known, by the stubs of the SDK.
        newer: the symbols taken from libSystem that came after `minos` → the macOS they came with.
    """

    minos: tuple[int, int] | None
    signature: Signature | None
    imports: dict[str, int]
    missing: dict[str, tuple[str, ...]]
    newer: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Elf:
    """What an ELF file takes from libraries that are not the system's.

    Attributes:
        imports: how many symbols.
        missing: those that none of the libraries exports.
        libraries: the libraries of the prefix that it needs, relative to it.
    """

    imports: int
    missing: tuple[str, ...]
    libraries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BinaryFile:
    """One ELF, Mach-O or PE file of the artifact, as LIEF reads it.

    Attributes:
        path: relative to the prefix, with forward slashes.
        kind: ``elf``, ``macho`` or ``pe``.
        soname: DT_SONAME, install name or DLL name; None where there is none.
        needed: libraries that it asks for, in order.
        rpaths: run-time search paths as written in the file (``$ORIGIN/..``).
        glibc: highest ``GLIBC_x.y`` symbol version that it needs, for example ``(2, 17)``; None where none.
        found: each needed library → where the loader finds it: a path relative to the prefix, ``system``, or ``""``
            where it finds none.
        macho: what only a Mach-O file says; None for other files.
        elf: what only an ELF file says; None for other files.
    """

    path: str
    kind: str
    soname: str | None
    needed: tuple[str, ...]
    rpaths: tuple[str, ...]
    glibc: tuple[int, int] | None = None
    found: dict[str, str] = field(default_factory=dict)
    macho: MachO | None = None
    elf: Elf | None = None


@dataclass(frozen=True, slots=True)
class RecordLine:
    """One line of a distribution's RECORD, and the file that it names.

    Attributes:
        path: as written, relative to the folder that holds the ``.dist-info``.
        file: the same, relative to the prefix.
        listed: hash and size as written; ``""`` where left out.
        found: those of the file, spelled alike; the hash is ``""`` where the line's is of no known algorithm. None
            where the package has no such file.
    """

    path: str
    file: str
    listed: tuple[str, str]
    found: tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class InspectEvidence:
    """What the files and the running client show about one fresh environment.

    Attributes:
        environment: the prefix that was looked at.
        files: every file of the artifact's own package as installed, relative to the prefix, sorted.
        binaries: those of them that are binaries.
        build_paths: file → paths of the build machine that it holds, each with what stands around it.
        depends: the run dependencies of the package (index.json).
        variant: what the package was built with: the keys of the variants that its recipe uses, with their values
            (``info/hash_input.json``, as conda-build and rattler-build write it); empty where it does not say.
        probe: what the program inside the environment answered; an empty object where nothing could be run.
            ``imports``: module → ``{ok, file, version, error, seconds, network}``, and on a free-threaded Python
            ``gil``: ``{before, after, said}``, whether its lock was on before and after, and CPython's warning of it;
            ``librdkafka``: ``{loaded: [paths], path, version, number, features: [..], client, refused}``, all but
            ``loaded`` None where none is loaded, and ``refused`` what the loader says where one cannot be;
            ``network``: where it tried to get to by Python's sockets while it was imported, beyond this machine;
            ``mapped``: the shared libraries that were loaded when all modules had been imported;
            ``pip_check``: ``{ok, lines}``, None where the environment has no Python.
            Paths are relative to the prefix where they are inside it, else absolute.
        seconds: what gathering took, without the recipe's tests, which have times of their own.
        c_project: what came of a small C project, where one is promised (see `inspection.c_project.build`).
        recipe_tests: what came of the tests that the package carries, where that is promised and its programs run
            here as they are: ``tests``: one ``{kind, ok, lines, seconds}`` each, in the recipe's order and its words;
            ``ran``: when, UTC, ISO 8601; ``reused``: whether that was an earlier run; ``broken`` and ``lines``
            instead of tests where the engine did not get to their end.
        commands: what came of the artifact's programs, where they are promised (see `inspection.commands.run`).
        own_tests: what librdkafka's own tests said, where they are promised (see `inspection.own_tests.run`).
        records: each RECORD that the package brings → its lines.
        metadata: what the package says of itself: ``index`` and ``run_exports`` (``info/*.json``), ``license``,
            ``licenses`` (file → bytes); ``shared``: file → the other package that brings it, too; ``machines``: ELF
            file → its machine; ``headers``: C header → the version that it says; ``undefined``: header → what it
            declares and the package's libraries do not have; ``copies``: binary → the libraries that it holds;
            ``sbom``: its bill of materials: ``file``, ``problems``, ``has`` (how many of what); empty without one.
    """

    environment: Environment
    files: tuple[str, ...]
    binaries: tuple[BinaryFile, ...]
    build_paths: dict[str, list[str]]
    depends: tuple[str, ...]
    probe: JsonObject
    seconds: float
    c_project: JsonObject = field(default_factory=dict)
    recipe_tests: JsonObject = field(default_factory=dict)
    commands: JsonObject = field(default_factory=dict)
    own_tests: JsonObject = field(default_factory=dict)
    variant: dict[str, str] = field(default_factory=dict)
    records: dict[str, tuple[RecordLine, ...]] = field(default_factory=dict)
    metadata: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ExtrasEvidence:
    """What the client shows once its optional dependencies have been installed beside it.

    Attributes:
        environment: the prefix that was looked at.
        probe: as `InspectEvidence.probe`, without ``pip_check``.
    """

    environment: Environment
    probe: JsonObject


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that a scenario tried, as it reported it.

    Attributes:
        mode: the client's mode, a word of the contract: ``rdkafka``, ``pure``, ``default``.
        action: ``produce``, ``consume``, ``group``, ``asyncio``, ``statistics``.
        case: which one: a codec's name for produce and consume, what is tried for asyncio, else ``""``.
        ok: whether the client itself reported no error. Only a check says whether the result is right.
        error: ``{type, message}`` where not ok.
        data: what came of it, by action (see `scenarios.scenario.Client`).
        log: what the client's own log complained about meanwhile, at most five lines.
        seconds: wall time inside the client's process.
    """

    mode: str
    action: str
    case: str
    ok: bool
    error: JsonObject | None
    data: JsonObject
    seconds: float
    log: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """``mode/action`` or ``mode/action/case``."""
        return "/".join(part for part in (self.mode, self.action, self.case) if part)


@dataclass(frozen=True, slots=True)
class TopicOnDisk:
    """What the broker's own log segments say about one topic; None of it comes from a client.

    Attributes:
        topic: its name.
        bytes: total size of the ``*.log`` files.
        batches: number of record batches.
        records: number of records.
        codecs: codec name → number of batches, from each batch's attributes (bits 0–2, KIP-98 message format).
    """

    topic: str
    bytes: int
    batches: int
    records: int
    codecs: dict[str, int]


@dataclass(frozen=True, slots=True)
class Transacted:
    """The offsets of one partition's messages by what became of their transactions, as the markers in its log say.

    Attributes:
        committed, aborted: in transactions that ended so.
        open: in transactions that have not ended.
        plain: in no transaction.
    """

    committed: tuple[int, ...]
    aborted: tuple[int, ...]
    open: tuple[int, ...]
    plain: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RoundTripEvidence:
    """What passed between one artifact and one broker.

    Attributes:
        artifact: the artifact under test.
        broker: ``{version, address, owned}``.
        seed: of the corpus that the topics hold (see `scenarios.corpus.topic_seed`).
        start: of the corpus, milliseconds since 1970.
        topics: mode → codec → the topic that the client wrote to.
        steps: what the scenarios tried, in the order in which they told it.
        ends: mode → how its process ended, where that was not by itself: ``killed by signal 11``.
        witness: topic → the records that an independent client read back, each partition in its order, as
            `scenarios.corpus.record` writes them.
        committed: mode → partition → the offset that the broker says the mode's group has committed.
        groups: topic → what the broker says of the group that has its name: ``type`` (the protocol: ``classic`` or
            ``consumer``; None where it does not say), ``committed`` (partition → offset).
        transactions: topic → partition → what became of the transactions there, by the broker's own log.
        shares: mode and case, as ``MODE/CASE`` → what the broker's share coordinator says of that share group (see
            `roundtrips.share_groups.state`), where the client came to an end with it.
        disk: topic → what lies on the broker's disk; for a broker whose disk is not ours to read, the batches as it
            hands them out (see `wire`).
        seconds: what it took.
    """

    artifact: Artifact
    broker: JsonObject
    seed: str
    start: int
    topics: dict[str, dict[str, str]]
    steps: tuple[Step, ...]
    ends: dict[str, str] = field(default_factory=dict)
    witness: dict[str, list[JsonObject]] = field(default_factory=dict)
    committed: dict[str, dict[int, int]] = field(default_factory=dict)
    groups: dict[str, JsonObject] = field(default_factory=dict)
    transactions: dict[str, dict[int, Transacted]] = field(default_factory=dict)
    shares: dict[str, JsonObject] = field(default_factory=dict)
    disk: dict[str, TopicOnDisk] = field(default_factory=dict)
    seconds: float = 0.0

    def step(self, mode: str, action: str, case: str = "") -> Step | None:
        """Return what a mode told about one action, or None where it told nothing."""
        wanted = (mode, action, case)
        return next((step for step in self.steps if (step.mode, step.action, step.case) == wanted), None)


@dataclass(frozen=True, slots=True)
class Trial:
    """What one client in one mode did while a cluster suffered, and what the cluster has kept of it.

    Messages are numbered within each partition, from 0 on in the order of their sending.

    Attributes:
        mode: the client's mode, a word of the contract.
        schedule: what was to happen (`survival.schedules.Schedule`).
        happened: what each fault told, in order; ``met`` is how many requests it has met, where it counts them.
        sent: partition → how many messages.
        acked: partition → the numbers that the client says were acknowledged.
        failed: partition, number and error of those that it says were not.
        kept: partition → the numbers in the leader's log segments, by offset.
        idempotent: whether every batch there carries a producer's id (KIP-98).
        ends: partition → the offset behind the last message that was there to be read.
        reads: member, partition, offset, number, in the order of reading.
        commits: member, partition → offset, as the client has committed it without an error.
        errors: where (``read``, ``commit``, ``producer-stop``…) and what the client raised.
        told: how far the scenario came, with what it measured (see `scenarios.surviving`).
        memory: resident bytes when the client worked, and at most.
        threads: the most that its process had.
        stop: seconds that the producer was given to stop.
        end: how its process ended, where that was not by itself.
        log: the last lines that it wrote to standard error.
        seconds: wall time.
    """

    mode: str
    schedule: JsonObject
    happened: tuple[JsonObject, ...]
    sent: dict[int, int]
    acked: dict[int, list[int]]
    failed: list[tuple[int, int, str]]
    kept: dict[int, list[int]]
    idempotent: bool
    ends: dict[int, int]
    reads: list[tuple[int, int, int, int]]
    commits: list[tuple[int, dict[int, int]]]
    errors: list[tuple[str, str]]
    told: JsonObject
    memory: tuple[int, int]
    threads: int
    stop: float
    end: str = ""
    log: tuple[str, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class SurvivalEvidence:
    """What one artifact went through with a cluster.

    Attributes:
        artifact: the artifact under test.
        broker: ``{version, brokers}``.
        trials: one for each mode and schedule.
        refused: fault → why this machine cannot do it.
    """

    artifact: Artifact
    broker: JsonObject
    trials: tuple[Trial, ...]
    refused: dict[str, str] = field(default_factory=dict)


def tail(path: Path, lines: int = 25) -> list[str]:
    """Return a log's last lines, for an error's details; an unreadable log gives a line that says so."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:]
    except OSError as error:
        return [f"(the log cannot be read: {error})"]
