"""From failures to their causes: what failed only because something below it did, points there.

A package without its C extension fails at a dozen checks, and its user has one thing to mend. Every failure keeps its
verdict; one that another explains names it, so that a report leads with what is to be mended. Where two things are
wrong at once, the second stands on its own as soon as the first is mended.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from kafka_forge.values.model import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kafka_forge.values.model import CheckResult


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of failure that another explains.

    Attributes:
        effect: a pattern (`fnmatch`) over ids, of what is explained.
        cause: the same, of what explains it.
        shows: a regular expression that the effect's summary must show.
        where: one that the cause's summary must show.
        same_case: whether both must be about the same case, what stands in the ids' brackets.
        same_mode: whether both must be about the same mode of the client, with which a case begins.
    """

    effect: str
    cause: str
    shows: str = ""
    where: str = ""
    same_case: bool = False
    same_mode: bool = False


_LOADED = ("one-librdkafka", "librdkafka-version", "features")
_UNASKED = r"^0 copies|cannot be asked|no single librdkafka"
_LATER = ("imports[[]*", "imports-with-extras[[]*", "recipe-tests[[]*", "commands[[]*", "roundtrip-*")
_MISSING = re.compile(r"No module named '(\w+)")
_NO_MODULE = "No module named|ImportError|fails:|ended with status|scenario told nothing"

RULES: tuple[Rule, ...] = (
    # An extension that is not there, or asks for another library: what it would have shown is missing.
    Rule("rpath-inside-prefix", "extension-links[[]*", shows="has no binary"),
    Rule("rpath-inside-prefix", "extension-links[[]*", shows="nothing in the package", where="does not need"),
    Rule("glibc-floor", "extension-links[[]*", shows="no binary needs"),
    Rule("symbols-exist", "extension-links[[]*", where="does not need|has no extension module"),
    Rule("package-contents", "extension-links[[]*", shows="^nothing matches", where="has no extension module"),
    # What the loader does not find.
    Rule("extension-links[[]*", "rpath-inside-prefix", shows="^lib.* is not found in the prefix"),
    *(Rule(check, "extension-links[[]*", shows=_UNASKED) for check in _LOADED),
    *(Rule(check, "extension-links[[]*") for check in _LATER),
    *(Rule(check, "rpath-inside-prefix", shows=_UNASKED) for check in _LOADED),
    *(Rule(check, "rpath-inside-prefix", shows=_NO_MODULE) for check in _LATER),
    # A dependency that was forgotten.
    *(Rule(check, "pip-check", shows=_NO_MODULE) for check in _LATER),
    *(Rule(check, "imports[[]*", shows=_UNASKED) for check in _LOADED),
    *(Rule(check, "imports[[]*", shows=_NO_MODULE) for check in _LATER if not check.startswith("imports[")),
    # What cannot be loaded, as it is for another machine or wants a symbol that nobody has.
    *(
        Rule(check, cause, shows=shows)
        for cause in ("fits-its-platform", "symbols-exist")
        for check, shows in (*((each, _UNASKED) for each in _LOADED), *((each, _NO_MODULE) for each in _LATER))
    ),
    Rule("extension-links[[]*", "fits-its-platform", shows="^the import of"),
    Rule("extension-links[[]*", "symbols-exist", shows="^the import of"),
    # A private copy is what the client is linked with, and a second one cannot be told from the first.
    Rule("package-contents", "no-private-copies", shows="is unwanted"),
    Rule("extension-links[[]*", "no-private-copies", shows="does not need"),
    Rule("one-librdkafka", "no-private-copies"),
    *(Rule(check, "one-librdkafka", shows=_UNASKED) for check in _LOADED if check != "one-librdkafka"),
    Rule("c-project[[]*", "headers-agree"),
    # A librdkafka that cannot be loaded runs no tests, nor does a program that is linked with it.
    Rule("own-tests", "rpath-inside-prefix", shows="^the package has no librdkafka that carries tests"),
    Rule("c-project[[]*", "rpath-inside-prefix", where="nothing in the package", shows="says ''|was not built"),
    # What it was built without brings no tests.
    Rule("own-tests", "features", shows="^not compiled in", where="missing"),
    # A client that fails when it is first used has passed no message at all.
    *(
        Rule(
            f"roundtrip-{what}[[]*", "roundtrip-acceleration[[]*", where="the client handled no message", same_mode=True
        )
        for what in (
            "delivery",
            "order",
            "headers",
            "timestamps",
            "compression",
            "group",
            "asyncio",
            "rebalance",
            "transactions",
            "share-group",
        )
    ),
    # A message that is not there, or is there twice, has no place, headers or timestamp that could be right.
    *(
        Rule(f"roundtrip-{what}[[]*", "roundtrip-delivery[[]*", same_case=True)
        for what in ("order", "headers", "timestamps", "compression")
    ),
    Rule("roundtrip-group[[]*", "roundtrip-delivery[[]*"),
    *(Rule("roundtrip-rebalance[[]*", f"roundtrip-{what}[[]*") for what in ("delivery", "group")),
    *(Rule("roundtrip-transactions[[]*", f"roundtrip-{what}[[]*") for what in ("delivery", "order")),
    Rule("roundtrip-share-group[[]*", "roundtrip-delivery[[]*"),
    # The recipe's own tests repeat what checks say better.
    *(Rule("recipe-tests[[]*", check) for check in (*_LOADED, "pip-check", "commands[[]*", "c-project[[]*")),
)


def explain(results: Sequence[CheckResult]) -> list[CheckResult]:
    """Return the results in their order; a failure that follows from another one names it (``because``)."""
    failed = [result for result in results if result.verdict is Verdict.FAIL]
    return [replace(result, because=_root(result, failed)) if result in failed else result for result in results]


def _root(result: CheckResult, failed: Sequence[CheckResult]) -> str | None:
    """Follow the rules to the failure that nothing else explains; None where that is the result itself."""
    seen = [result]
    while cause := _cause(seen[-1], [each for each in failed if each not in seen]):
        seen.append(cause)
    return seen[-1].id if len(seen) > 1 else None


def _cause(result: CheckResult, failed: Sequence[CheckResult]) -> CheckResult | None:
    for rule in RULES:
        if fnmatchcase(result.id, rule.effect) and re.search(rule.shows, result.summary):
            for other in failed:
                near = other.broker in (None, result.broker) and _near(rule, _case(other), _case(result))
                told = fnmatchcase(other.id, rule.cause) and re.search(rule.where, other.summary)
                if near and told and not _elsewhere(result, other):
                    return other
    return None


def _elsewhere(result: CheckResult, cause: CheckResult) -> bool:
    """Tell whether the result lacks a module of another package than the one that its cause is about."""
    lacks, other = (_MISSING.search(each.summary) for each in (result, cause))
    if lacks is None:
        return False
    if other:
        return lacks[1] != other[1]
    if cause.id.startswith("extension-links["):
        return lacks[1] != _case(cause).rstrip("]").partition(".")[0]
    return cause.id == "rpath-inside-prefix"  # a library that is not found is told in other words


def _near(rule: Rule, cause: str, effect: str) -> bool:
    if rule.same_case:
        return cause == effect
    return not rule.same_mode or _mode(cause) == _mode(effect)


def _mode(case: str) -> str:
    """Return the client's mode; one of a loop's is that which does its work (``asyncio-rdkafka``)."""
    return case.rstrip("]").partition("/")[0].removeprefix("asyncio-")


def _case(result: CheckResult) -> str:
    return result.id.partition("[")[2]
