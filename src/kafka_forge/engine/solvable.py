"""Solve a recipe's requirements before the engine does: its own message says only that it failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kafka_forge import platforms
from kafka_forge.channels import solving

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kafka_forge.values.rendered import Rendered


def check(rendered: Rendered, channels: Sequence[str], parts: Sequence[str] = ("build", "host", "run")) -> None:
    """Make sure that the requirements of a package have a solution.

    What run exports add is not known before the host is solved; the engine sees it.

    Args:
        rendered: the package.
        channels: URLs, the first first.
        parts: which of its requirements.

    Raises:
        SolveFailed: one of them has none.
    """
    machine = platforms.current()
    for part in parts:
        if specs := rendered.requirements[part]:
            platform = machine if part == "build" else rendered.platform
            solving.solve(specs, channels, platform, what=f"the {part} requirements of {rendered.name}")
