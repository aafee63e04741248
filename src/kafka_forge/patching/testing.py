"""The tests that patches name, run by pytest out of the checkout."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from kafka_forge.errors import UnsupportedMachine, VerdictsNotGreen

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def run(root: Path, tests: Sequence[str]) -> None:
    """Run tests of the checkout; what they say goes to this program's own output.

    Args:
        root: the checkout.
        tests: FILE::FUNCTION of each, from the checkout.

    Raises:
        UnsupportedMachine: there is no pytest.
        VerdictsNotGreen: a test failed, or was not found.
    """
    if importlib.util.find_spec("pytest") is None:
        raise UnsupportedMachine(
            "the patches are saved; the tests that they name need pytest",
            details=tests,
            todo="run scripts/test.py once, which installs it, then `kafka-forge test --only integration TEST…`.",
        )
    command = [sys.executable, "-m", "pytest", *tests]
    environment = {**os.environ, "KAFKA_FORGE_ROOT": str(root)}
    # standard output is the command's own result
    status = subprocess.run(command, cwd=root, env=environment, stdout=sys.stderr, check=False).returncode
    if status:
        raise VerdictsNotGreen(
            f"the patches are saved, and the tests that they name end with status {status}",
            details=tests,
            todo="mend the commit (`git commit --fixup=…`) or the test, and save again.",
        )
