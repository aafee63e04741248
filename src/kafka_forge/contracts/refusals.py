"""Refusals: failures that the contract foresaw, with a reason and a public source.

A refusal turns a failure into ``refused``, never into a pass; and it must come true. Where something passes that a
refusal says cannot be done, the refusal is stale, and that is a failure of its own: the contract has to go with it.
"""

from __future__ import annotations

import dataclasses
import fnmatch
import json
import re
from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

from kafka_forge.values import python_names
from kafka_forge.values.model import CheckResult, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kafka_forge.values.contract import Refusal


def apply(
    refusals: Sequence[Refusal], results: Sequence[CheckResult], *, broker: str | None, python: str | None
) -> list[CheckResult]:
    """Turn the failures that a contract foresaw into refusals, and tell of refusals that did not come true.

    Args:
        refusals: of the contract.
        results: of every check.
        broker: the broker's version; None or no version where it is not known.
        python: ``"3.12"``, ``"3.14t"`` (of which the version counts); None where the artifact serves every Python.

    Returns:
        The results in their order, then one ``fail`` for each stale refusal.
    """
    python = python and python_names.version(python)
    here = [each for each in refusals if _holds(each.brokers, broker) and _holds(each.pythons, python)]
    judged = [_refused(result, here) for result in results]
    return judged + [stale for refusal in here if (stale := _stale(refusal, results, broker, python))]


def _refused(result: CheckResult, refusals: Sequence[Refusal]) -> CheckResult:
    if result.verdict is not Verdict.FAIL:
        return result
    for refusal in refusals:
        if _names(refusal, result) and _shows(refusal, result):
            evidence = {**result.evidence, "failure": result.summary, "reason": refusal.reason, "see": refusal.see}
            return dataclasses.replace(
                result, verdict=Verdict.REFUSED, summary=f"{refusal.reason} ({refusal.see})", evidence=evidence
            )
    return result


def _stale(
    refusal: Refusal, results: Sequence[CheckResult], broker: str | None, python: str | None
) -> CheckResult | None:
    """Return a failure where something passed that the refusal names; not where we cannot know whether it applies."""
    if (refusal.brokers and _version(broker) is None) or (refusal.pythons and _version(python) is None):
        return None
    passed = [result.id for result in results if _names(refusal, result) and result.verdict is Verdict.PASS]
    if not passed:
        return None
    return CheckResult(
        f"stale-refusal[{refusal.check}]",
        Verdict.FAIL,
        f"the contract refuses {refusal.check}, yet {len(passed)} of these passed: take the refusal back or narrow it",
        {"refusal": refusal.model_dump(), "passed": passed},
    )


def _names(refusal: Refusal, result: CheckResult) -> bool:
    # Ids carry their case in brackets, which fnmatch would read as a set of characters.
    return fnmatch.fnmatchcase(result.id, refusal.check.replace("[", "[[]"))


def _shows(refusal: Refusal, result: CheckResult) -> bool:
    text = f"{result.summary}\n{json.dumps(result.evidence, default=str, ensure_ascii=False)}"
    return re.search(refusal.when, text) is not None


def _holds(specifier: str | None, version: str | None) -> bool:
    """Tell whether a refusal is about this version; one that is not known may be meant."""
    known = _version(version)
    return specifier is None or known is None or known in SpecifierSet(specifier, prereleases=True)


def _version(text: str | None) -> Version | None:
    """Return a version that can be compared; ``4.4+``, a broker later than 4.4, is 4.5 at least.

    >>> _version("4.4+"), _version("3.12"), _version("unknown")
    (<Version('4.5')>, <Version('3.12')>, None)
    """
    try:
        if text and text.endswith("+"):
            major, minor = Version(text[:-1]).release[:2]
            return Version(f"{major}.{minor + 1}")
        return Version(text) if text else None
    except InvalidVersion:
        return None
