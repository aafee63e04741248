"""``symbols-exist``: every symbol that a binary takes from another library is one that this library exports.

For libraries of the prefix these are their own exports; for macOS's libSystem, the stubs of the SDK; what may come from
any library (``-undefined dynamic_lookup``), from Python. The stubs tell what the SDK's macOS has; that the oldest one
has it too is what clang says of the declarations in the SDK's headers. ELF binds no symbol to a library: there, one of
those that a binary needs must have it; the system's own symbols are versioned, and the promise `glibc-floor`'s.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kafka_forge.checks._inspecting import NoArguments, conclude

if TYPE_CHECKING:
    from kafka_forge.values.evidence import InspectEvidence
    from kafka_forge.values.model import CheckResult

_SHOWN = 5


class SymbolsExist:
    """Where nothing can be run, this is what would otherwise show when the library is loaded."""

    id = "symbols-exist"
    title = "the symbols that binaries take from libraries are exported there"
    remedy = "build it with the headers of the library that it runs with, and bind it to that version at least"
    stage = "inspect"
    arguments = NoArguments

    def judge(self, arguments: NoArguments, evidence: InspectEvidence) -> list[CheckResult]:  # noqa: ARG002
        """Give one result over all binaries; an artifact that takes no symbols cannot keep this promise."""
        facts = {binary.path: binary.macho for binary in evidence.binaries if binary.macho}
        problems = [
            f"{path}: {library} does not export {_some(symbols)}"
            for path, macho in facts.items()
            for library, symbols in macho.missing.items()
        ]
        problems += [
            f"{path}: {symbol} came with macOS {version} only"
            for path, macho in facts.items()
            for symbol, version in macho.newer.items()
        ]
        elfs = {binary.path: binary.elf for binary in evidence.binaries if binary.elf}
        problems += [
            f"{path}: no library of {', '.join(elf.libraries) or 'the prefix'} exports {_some(elf.missing)}"
            for path, elf in elfs.items()
            if elf.missing
        ]
        count = sum(sum(macho.imports.values()) for macho in facts.values())
        count += sum(elf.imports for elf in elfs.values())
        if not count:
            problems.append("no binary takes a symbol from anywhere")
        shown = {path: {"imports": each.imports, "missing": each.missing} for path, each in (facts | elfs).items()}
        return [conclude(self.id, problems, f"{count} symbols, all exported where they are taken from", shown)]


def _some(symbols: tuple[str, ...]) -> str:
    more = f" and {len(symbols) - _SHOWN} more" if len(symbols) > _SHOWN else ""
    return ", ".join(symbols[:_SHOWN]) + more


CHECK = SymbolsExist()
