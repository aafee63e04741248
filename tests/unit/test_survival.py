"""What clients survive, as far as no cluster has to run: schedules, ledgers, segments, and the judgement.

The evidence is that of a real client on a real cluster (``data/capture_survival.py``), whole and falsified.
"""

from __future__ import annotations

import copy
import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_forge import faults
from kafka_forge.checks import survives
from kafka_forge.checks.survives import CHECK, SHORT, SurvivesArguments
from kafka_forge.contracts.loading import load_contract
from kafka_forge.errors import ContractInvalid, UnknownFault
from kafka_forge.ground.paths import project_root
from kafka_forge.survival import schedules, soak, stage
from kafka_forge.survival.ledgers import Ledger
from kafka_forge.survival.trials import Entrant
from kafka_forge.values.contract import Contract
from kafka_forge.values.evidence import SurvivalEvidence, Trial
from kafka_forge.values.model import Artifact, Cell, Environment, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

DATA = json.loads((Path(__file__).parent / "data" / "survival.json").read_text(encoding="utf-8"))
CELL = Cell("python-confluent-kafka", "linux-64", "3.12", "python-confluent-kafka", "0", "0", False)
ARTIFACT = Artifact(CELL, Path("none"), "0" * 64, 0)
FIRST = "seed 1: early refuse-first(2.37, node 3, 0.29 s), cut-before(2.97, node 1, 1.15 s), stop-unheard"
PROMISE = {"survives": {"modes": ["default"]}}


def numbered(mapping: dict[str, Any]) -> dict[int, Any]:
    return {int(key): value for key, value in mapping.items()}


def trial(which: int = 0) -> Trial:
    raw = copy.deepcopy(DATA[which])
    for field in ("sent", "acked", "kept", "ends"):
        raw[field] = numbered(raw[field])
    raw["commits"] = [(member, numbered(offsets)) for member, offsets in raw["commits"]]
    for field in ("happened", "memory", "log"):
        raw[field] = tuple(raw[field])
    for field in ("failed", "reads", "errors"):
        raw[field] = [tuple(each) for each in raw[field]]
    return Trial(**raw)


def judge(*trials: Trial) -> dict[str, str]:
    """Return guarantee → the summary of what does not hold."""
    results = CHECK.judge(SurvivesArguments(modes=("default",)), SurvivalEvidence(ARTIFACT, {}, trials))
    assert results
    return {each.id.rpartition("/")[2][:-1]: each.summary for each in results if each.verdict is not Verdict.PASS}


def changed(seen: Trial, **fields: Any) -> Trial:
    return dataclasses.replace(seen, **fields)


def without_first_kept(seen: Trial) -> Trial:
    return changed(seen, kept={**seen.kept, 1: seen.kept[1][1:]})


def swapped(seen: Trial) -> Trial:
    kept = seen.kept[2]
    return changed(seen, kept={**seen.kept, 2: [kept[1], kept[0], *kept[2:]]})


def twice(seen: Trial) -> Trial:
    return changed(seen, kept={**seen.kept, 0: [*seen.kept[0], 7]}, idempotent=False)


def failed(seen: Trial) -> Trial:
    return changed(seen, acked={**seen.acked, 0: seen.acked[0][:-1]}, failed=[(0, seen.acked[0][-1], "timed out")])


def silent(seen: Trial) -> Trial:
    return changed(seen, acked={**seen.acked, 0: seen.acked[0][:-1]})


def quoting(seen: Trial) -> Trial:
    return changed(silent(seen), failed=[(0, seen.acked[0][-1], f"error '0:9:{'.' * 50}'")])


def contradicting(seen: Trial) -> Trial:
    return changed(seen, failed=[(0, 0, "timed out")])


def unread(seen: Trial) -> Trial:
    return changed(seen, reads=[each for each in seen.reads if each[1:3] != (0, 5)])


def other_values(seen: Trial) -> Trial:
    member, partition, offset, number = seen.reads[-1]
    return changed(seen, reads=[*seen.reads, (member, partition, offset, number + 1)])


