"""Since which macOS libSystem has its functions: what clang says of the declarations in Apple's headers.

The stubs name what the newest macOS exports, and a configure script that only links finds all of it. A library that
takes such a function does not load on the older system that it says it runs on.
"""

from __future__ import annotations

import functools
import os
import re
import subprocess
import tempfile
import threading
from pathlib import Path

from kafka_forge.ground.paths import Cache
from kafka_forge.ground.zig import zig_program
from kafka_forge.macho import stubs

_CPUS = {"osx-64": "x86_64", "osx-arm64": "aarch64"}
_HEADERS = (
    "aio arpa/inet assert copyfile ctype dirent dispatch/dispatch dlfcn err errno execinfo fcntl fnmatch ftw "
    "getopt glob grp ifaddrs iconv inttypes libgen libkern/OSAtomic limits locale mach/mach mach/mach_time "
    "mach-o/dyld malloc/malloc math net/if netdb netinet/in netinet/tcp notify os/lock paths poll pthread pwd "
    "regex sched search semaphore setjmp signal spawn stdatomic stddef stdint stdio stdlib string strings "
    "sys/attr sys/clonefile sys/event sys/file sys/ioctl sys/ipc sys/mman sys/mount sys/param sys/random "
    "sys/resource sys/select sys/shm sys/socket sys/stat sys/statvfs sys/sysctl sys/time sys/timeb sys/times "
    "sys/types sys/uio sys/un sys/utsname sys/wait sys/xattr syslog termios time ucontext unistd utime utmpx "
    "uuid/uuid wchar wctype xlocale"
)
_NEWER = re.compile(r"'(\w+)' is only available on macOS ([\d.]+) or newer")
_ASKING = threading.Lock()


def newer(platform: str, minos: tuple[int, int]) -> dict[str, str]:
    """Return the symbols of libSystem that came after a macOS → the macOS they came with.

    Functions that no header declares are not known.

    Args:
        platform: the conda subdir.
        minos: the macOS that is to be run on, for example ``(10, 13)``.
    """
    with _ASKING:
        return _newer(platform, minos)


@functools.cache
def _newer(platform: str, minos: tuple[int, int]) -> dict[str, str]:
    names = sorted(name[1:] for name in stubs.exports(platform) if re.fullmatch(r"_[A-Za-z]\w*", name))
    lines = [f"#if __has_include(<{name}.h>)\n#include <{name}.h>\n#endif" for name in _HEADERS.split()]
    lines += [f"void *probe_{number} = (void *){name};" for number, name in enumerate(names)]
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "probe.c"
        source.write_text("\n".join(lines), encoding="utf-8")
        zig = zig_program(Cache.default().compiler)
        command = [str(zig), "cc", "-target", f"{_CPUS[platform]}-macos.{minos[0]}.{minos[1]}"]
        options = [
            "-fsyntax-only",
            "-Wunguarded-availability",
            "-ferror-limit=0",
            "-fno-caret-diagnostics",
            "-fno-spell-checking",
        ]
        environment = {**os.environ, "ZIG_LOCAL_CACHE_DIR": folder}
        # In the folder that goes away: zig leaves an empty a.out, though it was asked for no output.
        done = subprocess.run(
            [*command, *options, str(source)], cwd=folder, capture_output=True, text=True, check=False, env=environment
        )
    return {f"_{name}": version for name, version in _NEWER.findall(done.stderr)}
