"""What the program inside an environment answers about a library that cannot be loaded."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

from kafka_forge.ground.paths import project_root

if TYPE_CHECKING:
    from pathlib import Path


def test_a_library_that_the_loader_refuses_is_an_answer_and_no_crash(tmp_path: Path) -> None:
    library = tmp_path / "librdkafka.so.1"
    library.write_bytes(b"no library")
    probe = project_root() / "src" / "kafka_forge" / "scenarios" / "probe.py"
    request = json.dumps({"prefix": str(tmp_path), "modules": [], "library": str(library)})
    done = subprocess.run([sys.executable, "-I", probe, request], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.splitlines()[-1])["librdkafka"]
    assert found["refused"]
    assert (found["loaded"], found["version"]) == ([], None)