def from_the_beginning(seen: Trial) -> Trial:
    at = next(place for place, each in enumerate(seen.reads) if each[0] == 2)
    again = [(2, partition, offset, number) for _, partition, offset, number in seen.reads[:at]]
    return changed(seen, reads=[*seen.reads[:at], *again, *seen.reads[at:]])


def raising(seen: Trial) -> Trial:
    return changed(seen, errors=[*seen.errors, ("read", "LeaderNotFoundError: ")])


def slow_to_stop(seen: Trial) -> Trial:
    return changed(seen, told={**seen.told, "producer-ended": {"seconds": 36.4}})


def slow_to_leave(seen: Trial) -> Trial:
    return changed(seen, told={**seen.told, "left": {"member": 1, "seconds": 36.4}})


def never_stopped(seen: Trial) -> Trial:
    told = {key: value for key, value in seen.told.items() if key != "producer-ended"}
    return changed(seen, told=told, end="was killed by signal 11")


def leaving_threads(seen: Trial) -> Trial:
    return changed(seen, told={**seen.told, "done": {"before": 1, "after": 3, "names": ["worker", "worker"]}})


def growing(seen: Trial) -> Trial:
    return changed(seen, memory=(50 << 20, 200 << 20))


FALSIFIED: list[tuple[Callable[[Trial], Trial], dict[str, str]]] = [
    (without_first_kept, {"acknowledged": "1 acknowledged messages are lost, the first is 0", "resumes": ""}),
    (swapped, {"order": "partition 2: 0 stands behind 1, 1 such places", "resumes": ""}),
    (twice, {"duplicates": "partition 0: 1 messages stand there again; the batches carry no producer id"}),
    (failed, {"delivered": "1 failed (timed out)"}),
    (silent, {"told": "of 1 messages nothing was said, the first is 0/", "delivered": ""}),
    (quoting, {"told": "quotes the message", "delivered": ""}),
    (contradicting, {"told": "acknowledged and failed"}),
    (unread, {"resumes": "partition 0: 1 of "}),
    (other_values, {"resumes": "1 messages were read that are not in the log at their offset"}),
    (from_the_beginning, {"commits": "member 2 begins at 0, though "}),
    (lambda seen: changed(seen, commits=[]), {"commits": "nothing was ever committed"}),
    (raising, {"waits": "reading raised 1 times: LeaderNotFoundError"}),
    (slow_to_stop, {"stops": "the producer took 36.4 s to stop, and was given 10"}),
    (slow_to_leave, {"stops": "member 1 took 36.4 s to leave"}),
    (never_stopped, {"stops": "the process was killed by signal 11; the producer was never stopped"}),
    (leaving_threads, {"bounded": "2 threads were left: worker, worker"}),
    (growing, {"bounded": "memory grew from 50 to 200 MiB"}),
    (lambda seen: changed(seen, threads=99), {"bounded": "there were 99 threads"}),
]


def test_a_whole_client_keeps_every_promise_through_a_cut_and_while_it_is_stopped_unheard() -> None:
    assert judge(trial(0), trial(1)) == {}
    assert trial(0).idempotent
    assert trial(0).happened[0]["met"] > 0


@pytest.mark.parametrize(("falsify", "problems"), FALSIFIED)
def test_each_guarantee_fails_on_evidence_against_it(
    falsify: Callable[[Trial], Trial], problems: dict[str, str]
) -> None:
    found = judge(falsify(trial()))
    assert set(found) == set(problems)
    for guarantee, text in problems.items():
        assert text in found[guarantee]


def test_the_falsifications_cover_every_guarantee() -> None:
    assert {guarantee for _, problems in FALSIFIED for guarantee in problems} == set(survives._JUDGES)


def test_a_message_that_nobody_sent_is_no_acknowledged_one() -> None:
    seen = trial()
    assert (
        "1 messages are there that nobody sent"
        in judge(changed(seen, kept={**seen.kept, 0: [*seen.kept[0], -1]}))["acknowledged"]
    )


def test_a_stop_while_nobody_answers_may_fail_messages_but_tells_each() -> None:
    seen = trial(1)
    assert seen.failed
    assert "delivered" not in judge(silent(seen))
    assert "of 1 messages nothing was said" in judge(silent(seen))["told"]
    raised = changed(silent(seen), errors=[("producer-stop", "TimeoutError")])
    assert judge(raised) == {}


