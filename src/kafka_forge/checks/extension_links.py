"""``extension-links``: each C extension is there, and asks for the shared libraries that it is promised to use."""

from __future__ import annotations

import posixpath
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from pydantic import Field

from kafka_forge.checks._inspecting import conclude
from kafka_forge.values.contract import Model

if TYPE_CHECKING:
    from kafka_forge.values.evidence import BinaryFile, InspectEvidence
    from kafka_forge.values.model import CheckResult


class Arguments(Model):
    """``modules``: extension module → the libraries that it must need, as the loader knows them, or patterns of such.

    Patterns are `fnmatch`'s: tools that bundle libraries into wheels put a hash into their names.
    """

    modules: dict[str, tuple[str, ...]] = Field(min_length=1)


class ExtensionLinks:
    """A package whose extension was not built falls back to pure Python in silence (Parsely/pykafka 617, 920)."""

    id = "extension-links"
    title = "the C extensions are there, need the promised libraries, and find them in the prefix"
    remedy = (
        "build the extension against the librdkafka of the host environment, and let the build fail where it cannot"
    )
    stage = "inspect"
    arguments = Arguments
    shown_by = "probe"

    def judge(self, arguments: Arguments, evidence: InspectEvidence) -> list[CheckResult]:
        """Give one result a module."""
        return [self._one(module, libraries, evidence) for module, libraries in arguments.modules.items()]

    def _one(self, module: str, libraries: tuple[str, ...], evidence: InspectEvidence) -> CheckResult:
        name = f"{self.id}[{module}]"
        binary = next((binary for binary in evidence.binaries if _is_module(binary.path, module)), None)
        if binary is None:
            seen = {"binaries": [each.path for each in evidence.binaries]}
            return conclude(name, [f"the package has no extension module {module}"], "", seen)
        problems = [problem for library in libraries if (problem := _problem(binary, library))]
        run = evidence.probe.get("imports", {}).get(module)
        if run and run["file"] != binary.path:
            problems.append(f"the import of {module} gives {run['file'] or run['error']}")
        shown = {"path": binary.path, "needed": list(binary.needed), "found": binary.found, "import": run}
        return conclude(name, problems, f"needs {', '.join(libraries)}", shown)


def _is_module(path: str, module: str) -> bool:
    folder, _, leaf = path.rpartition("/")
    tail = module.replace(".", "/")
    return posixpath.join(folder, leaf.split(".", 1)[0]).endswith((f"/site-packages/{tail}", f"/dist-packages/{tail}"))


def _problem(binary: BinaryFile, library: str) -> str | None:
    needed = next((each for each in binary.needed if fnmatchcase(each, library)), None)
    if needed is None:
        return f"does not need {library} (it needs {', '.join(binary.needed) or 'nothing'})"
    if binary.found.get(needed, "") in ("", "system"):
        return f"{library} is not found in the prefix"
    return None


CHECK = ExtensionLinks()
