"""The toolkit's zig, at one place for all checkouts that share a cache."""

from __future__ import annotations

import os
import shutil
from importlib.metadata import version
from pathlib import Path

from filelock import FileLock

from kafka_forge.ground.files import atomic_path, explain_os_errors, link_or_copy


def zig_program(compiler_cache: Path) -> Path:
    """Return the zig of the package ``ziglang``, which the toolkit depends on, as the compiler's cache has it.

    zig takes what another zig has compiled for its own only where both stand at one path: of two checkouts with an
    environment each, whichever was not the last to link C++ would compile zig's C++ library anew, which is minutes'
    work, and leave it so for the other. So it is linked into the cache, file by file, or copied to another file system.

    Args:
        compiler_cache: zig's cache (``Cache.compiler``).

    Raises:
        DiskFull, NotWritable: the file system refuses.
    """
    name = "zig.exe" if os.name == "nt" else "zig"
    place = compiler_cache / f"ziglang-{version('ziglang')}"
    if (place / name).exists():
        return place / name
    import ziglang

    with explain_os_errors(compiler_cache):
        compiler_cache.mkdir(parents=True, exist_ok=True)
        # one of two that begin at once would take the folder away from the other, who compiles with it already
        with FileLock(compiler_cache / ".ziglang.lock"):
            if not (place / name).exists():
                with atomic_path(place) as draft:
                    shutil.copytree(Path(ziglang.__file__).parent, draft, copy_function=link_or_copy)
    return place / name