def test_a_trial_in_which_nothing_happened_proves_nothing() -> None:
    seen = trial()
    empty = changed(seen, sent={}, acked={}, kept={}, reads=[], commits=[], ends={}, errors=[("producer", "refused")])
    assert set(judge(empty)) == set(survives._JUDGES)
    assert all("nothing was sent (producer: refused)" in text for text in judge(empty).values())
    unmet = changed(seen, happened=({"met": 0},))
    assert all("the fault met no request" in text for text in judge(unmet).values())


def test_only_what_is_promised_is_judged() -> None:
    arguments = SurvivesArguments(modes=("other",))
    assert CHECK.judge(arguments, SurvivalEvidence(ARTIFACT, {}, (trial(),))) == []
    some = SurvivesArguments(modes=("default",), guarantees=("order", "stops"))
    results = CHECK.judge(some, SurvivalEvidence(ARTIFACT, {}, (trial(),)))
    assert [each.id for each in results] == ["survives[default/cut-after/order]", "survives[default/cut-after/stops]"]


@given(st.integers(-(2**40), 2**40))
def test_a_seed_always_gives_the_same_schedule_of_known_faults(seed: int) -> None:
    drawn = schedules.draw(seed)
    assert drawn == schedules.draw(seed)
    assert drawn.faults or drawn.unheard
    for fault in drawn.faults:
        least, greatest = faults.by_id()[fault.kind].amounts
        assert least <= fault.amount <= greatest
        assert fault.node in (1, 2, 3)
        assert 0 <= fault.after <= 1
        assert 0 < fault.lasts <= 2


def test_schedules_are_the_same_on_every_python_and_differ_by_seed() -> None:
    """`random.Random` draws the same from a str on every platform and version from 3.2 on."""
    assert str(schedules.draw(1)) == FIRST
    assert len({schedules.draw(seed).faults for seed in range(100)}) > 90


def test_every_fault_is_drawn_some_time_and_only_those_that_are_named() -> None:
    drawn = {fault.kind for seed in range(600) for fault in schedules.draw(seed).faults}
    assert drawn == set(faults.by_id())
    assert any(schedules.draw(seed).unheard for seed in range(100))
    assert any(schedules.draw(seed).early for seed in range(200))
    for seed in range(50):
        named = schedules.draw(seed, ("kill", "cut"))
        assert {fault.kind for fault in named.faults} <= {"kill", "cut"}
        assert not named.unheard
    only = schedules.draw(3, (schedules.STOP_UNHEARD,))
    assert (only.faults, only.unheard) == ((), True)


def test_faults_are_known_by_the_names_of_their_files() -> None:
    for name, kind in faults.by_id().items():
        assert type(kind).__module__ == f"kafka_forge.faults.{name.replace('-', '_')}"
        assert kind.title
    assert set(SHORT) <= set(schedules.names())
    assert all(schedules.directed(name).name == name for name in schedules.names())
    with pytest.raises(UnknownFault, match="no fault 'flood'"):
        schedules.directed("flood")
    with pytest.raises(UnknownFault, match="no fault 'flood'"):
        schedules.draw(1, ("flood",))


def test_a_ledger_is_read_as_it_grows_and_a_line_that_is_not_finished_waits(tmp_path: Path) -> None:
    file = tmp_path / "ledger"
    ledger = Ledger(file)
    assert ledger.update().told == {}
    file.write_text('["s",0,0]\n["s",1,0]\n["a",0,0]\n["t","left",{"member":1}]\n["f",1,', encoding="utf-8")
    ledger.update()
    assert (ledger.sent, ledger.acked, ledger.failed) == ({0: 1, 1: 1}, {0: [0]}, [])
    with file.open("a", encoding="utf-8") as stream:
        stream.write('0,"gone"]\n["r",2,0,5,5]\n["c",2,{"0":6}]\n["x","read","E: e"]\n["t","left",{"member":2}]\n')
    ledger.update()
    assert ledger.failed == [(1, 0, "gone")]
    assert ledger.reads == [(2, 0, 5, 5)]
    assert ledger.commits == [(2, {0: 6})]
    assert ledger.errors == [("read", "E: e")]
    assert ledger.told == {"left": {"member": 1}, "left#2": {"member": 2}}


