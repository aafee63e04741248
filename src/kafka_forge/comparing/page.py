"""A comparison as one HTML file, which opens from disk."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kafka_forge.ground.files import write_text_atomic

if TYPE_CHECKING:
    from kafka_forge.comparing.model import Diff

_TEMPLATE = Path(__file__).parent / "page.html.j2"


def write(diff: Diff, file: Path) -> None:
    """Write the page of a comparison, whole or not at all.

    Raises:
        DiskFull, NotWritable: the file system refuses.
    """
    write_text_atomic(file, render(diff))


def render(diff: Diff) -> str:
    """Return the page of a comparison as HTML."""
    import jinja2

    loader = jinja2.FileSystemLoader(_TEMPLATE.parent)
    environment = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return str(environment.get_template(_TEMPLATE.name).render(diff=diff))
