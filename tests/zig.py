"""Compiling something small with zig, as the base does: one compiler, and one cache of what it has compiled already."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from kafka_forge.ground.paths import Cache
from kafka_forge.ground.zig import zig_program

if TYPE_CHECKING:
    from pathlib import Path


def cc(*options: str | Path, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run ``zig cc`` in a folder; return how it ended and what it said."""
    cache = Cache.default().compiler
    variables = {**os.environ, "ZIG_GLOBAL_CACHE_DIR": str(cache), "ZIG_LOCAL_CACHE_DIR": str(cache)}
    return subprocess.run(
        [zig_program(cache), "cc", *options],
        cwd=folder,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


def compiled(target: str, source: str, output: Path, *options: str | Path) -> Path:
    """Compile one C file for zig's ``target`` into ``output``, beside which its text is left; return ``output``."""
    output.parent.mkdir(parents=True, exist_ok=True)
    text = output.with_name(f"{output.name}.c")
    text.write_text(source, encoding="utf-8")
    done = cc("-target", target, "-fno-sanitize=undefined", text, *options, "-o", output)
    assert done.returncode == 0, done.stderr
    return output