def test_of_each_recipe_the_newest_python_that_promises_it_takes_part() -> None:
    cells = [dataclasses.replace(CELL, python=python) for python in ("3.9", "3.14", "3.12")]
    artifacts = [Artifact(cell, Path(cell.id), "0" * 64, 0) for cell in cells]
    other = Artifact(dataclasses.replace(CELL, recipe="other"), Path("other"), "0" * 64, 0)
    contracts = {each.cell.id: Contract(version=1, promises=PROMISE) for each in artifacts}
    contracts[other.cell.id] = Contract(version=1, promises={})
    assert [each.cell.python for each in stage.chosen([*artifacts, other], contracts)] == ["3.14"]


def test_a_cluster_is_of_the_first_version_that_makes_one() -> None:
    assert stage.version_of(("2.8.2", "3.9.2", "4.4.0")) == "3.9.2"
    assert stage.version_of(("localhost:9092", "2.8.2")) is None


def test_every_recipe_promises_to_survive_and_a_mode_without_a_scenario_is_an_error() -> None:
    for folder in sorted((project_root() / "recipes").glob("*/contract.yaml")):
        if folder.parent.name in ("dask-kafka-ranges", "streamz"):  # what stands on python-confluent-kafka
            continue
        assert stage.PROMISE in load_contract(folder).promises
    env = Environment(ARTIFACT, Path("none"), None, ())
    with pytest.raises(ContractInvalid, match="modes that no scenario tries: turbo"):
        stage.entrants_of(env, Contract(version=1, promises={"survives": {"modes": ["default", "turbo"]}}))


def contract_with_a_refusal() -> Contract:
    refusal = {
        "check": "survives[default/stop-unheard/bounded]",
        "when": "threads were left",
        "reason": "so it is",
        "see": "https://example.org",
    }
    return Contract(version=1, promises=PROMISE, refusals=(refusal,))


def outcome(seen: Trial, schedule: schedules.Schedule, contract: Contract) -> soak.Outcome:
    drawn = changed(seen, schedule=schedule.as_json())
    return soak.judged(Entrant(Environment(ARTIFACT, Path("none"), None, ()), "default"), drawn, schedule, contract)


def test_a_soak_tells_what_failed_and_how_to_repeat_it() -> None:
    schedule = next(each for each in map(schedules.draw, range(100)) if not each.unheard)
    plain = Contract(version=1, promises=PROMISE)
    whole, broken = outcome(trial(), schedule, plain), outcome(twice(trial()), schedule, plain)
    assert (whole.problems, whole.refused) == ((), ())
    assert [text.partition(":")[0] for text in broken.problems] == ["duplicates"]
    assert broken.repeat == f"kafka-forge soak --seed {schedule.seed} --rounds 1 --recipe python-confluent-kafka"
    told = soak.summary([whole, broken], soak.Bounds(2, 60.0, 1), "4.2.0", 12.34)
    assert (told["schedules"], told["failed"], told["seconds"]) == (2, 1, 12.3)
    (failure,) = told["failures"]
    assert failure["schedule"] == str(schedule)
    assert json.loads(json.dumps(told))["clients"]["python-confluent-kafka/default/3.12"]["failed"] == 1


def test_in_a_soak_a_refusal_of_an_unheard_stop_holds_for_drawn_schedules_that_end_so_and_no_others() -> None:
    unheard = next(each for each in map(schedules.draw, range(100)) if each.unheard)
    heard = next(each for each in map(schedules.draw, range(100)) if not each.unheard)
    contract = contract_with_a_refusal()
    refused = outcome(leaving_threads(trial(1)), unheard, contract)
    assert (refused.problems, refused.refused) == ((), ("bounded",))
    assert [text.partition(":")[0] for text in outcome(leaving_threads(trial(0)), heard, contract).problems] == [
        "bounded"
    ]
    assert outcome(trial(1), unheard, contract).problems == ()  # a soak does not call a refusal stale
