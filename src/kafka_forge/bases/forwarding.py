"""Windows DLLs that have no code: every name that they offer is another DLL's."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from kafka_forge.errors import BaseBuildFailed
from kafka_forge.ground import processes

if TYPE_CHECKING:
    from collections.abc import Mapping


def link(target: Path, names: Mapping[str, str]) -> None:
    """Link a DLL for 64-bit Windows with zig.

    Args:
        target: the file, for example ``python3.dll``.
        names: what it offers → where that is, as a forwarder is spelled: ``python312.PyList_New``.

    Raises:
        BaseBuildFailed: the linker refuses.
    """
    with tempfile.TemporaryDirectory() as folder:
        room = Path(folder)
        lines = [f" {name}={place}" for name, place in sorted(names.items())]
        text = "\n".join([f"LIBRARY {target.name}", "EXPORTS", *lines, ""])
        (room / "names.def").write_text(text, encoding="utf-8")
        (room / "main.c").write_text("int DllMain(void *a, unsigned b, void *c) { return 1; }\n", encoding="utf-8")
        compiler = [
            sys.executable,
            "-m",
            "ziglang",
            "cc",
            "-target",
            "x86_64-windows-gnu",
            "-nostdlib",
            "-shared",
            "-s",
        ]
        done = processes.run([*compiler, "-Wl,--entry,DllMain", "-o", target.name, "main.c", "names.def"], cwd=room)
        if done.returncode:
            raise BaseBuildFailed(
                f"{target.name} cannot be linked",
                where=str(target.parent),
                details=done.output.decode(errors="replace").splitlines()[-10:],
                todo="see the linker's lines above.",
            )
        shutil.copyfile(room / target.name, target)
