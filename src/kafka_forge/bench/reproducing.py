"""What it costs to reproduce: both builds against the first one alone, with an empty compiler cache for each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from kafka_forge.reproducing import conditions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kafka_forge.ground.paths import Cache


def times_a_build(root: Path, base: str, cache: Cache, arguments: Sequence[str] = ()) -> float:
    """Return how many times its build it takes to build a family and to reproduce it (issue 16: at most 2.2).

    It is one run of ``reproduce`` into an empty channel, whose own figures are taken: first build, second build.

    Args:
        root: the checkout.
        base: the base, as ``--base``; it is made already.
        cache: what was obtained before is taken from it, what was compiled is not.
        arguments: recipes, ``--python`` and ``--platform``, as ``reproduce`` takes them; none means the whole matrix of
            this machine.

    Raises:
        subprocess.CalledProcessError: a build failed, or the two were not the same.
    """
    cache.work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=cache.work) as room:
        fresh = conditions.arrange({"path", "compiler-cache"}, Path(room), root, cache.root)
        command = [sys.executable, "-m", "kafka_forge.cli", "reproduce", *arguments]
        done = subprocess.run(
            [*command, "--base", base, "--output", str(fresh.output), "--json"],
            env={
                **os.environ,
                "KAFKA_FORGE_ROOT": str(root),
                "KAFKA_FORGE_CACHE": fresh.environment["KAFKA_FORGE_CACHE"],
            },
            cwd=root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            check=True,
        )
    seconds = json.loads(done.stdout)["seconds"]
    return float((seconds["first"] + seconds["second"]) / seconds["first"])
