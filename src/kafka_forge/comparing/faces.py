"""What a package shows in its fresh environment, for comparison with another one."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from typing import TYPE_CHECKING

from kafka_forge import inspection
from kafka_forge.comparing.model import Content, Face, Librdkafka
from kafka_forge.inspection import symbols
from kafka_forge.values.contract import Contract
from kafka_forge.values.model import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from kafka_forge.environments.installers import Installer
    from kafka_forge.ground.progress import Progress
    from kafka_forge.values.evidence import InspectEvidence
    from kafka_forge.values.model import Artifact

_HASHED = re.compile(r"-[0-9a-f]{8}(?=(\.\d+)*\.(so|dylib|dll)\b)|(?<=\.so)-[0-9a-f]{8}")
"""What auditwheel, delocate and delvewheel put into a copied library's name."""
_VERSIONED = re.compile(r"-[^/-]+(?=\.(dist-info|egg-info)(/|$))")
_DECLARED = re.compile(r"^__(glibc|osx)\s+>=(\d+\.\d+)")
_LEFT_OUT = {
    Kind.CONDA: re.compile(r"\.pyc$"),
    Kind.WHEEL: re.compile(r"\.pyc$|\.dist-info/(direct_url\.json|INSTALLER|REQUESTED)$"),
}
"""Compiled files, which installers make or not; and what pip writes about how it was called."""
_SITE = re.compile(r"(?:^|/)site-packages/([^/_.][^/]*?)(?:/__init__)?\.py$")


def face(artifact: Artifact, contract: Contract | None, installer: Installer, progress: Progress) -> Face:
    """Install a package afresh and return what it shows.

    Args:
        artifact: what to look at.
        contract: names the modules that are imported and the Python; None where no contract is about it: then
            its own top modules are imported.
        installer: how it comes into its environment.
        progress: told what is being done.

    Raises:
        ForgeError: it cannot be installed, or the program that looks from inside broke.
    """
    surroundings = contract.environment if contract else Contract(promises={}).environment
    with installer.fresh(artifact, Contract(promises={}, environment=surroundings)) as made:
        files = inspection.brought.of(made).files
        modules = inspection.modules_of(contract) if contract else top_modules(files)
        plain = Contract(promises={"imports": {"modules": modules}}, environment=surroundings)
        return _face(inspection.inspect(made, plain, progress=progress))


def top_modules(files: Iterable[str]) -> list[str]:
    """Return the modules that a package's files let a user import, without those below others.

    >>> top_modules(["lib/python3.12/site-packages/a/__init__.py", "lib/python3.12/site-packages/b.py", "lib/c.so"])
    ['a', 'b']
    """
    return sorted({found[1] for file in files if (found := _SITE.search(file))})


def plain_name(file: str) -> str:
    """Return a file's name without what differs from version to version by itself.

    >>> plain_name("lib/python3.12/site-packages/x-2.1.dist-info/RECORD")
    'lib/python3.12/site-packages/x.dist-info/RECORD'
    >>> plain_name("c.libs/librdkafka-0cb94173.so.1"), plain_name("a-deadbeef.1.2.dylib"), plain_name("bin/x-1.so")
    ('c.libs/librdkafka.so.1', 'a.1.2.dylib', 'bin/x-1.so')
    """
    return _VERSIONED.sub("", _HASHED.sub("", file))


def _face(seen: InspectEvidence) -> Face:
    made = seen.environment
    artifact, cell = made.artifact, made.artifact.cell
    kept = [file for file in seen.files if not _LEFT_OUT[artifact.kind].search(file) and (made.prefix / file).is_file()]
    return Face(
        spec=cell.recipe,
        kind=artifact.kind,
        name=cell.name,
        version=cell.version,
        build=cell.build,
        platform=cell.platform,
        python=cell.python,
        sha256=artifact.sha256,
        size=artifact.size,
        files={plain_name(file): _content(made.prefix, file) for file in kept},
        depends=sorted(each for each in seen.depends if not each.startswith("__")),
        run_exports=_run_exports(seen),
        environment={each.name: each.version for each in made.packages},
        librdkafka=_librdkafka(seen),
        symbols=_symbols(seen),
        floors=_floors(seen),
    )


def _content(prefix: Path, file: str) -> Content:
    """Return a file's content; the prefix in it counts as one word, or as as many bytes in a binary."""
    data, own = (prefix / file).read_bytes(), str(prefix).encode()
    data = data.replace(own, b"/" * len(own)) if b"\0" in data else data.replace(own, b"PREFIX")
    return Content(size=len(data), sha256=hashlib.sha256(data).hexdigest())


def _run_exports(seen: InspectEvidence) -> list[str]:
    exports = seen.metadata.get("run_exports", {})
    return sorted(f"{kind}: {spec}" for kind, specs in exports.items() for spec in specs)


def _librdkafka(seen: InspectEvidence) -> Librdkafka | None:
    found = seen.probe.get("librdkafka", {})
    if not found.get("path"):
        return None
    features = sorted(found["features"] or ())
    return Librdkafka(path=plain_name(found["path"]), version=found["version"], features=features)


def _symbols(seen: InspectEvidence) -> dict[str, list[str]]:
    """Return what each binary exports; a library that stands there under several names counts once."""
    found: dict[str, set[str]] = defaultdict(set)
    for binary in seen.binaries:
        found[plain_name(binary.path)] |= symbols.exported(seen.environment.prefix / binary.path, binary.kind)
    return {name: sorted(names) for name, names in sorted(found.items()) if names}


def _floors(seen: InspectEvidence) -> dict[str, str | None]:
    """Return what is declared (by the solver's virtual packages, or a wheel's tag) beside what binaries need."""
    declared = {found[1]: found[2] for text in seen.depends if (found := _DECLARED.match(text))}
    glibc = max((each.glibc for each in seen.binaries if each.glibc), default=None)
    macos = max((each.macho.minos for each in seen.binaries if each.macho and each.macho.minos), default=None)
    return {
        "glibc declared": declared.get("glibc"),
        "glibc needed": _dotted(glibc),
        "macOS declared": declared.get("osx"),
        "macOS linked for": _dotted(macos),
    }


def _dotted(version: tuple[int, int] | None) -> str | None:
    return f"{version[0]}.{version[1]}" if version else None
