"""What a second build has otherwise than the first: all of it at once, or one thing only.

The list is that of reproducible-builds.org ("Variations in the build environment"); what a machine does not let its
users change (`kafka_forge.reproducing.possible`) is named as not varied.
"""

from __future__ import annotations

import itertools
import os
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kafka_forge.reproducing import possible

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from pathlib import Path

CONDITIONS = {
    "path": "checkout, work folder and output lie elsewhere, and deeper",
    "time-zone": "the time zone is UTC+12:45",
    "locale": "the locale is C",
    "umask": "new files are their owner's alone",
    "user": "user and home have other names",
    "cores": "each build has one processor instead of all",
    "clock": "it is later, by as much as lies between the builds",
    "compiler-cache": "the compiler has nothing in its cache",
    "year": "the engine's clock is a year ahead (libfaketime; it hands none of that to a build script)",
    "host-name": "the machine has another name",
    "file-order": "the work folder lies on a file system in memory, which gives a folder's files in another order",
}
"""Id → in words."""
_SHARED = ("base", "store", "packages", "emulators", "brokers")


@dataclass(frozen=True, slots=True)
class Otherwise:
    """How the second build is started.

    Attributes:
        environment: all of its environment variables.
        umask: of its process.
        cores: how many processors the build of each cell may use; None is all.
        root: the checkout that it builds from.
        output: the channel that it builds into.
        host: whether it gets a host name of its own.
    """

    environment: dict[str, str]
    umask: int
    cores: int | None
    root: Path
    output: Path
    host: bool = False


@dataclass(frozen=True, slots=True)
class With:
    """What conditions take that not every machine has.

    Attributes:
        memory: for ``file-order``, an empty folder on a file system in memory; the work folder is in it then.
        clock: for ``year``, the environment variables of libfaketime.
    """

    memory: Path | None = None
    clock: Mapping[str, str] = field(default_factory=dict)


def arrange(chosen: Collection[str], room: Path, root: Path, cache: Path, with_: With | None = None) -> Otherwise:
    """Prepare a folder for a build that has these conditions.

    Args:
        chosen: ids of `CONDITIONS`; ``clock`` needs nothing, for it goes on by itself.
        room: an empty folder.
        root: the checkout.
        cache: the cache's folder. The second build has one of its own, in which what was obtained or made before (the
            base, sources, emulators) is a link to the first one's.
        with_: what some of them take.
    """
    deep = room / ("another/place/that/lies/deeper" if "path" in chosen else "same")
    own = deep / "cache"
    own.mkdir(parents=True)
    for name in (*_SHARED, *(() if "compiler-cache" in chosen else ("compiler",))):
        (own / name).symlink_to(cache / name)
    if with_ and with_.memory:
        (own / "work").symlink_to(with_.memory)
    elif "path" not in chosen:
        (own / "work").symlink_to(cache / "work")
    checkout = deep / "checkout" if "path" in chosen else root
    if checkout is not root:
        checkout.mkdir()
        for name in ("recipes", "bootstrap", "src"):  # all that decides the base: it is the first one's
            if (root / name).exists():
                (checkout / name).symlink_to(root / name)
    return Otherwise(
        environment={
            **os.environ,
            **_variables(chosen, deep),
            **(with_.clock if with_ else {}),
            "KAFKA_FORGE_CACHE": str(own),
        }
        | {"KAFKA_FORGE_ROOT": str(checkout)},
        umask=0o077 if "umask" in chosen else _umask(),
        cores=1 if "cores" in chosen else None,
        root=checkout,
        output=deep / "output",
        host="host-name" in chosen,
    )


def _variables(chosen: Collection[str], room: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    if "time-zone" in chosen:
        found["TZ"] = "<+1245>-12:45"
    if "locale" in chosen:
        found |= {"LC_ALL": "C", "LANG": "C", "LANGUAGE": "C"}
    if "user" in chosen:
        (room / "home").mkdir()
        found |= {"HOME": str(room / "home"), "USER": "somebody", "LOGNAME": "somebody", "USERNAME": "somebody"}
    return found


def _umask() -> int:
    now = os.umask(0o022)
    os.umask(now)
    return now


def begin(umask: int, *, host: bool) -> None:
    """Make this process what `arrange` has prepared; its environment was given to it when it was started."""
    if host:
        possible.rename_host()
    os.umask(umask)
    if hasattr(time, "tzset"):
        time.tzset()


def deal(cores: int | None) -> Callable[[], None] | None:
    """Return what gives a thread, and all that it starts, so many of this process's processors; None where all are.

    One thread after the other gets the next ones. So each build sees few processors, as ``nproc`` says, and the machine
    still works with all: reproducing a family takes little longer than building it (issue 16).
    """
    if cores is None or sys.platform != "linux":
        return None
    turn = itertools.cycle(sorted(os.sched_getaffinity(0)))
    lock = threading.Lock()

    def begin_thread() -> None:
        with lock:
            mine = {next(turn) for _ in range(cores)}
        os.sched_setaffinity(0, mine)  # 0 is the calling thread, whose processors a process that it starts gets

    return begin_thread
