"""``roundtrip-transactions``: what a transaction commits is read, what one aborts is not, and offsets go with it."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, NamedTuple

from kafka_forge.checks._roundtrip import Modes, complaint, conclude
from kafka_forge.scenarios import corpus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from kafka_forge.values.evidence import RoundTripEvidence, Transacted
    from kafka_forge.values.model import CheckResult, JsonObject

_COMMITTED = "read_committed"


class RoundtripTransactions:
    """Five results for each mode.

    ``committed``: a transaction over all partitions is read with ``read_committed``, one that is open is not, and is
    once it has been committed. ``aborted``: of three transactions one is aborted when all of its messages are in the
    log; ``read_uncommitted`` has them, ``read_committed`` has not. ``offsets``: what members of a group consume is
    written again in transactions that take their offsets along (KIP-447); after one that is aborted, the next member
    goes on where the last commit was. ``fenced``: a second producer with the same ``transactional.id`` takes it from
    the first, whose commit is refused as that of a fenced one (KIP-98, KIP-360). ``replaced``: the offsets of a member
    that has left, with another one in its place, are refused by the group (KIP-447).

    Which messages belong to a transaction, and how it ended, is taken from the batches and markers of the broker's own
    log; which offsets a group has, from its coordinator.
    """

    id = "roundtrip-transactions"
    title = "what a transaction commits is read once and in order, with its offsets; what one aborts is not"
    remedy = (
        "see that the producer begins, ends and loses its transactions as the broker says, and that the consumer asks "
        "for, and goes by, the isolation level"
    )
    stage = "roundtrip"
    arguments = Modes

    def judge(self, arguments: Modes, evidence: RoundTripEvidence) -> list[CheckResult]:
        """Give a result for each mode and case."""
        return [self._one(mode, case, evidence) for mode in arguments.modes for case in corpus.TRANSACTIONS]

    def _one(self, mode: str, case: str, evidence: RoundTripEvidence) -> CheckResult:
        identifier, step = f"{self.id}[{mode}/{case}]", evidence.step(mode, "transactions", case)
        said = complaint(step, f"{mode}/transactions/{case}", evidence)
        if said or step is None:
            return conclude(identifier, [said or ""], "", {}, step)
        data, log, wanted = step.data, evidence.transactions.get(step.data["topic"], {}), _WANTED[case]
        problems = _in_log(log, wanted.log)
        problems += _places(data["read"], log)
        problems += _read(data["read"], wanted.read, _COMMITTED)
        problems += wanted.peculiar(data, evidence)
        seen = {
            "log": {partition: asdict(found) for partition, found in log.items()},
            "group": evidence.groups.get(data.get("source", "")),
        }
        return conclude(identifier, problems, wanted.good, seen, step)


def _in_log(log: Mapping[int, Transacted], rounds: tuple[int, ...]) -> list[str]:
    """Compare what the broker's log says of transactions with how many rounds should be there as what."""
    wanted = tuple(number * corpus.ROUND for number in rounds)
    for partition in range(corpus.PARTITIONS):
        found = log.get(partition)
        seen = (len(found.committed), len(found.aborted), len(found.open), len(found.plain)) if found else (0, 0, 0, 0)
        if seen != wanted:
            said = f"{seen[0]} messages are committed, {seen[1]} aborted, {seen[2]} in an open transaction"
            wants = ", ".join(map(str, wanted))
            return [f"partition {partition}: in the broker's log {said} and {seen[3]} in none, not {wants}"]
    return []


def _places(read: Iterable[list[int]], log: Mapping[int, Transacted]) -> list[str]:
    """Compare the offsets that were read as committed with those that are there for anybody in the broker's log."""
    wrong = sorted(
        [partition, offset]
        for partition, offset, _ in read
        if partition not in log or offset not in (*log[partition].committed, *log[partition].plain)
    )
    if not wrong:
        return []
    return [f"{_COMMITTED} gave {len(wrong)} messages that are not committed, the first at {_where(wrong[0])}"]


