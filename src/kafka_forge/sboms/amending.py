"""A package's document with the vulnerabilities that were found on a day: another document than the package's own."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from cyclonedx.model import XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.vulnerability import BomTarget, Vulnerability, VulnerabilitySource
from cyclonedx.output.json import JsonV1Dot6

if TYPE_CHECKING:
    from kafka_forge.sboms.osv import Searched
    from kafka_forge.values.model import JsonObject

_PAGE = "https://osv.dev/vulnerability/"


def amended(data: JsonObject, searched: Searched) -> str:
    """Return a document with what a search has found in it: the next version of the same one, by CycloneDX's count."""
    read: Any = Bom
    bom: Bom = read.from_json(data)
    bom.version += 1
    for identity in sorted({each.id for each in searched.found}):
        hits = [each for each in searched.found if each.id == identity]
        bom.vulnerabilities.add(
            Vulnerability(
                bom_ref=f"vulnerability:{identity}",
                id=identity,
                source=VulnerabilitySource(name="OSV", url=XsUri(f"{_PAGE}{identity}")),
                description=hits[0].summary or None,
                affects=[BomTarget(ref=each.reference) for each in hits],
            )
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        text = JsonV1Dot6(bom).output_as_string(indent=1)
    return f"{text}\n"
