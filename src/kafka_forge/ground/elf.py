"""ELF files as LIEF reads them, for everybody who asks what a file needs, takes and exports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


def parsed(path: Path) -> Any:
    """Return an ELF file as `lief.ELF.Binary`; None for a file that is none.

    Relocations, notes, the overlay and the symbols that the loader does not use are left out: nobody asks for them,
    and reading them takes the most time.
    """
    import lief

    config = lief.ELF.ParserConfig()
    config.parse_relocations = config.parse_symtab_symbols = config.parse_notes = config.parse_overlay = False
    return lief.ELF.parse(str(path), config)
