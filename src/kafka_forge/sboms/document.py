"""A package's document: CycloneDX 1.6 (ECMA-424), in JSON, made with CycloneDX's own library.

- `metadata.component` is the package. Its `pedigree` has the sources it was made from (`ancestors`), each with its
  sha256 and upstream's addresses, and the patches on them, each with its reason and the issues it resolves.
- `components` are: what is copied into the sources or linked in by the compiler, and every package of the environments
  that it was built in and against. Scope `required` is what is in the package or runs with it, `excluded` what only
  built it; the property ``kafka-forge:role`` says which.
- `metadata.tools` are this toolkit, the engine, the library that writes the document, and zig where that compiles.

Of one package there is one document: nothing of the machine or the hour stands in it. Its time is the package's, and
its serial number is made of its own content (RFC 9562, UUID version 5).
"""

from __future__ import annotations

import hashlib
import uuid
import warnings
from datetime import datetime, timezone
from importlib.metadata import version
from typing import TYPE_CHECKING

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, Property, XsUri
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import (
    Component,
    ComponentScope,
    ComponentType,
    Diff,
    Patch,
    PatchClassification,
    Pedigree,
)
from cyclonedx.model.issue import IssueClassification, IssueType
from cyclonedx.model.license import LicenseExpression
from cyclonedx.model.lifecycle import LifecyclePhase, PredefinedLifecycle
from cyclonedx.model.tool import ToolRepository
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from kafka_forge.sboms import purls, solve
from kafka_forge.sboms.facts import LIBRARY, Role, Tool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from cyclonedx.model.license import License

    from kafka_forge.sboms.facts import Facts, Origin, Piece, Reason, Solved, Source

PREFIX = "kafka-forge:"
"""Of our own properties' names (https://cyclonedx.github.io/cyclonedx-property-taxonomy)."""
ROLE = f"{PREFIX}role"
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://cyclonedx.org/schema/bom-1.6.schema.json")
_ABOUT = (
    ("home", ExternalReferenceType.WEBSITE),
    ("dev_url", ExternalReferenceType("vcs")),
    ("doc_url", ExternalReferenceType.DOCUMENTATION),
)


def write(
    facts: Facts,
    *,
    reasons: Sequence[Reason] = (),
    pieces: Sequence[Piece] = (),
    origin: Callable[[Solved], Origin],
    compilers: Iterable[str] = (),
    properties: Iterable[tuple[str, str]] = (),
    tools: Iterable[Tool] = (),
) -> bytes:
    """Return the document of a package.

    Args:
        facts: what the engine knows of it.
        reasons: of the patches that its sources name.
        pieces: what is copied or linked in.
        origin: where a package of the environments is from.
        compilers: names of those that are compilers.
        properties: what else is to be said of the package, each as a name without `PREFIX` and a value.
        tools: what else took part, beside this toolkit, the engine and the library.

    Raises:
        KeyError, TypeError, AttributeError: the engine's recipe is of another form than is known here.
    """
    engine, solved = solve.read(facts.rendered)
    subject = _subject(facts, reasons, properties)
    parts = [*map(_piece, pieces), *_packages(solved, origin, frozenset(compilers), facts)]
    bom = Bom(components=parts, serial_number=uuid.UUID(int=0))
    bom.metadata = BomMetaData(
        component=subject,
        timestamp=datetime.fromtimestamp(facts.stamp, tz=timezone.utc),
        lifecycles=[PredefinedLifecycle(LifecyclePhase.BUILD)],
        tools=ToolRepository(components=[_tool(each) for each in (*_own_tools(engine), *tools)]),
    )
    bom.register_dependency(subject, [each for each in parts if each.scope is ComponentScope.REQUIRED])
    bom.serial_number = uuid.uuid5(_NAMESPACE, hashlib.sha256(_json(bom).encode()).hexdigest())
    return f"{_json(bom)}\n".encode()


def _json(bom: Bom) -> str:
    with warnings.catch_warnings():
        # it misses edges between the packages of the environments, which are no part of this document
        warnings.simplefilter("ignore", UserWarning)
        return JsonV1Dot6(bom).output_as_string(indent=1)


def licenses(text: str) -> list[License]:
    """Return a license as the library has it: an SPDX id, an expression, or (of neither kind) a name."""
    if text.startswith("LicenseRef-"):  # SPDX's own way to name what is not on its list
        return [LicenseExpression(text)]
    return [LicenseFactory().make_from_string(text)] if text else []


def _said(pairs: Iterable[tuple[str, str | None]]) -> list[Property]:
    return [Property(name=PREFIX + name, value=value) for name, value in pairs if value]