def _read(read: list[list[int]], rounds: Iterable[int], what: str) -> list[str]:
    """Compare the numbers that were read with those of some rounds, which each partition has in their order."""
    wanted = [each for number in rounds for each in range(number * corpus.ROUND, (number + 1) * corpus.ROUND)]
    lost = surplus = 0
    disorder = ""
    for partition in range(corpus.PARTITIONS):
        found = [number for at, _, number in read if at == partition]
        gone = Counter(wanted) - Counter(found)
        lost += gone.total()
        surplus += len(found) - (len(wanted) - gone.total())
        if found != wanted:
            disorder = disorder or f"in partition {partition} they came in another order"
    if lost or surplus:
        return [
            f"{what}: of {len(wanted) * corpus.PARTITIONS} messages {lost} did not come, and {surplus} that should not"
        ]
    return [f"{what}: {disorder}"] if disorder else []


def _where(place: list[int]) -> str:
    return f"partition {place[0]}, offset {place[1]}"


def _open(data: JsonObject, _evidence: RoundTripEvidence) -> list[str]:
    return _read(data["open"], (0,), f"{_COMMITTED} while the second transaction was open")


def _uncommitted(data: JsonObject, _evidence: RoundTripEvidence) -> list[str]:
    return _read(data["uncommitted"], (0, 1, 2), "read_uncommitted")


def _offsets(data: JsonObject, evidence: RoundTripEvidence) -> list[str]:
    problems = []
    for number, (taken, wanted) in enumerate(zip(data["taken"], (0, 1, 1, 2), strict=True), 1):
        problems += _read(taken, (wanted,), f"what is consumed for transaction {number}")
    return problems + _held(data, evidence, 2)


def _held(data: JsonObject, evidence: RoundTripEvidence, rounds: int) -> list[str]:
    held = evidence.groups.get(data["source"], {"committed": {}})["committed"]
    held = {int(partition): offset for partition, offset in held.items()}
    if held == dict.fromkeys(range(corpus.PARTITIONS), rounds * corpus.ROUND):
        return []
    return [f"the broker holds the offsets {held}, not {rounds * corpus.ROUND} for each partition"]


def _fenced(data: JsonObject, _evidence: RoundTripEvidence) -> list[str]:
    what = "the first producer's commit"
    return _refused(data, f"{what} went through, though a second one had its transactional.id by then", what)


def _replaced(data: JsonObject, evidence: RoundTripEvidence) -> list[str]:
    what = "what a member held that has left the group"
    return _refused(data, f"{what} was taken into a transaction", what) + _held(data, evidence, 1)


def _refused(data: JsonObject, went_through: str, what: str) -> list[str]:
    refused = data["refused"]
    if refused is None:
        return [went_through]
    said = f"{refused['type']}: {refused['message']}"
    return [] if refused["rightly"] else [f"{what} was refused, but for another reason: {said}"]


class _Wanted(NamedTuple):
    """What a case must show.

    Attributes:
        good: the sentence for a pass.
        peculiar: what else the case is about.
        read: the rounds that a reader of committed messages gets, in this order.
        log: how many rounds are in the log as committed, aborted, in an open transaction and in none.
    """

    good: str
    peculiar: Callable[[JsonObject, RoundTripEvidence], list[str]]
    read: tuple[int, ...]
    log: tuple[int, int, int, int]


_EACH = corpus.ROUND * corpus.PARTITIONS
_COMMITTED_WELL = f"two transactions of {_EACH} messages, each read when it was committed"
_ABORTED_WELL = f"of three transactions of {_EACH} messages the aborted one is not read"
_OFFSETS_WELL = f"{2 * _EACH} messages went on once each, offsets and all, past two aborts"
_FENCED_WELL = "a second producer took the transactional.id, and the first one was refused"
_REPLACED_WELL = "the offsets of a member that had left were refused, and those of the next one taken"
_WANTED = dict(
    zip(
        corpus.TRANSACTIONS,
        (
            _Wanted(_COMMITTED_WELL, _open, (0, 1), (2, 0, 0, 0)),
            _Wanted(_ABORTED_WELL, _uncommitted, (0, 2), (2, 1, 0, 0)),
            _Wanted(_OFFSETS_WELL, _offsets, (0, 1), (2, 2, 0, 0)),
            _Wanted(_FENCED_WELL, _fenced, (1,), (1, 1, 0, 0)),
            _Wanted(_REPLACED_WELL, _replaced, (0,), (0, 0, 0, 1)),
        ),
        strict=True,
    )
)

CHECK = RoundtripTransactions()
