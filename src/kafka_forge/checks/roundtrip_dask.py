"""``roundtrip-dask``: what a Dask cluster reads, changes and writes is there exactly once, killed workers or not."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from kafka_forge.checks._roundtrip import Modes, complaint, conclude
from kafka_forge.scenarios import corpus

if TYPE_CHECKING:
    from kafka_forge.values.evidence import RoundTripEvidence
    from kafka_forge.values.model import CheckResult, JsonObject


class RoundtripDask:
    """One result for each mode and case. What was written is what the toolkit's own client reads.

    ``bytes``, ``json``, ``avro``: a topic of eight partitions, as a bag, as a dataframe, as both. ``killed``: a worker
    is killed while it has a transaction open. ``again``: the same tasks, and the whole job, are run again; then it goes
    on with what is new.
    """

    id = "roundtrip-dask"
    title = "through a Dask cluster, every message is written exactly once, when a worker is killed and when run again"
    remedy = "compare what the partitions' tasks read and write with the topic"
    stage = "roundtrip"
    arguments = Modes

    def judge(self, arguments: Modes, evidence: RoundTripEvidence) -> list[CheckResult]:
        """Give a result for each mode and case."""
        return [self._one(mode, case, evidence) for mode in arguments.modes for case in corpus.DASK_CASES]

    def _one(self, mode: str, case: str, evidence: RoundTripEvidence) -> CheckResult:
        step = evidence.step(mode, "dask", case)
        identifier = f"{self.id}[{mode}/{case}]"
        said = complaint(step, f"{mode}/dask/{case}", evidence)
        if said or step is None:
            return conclude(identifier, [said or ""], "", {}, step)
        wanted = [(key, digest) for key, digest in step.data["expected"]]
        records = evidence.witness.get(evidence.topics.get(mode, {}).get("none", ""), [])
        prefix = f"{case}/".encode().hex()
        found = [(each["key"], each["sha256"]) for each in records if str(each["key"]).startswith(prefix)]
        problems = _differences(wanted, found) + _case(case, step.data)
        good = f"{len(found)} messages in {step.data['parts']} parts, each written once{_GOOD.get(case, '')}"
        shown = {key: value for key, value in step.data.items() if key != "expected"}
        bare = type(step)(**{name: getattr(step, name) for name in step.__slots__} | {"data": shown})
        return conclude(identifier, problems, good, {"expected": len(wanted), "found": len(found)}, bare)


_GOOD = {
    "killed": ", though a worker was killed with a transaction open",
    "again": ", and nothing of what was there before",
}


def _differences(wanted: list[tuple[str, str | None]], found: list[tuple[str, str | None]]) -> list[str]:
    if not wanted:
        return ["a plain loop gives nothing, so that nothing was tried"]
    sides = Counter(wanted), Counter(found)
    missing, surplus = (sides[0] - sides[1]).total(), (sides[1] - sides[0]).total()
    if not missing and not surplus:
        return []
    twice = sum(count - 1 for count in sides[1].values() if count > 1)
    wrong = f"{missing} are not there, {surplus} are there that should not, {twice} more than once"
    return [f"of {len(wanted)} messages that a plain loop gives {wrong}"]


def _case(case: str, data: JsonObject) -> list[str]:
    problems = []
    if case == "avro" and (data["differ"] or data["rows"] != len(data["expected"])):
        problems.append(f"the dataframe has {data['rows']} rows, {data['differ']} of them others than the plain loop's")
    if case == "killed" and (not data["killed"] or data["survived"]):
        problems.append("no worker was killed, so that nothing was tried")
    if case == "again":
        if data["twice"]:
            problems.append(f"{data['twice']} messages were written again")
        if not data["ranges"] or data["skipped"] != data["ranges"]:
            problems.append(f"of {data['ranges']} parts that had been written {data['skipped']} were found done")
    return problems


CHECK = RoundtripDask()