def _subject(facts: Facts, reasons: Sequence[Reason], properties: Iterable[tuple[str, str]]) -> Component:
    index, about = facts.index, facts.about
    purl = purls.conda(index["name"], index["version"], index["build"], index["subdir"])
    return Component(
        name=index["name"],
        version=index["version"],
        type=ComponentType.LIBRARY,
        bom_ref=str(purl),
        purl=purl,
        description=about.get("summary"),
        licenses=licenses(about.get("license") or index.get("license") or ""),
        external_references=[
            ExternalReference(type=kind, url=XsUri(about[key])) for key, kind in _ABOUT if about.get(key)
        ],
        pedigree=Pedigree(
            ancestors=[_source(each, index["version"]) for each in facts.sources],
            patches=[_patch(each) for each in reasons],
            notes="\n".join(f"{each.file} sha256:{each.sha256}" for each in reasons) or None,
        ),
        properties=_said(
            [
                *properties,
                *(() if facts.sources else (("sources", "none"),)),
                *(("depends", spec) for spec in sorted(set(index.get("depends", ())))),
            ]
        ),
    )


def _source(source: Source, version_of_it: str) -> Component:
    purl = purls.of_source(source, version_of_it)
    hashes = [HashType(alg=HashAlgorithm.SHA_256, content=source.sha256)] if source.sha256 else []
    kind = ExternalReferenceType.SOURCE_DISTRIBUTION
    return Component(
        name=source.name,
        version=version_of_it,
        type=ComponentType.FILE if source.sha256 else ComponentType.LIBRARY,
        bom_ref=f"source:{source.name}",
        purl=purl,
        hashes=hashes,
        external_references=[ExternalReference(type=kind, url=XsUri(url), hashes=hashes) for url in source.urls],
    )


def _patch(reason: Reason) -> Patch:
    words = "\n\n".join(part for part in (reason.subject, reason.why) if part)
    answers = reason.answers or (("", ""),)
    issues = [
        IssueType(
            type=IssueClassification.DEFECT,
            id=label or None,
            name=reason.subject,
            description=words,
            references=[XsUri(address)] if address else [],
        )
        for label, address in answers
    ]
    return Patch(type=PatchClassification.UNOFFICIAL, diff=Diff(url=XsUri(reason.file)), resolves=issues)


def _piece(piece: Piece) -> Component:
    return Component(
        name=piece.name,
        version=piece.version or None,
        type=ComponentType.LIBRARY,
        bom_ref=f"{piece.role}:{piece.name}@{piece.version}",
        scope=ComponentScope.REQUIRED,
        purl=purls.of_home(piece.home, piece.version),
        licenses=licenses(piece.license),
        description=piece.note or None,
        external_references=[ExternalReference(type=ExternalReferenceType.WEBSITE, url=XsUri(piece.home))]
        if piece.home
        else [],
        properties=_said(
            [("role", str(piece.role)), *(("file", file) for file in piece.files), ("license-text", piece.text)]
        ),
    )


def _packages(
    solved: Sequence[Solved], origin: Callable[[Solved], Origin], compilers: frozenset[str], facts: Facts
) -> list[Component]:
    """Return the packages of both environments; one that stands in both is one component with two roles."""
    runs = {spec.split()[0] for spec in facts.index.get("depends", ())}
    roles: dict[tuple[str, str, str, str], set[str]] = {}
    known: dict[tuple[str, str, str, str], Solved] = {}
    for each in solved:
        key = (each.name, each.version, each.build, each.subdir)
        known.setdefault(key, each)
        compiler = each.role is Role.BUILD and each.name in compilers
        roles.setdefault(key, set()).add(str(Role.COMPILER if compiler else each.role))
    return [
        _package(
            known[key], origin(known[key]), sorted(roles[key]), runs=key[0] in runs and str(Role.HOST) in roles[key]
        )
        for key in sorted(known)
    ]


def _package(each: Solved, origin: Origin, roles: Sequence[str], *, runs: bool) -> Component:
    purl = purls.conda(each.name, each.version, each.build, each.subdir, origin.channel)
    kind = ExternalReferenceType.DISTRIBUTION
    return Component(
        name=each.name,
        version=each.version,
        type=ComponentType.APPLICATION if str(Role.COMPILER) in roles else ComponentType.LIBRARY,
        bom_ref=str(purl),
        scope=ComponentScope.REQUIRED if runs else ComponentScope.EXCLUDED,
        purl=purl,
        licenses=licenses(each.license),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=origin.sha256)] if origin.sha256 else [],
        external_references=[ExternalReference(type=kind, url=XsUri(origin.url))] if origin.url else [],
        properties=_said(
            [*(("role", role) for role in roles), ("origin", origin.words), ("made-from", origin.made_from)]
        ),
    )


def _own_tools(engine: str) -> tuple[Tool, ...]:
    return (
        Tool("kafka-forge", version("kafka-forge")),
        Tool("rattler-build", engine, "py-rattler-build"),
        Tool(LIBRARY, version(LIBRARY), LIBRARY),
    )


def _tool(tool: Tool) -> Component:
    return Component(
        name=tool.name,
        version=tool.version,
        type=ComponentType.APPLICATION,
        bom_ref=f"tool:{tool.name}",
        purl=PackageURL("pypi", None, tool.project, version(tool.project)) if tool.project else None,
    )
