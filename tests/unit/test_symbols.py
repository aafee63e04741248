"""What a library exports, whatever it is for: as zig links the same two functions for three systems."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kafka_forge.inspection import symbols
from tests.zig import compiled

if TYPE_CHECKING:
    from pathlib import Path

_SOURCE = """
#ifdef _WIN32
#define PUBLIC __declspec(dllexport)
int DllMainCRTStartup(void *library, unsigned why, void *reserved) { return 1; }
#else
#define PUBLIC __attribute__((visibility("default")))
#endif
PUBLIC int shown(void) { return 1; }
static int hidden(void) { return 2; }
PUBLIC int calls(void) { return hidden(); }
"""


@pytest.mark.parametrize(
    ("target", "name", "kind", "prefix"),
    [
        ("x86_64-linux-gnu.2.17", "libx.so", "elf", ""),
        ("aarch64-macos.11.0", "libx.dylib", "macho", "_"),
        ("x86_64-windows-gnu", "x.dll", "pe", ""),
    ],
)
def test_what_is_exported_is_told_and_nothing_else(
    target: str, name: str, kind: str, prefix: str, tmp_path: Path
) -> None:
    library = compiled(target, _SOURCE, tmp_path / name, "-shared", "-nostdlib", "-fvisibility=hidden")
    found = symbols.exported(library, kind)
    assert {f"{prefix}shown", f"{prefix}calls"} <= found
    assert not [each for each in found if "hidden" in each]


@pytest.mark.parametrize("kind", ["elf", "macho", "pe"])
def test_what_is_no_library_exports_nothing(kind: str, tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("nothing to link to\n", encoding="utf-8")
    assert symbols.exported(text, kind) == frozenset()
