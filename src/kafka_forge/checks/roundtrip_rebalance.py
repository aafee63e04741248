"""``roundtrip-rebalance``: members come, go and come again, and nothing is lost, read twice or taken from who stays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from kafka_forge.checks._roundtrip import Modes, complaint, conclude
from kafka_forge.scenarios import corpus

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kafka_forge.values.evidence import RoundTripEvidence
    from kafka_forge.values.model import CheckResult, JsonObject

_ALL = list(range(corpus.PARTITIONS))


class ModesAndProtocols(Modes):
    """``modes``, and ``protocols``: the values of ``group.protocol`` that are tried, ``consumer`` being KIP-848's."""

    protocols: tuple[Literal["classic", "consumer"], ...] = Field(("classic",), min_length=1)


class RoundtripRebalance:
    """Two results for each mode and protocol.

    ``moving``: a member alone has all partitions, a second one gets a share, when it leaves the first has all again,
    and another in its place goes on where the group was. ``static``: of two static members (KIP-345) one is started
    anew and has its partitions again, while the other took part in no rebalance.

    Which protocol it was, and what was committed, is asked of the broker's coordinator, not of the client.
    """

    id = "roundtrip-rebalance"
    title = (
        "when members of a consumer group come, go and come again, nothing is lost, read twice or taken from who stays"
    )
    remedy = "see where the member was in its poll loop when partitions were taken away, and what it committed then"
    stage = "roundtrip"
    arguments = ModesAndProtocols

    def judge(self, arguments: ModesAndProtocols, evidence: RoundTripEvidence) -> list[CheckResult]:
        """Give a result for each mode, protocol and kind of members."""
        return [
            self._one(mode, protocol, kind, evidence)
            for mode in arguments.modes
            for protocol in arguments.protocols
            for kind in corpus.MEMBERS
        ]

    def _one(self, mode: str, protocol: str, kind: str, evidence: RoundTripEvidence) -> CheckResult:
        case = f"{protocol}/{kind}"
        identifier, step = f"{self.id}[{mode}/{case}]", evidence.step(mode, "rebalance", case)
        said = complaint(step, f"{mode}/rebalance/{case}", evidence)
        if said or step is None:
            return conclude(identifier, [said or ""], "", {}, step)
        group = evidence.groups.get(step.data["topic"], {"type": None, "committed": {}})
        problems, good = (_moving if kind == "moving" else _static)(step.data)
        problems += _by_the_broker(group, protocol, rounds=4 if kind == "moving" else 2)
        return conclude(identifier, problems, good, {"group": group}, step)


def _moving(data: JsonObject) -> tuple[list[str], str]:
    problems = [
        f"{who} had the partitions {data[key]}, not {_ALL}"
        for key, who in (("alone", "the member that was alone"), ("left", "the member that stayed"))
        if data[key] != _ALL
    ]
    problems += _shared(data["shared"])
    for number, read in enumerate(data["rounds"]):
        problems += _read(read, number, _ALL)
    shares = " and ".join(str(len(each)) for each in data["shared"])
    return (
        problems,
        f"alone, then {shares} partitions, alone again, another: {4 * corpus.ROUND * len(_ALL)} messages, each once",
    )


def _static(data: JsonObject) -> tuple[list[str], str]:
    problems = _shared(data["before"])
    if data["after"] != data["before"]:
        problems.append(f"the partitions were {data['before']}, and after the one's return {data['after']}")
    if len(set(data["given"])) != 1:
        problems.append(f"who stayed took part in {data['given'][-1] - data['given'][0]} rebalances meanwhile")
    problems += _read(data["meanwhile"], 1, data["before"][1])
    return problems, f"started anew, it has the partitions {data['before'][1]} again, and the other noticed nothing"


def _shared(shares: list[list[int]]) -> list[str]:
    if sorted(partition for share in shares for partition in share) == _ALL and all(shares):
        return []
    return [f"two members had the partitions {shares[0]} and {shares[1]}"]


def _read(read: Iterable[list[int]], number: int, partitions: list[int]) -> list[str]:
    """Compare what was read after a change with what was written for it."""
    wanted = [[p, offset] for p in partitions for offset in range(number * corpus.ROUND, (number + 1) * corpus.ROUND)]
    found = sorted(read)
    if found == wanted:
        return []
    lost = [each for each in wanted if each not in found]
    surplus = len(found) - (len(wanted) - len(lost))
    first = f", the first at partition {lost[0][0]}, offset {lost[0][1]}" if lost else ""
    return [
        f"round {number + 1}: of {len(wanted)} messages {len(lost)} were not read{first}; {surplus} were read again"
    ]


def _by_the_broker(group: JsonObject, protocol: str, *, rounds: int) -> list[str]:
    problems = []
    if group["type"] is None and protocol == "consumer":
        problems.append("the broker knows no group of the protocol consumer")
    elif group["type"] not in (None, protocol):
        problems.append(f"the broker says that the group has the protocol {group['type']}")
    committed = {int(partition): offset for partition, offset in group["committed"].items()}
    if committed != dict.fromkeys(_ALL, rounds * corpus.ROUND):
        problems.append(f"the broker holds the offsets {committed}, not {rounds * corpus.ROUND} for each partition")
    return problems


CHECK = RoundtripRebalance()
