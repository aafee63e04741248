"""Which variants a recipe skips (``build.skip``): the engine renders them as any other, and builds them.

py-rattler-build 0.73 says nothing of it in what it renders. So the engine is asked in its own words: the recipe is
rendered once more with the condition in the place of the build number.
"""

from __future__ import annotations

import functools
import io
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path


def kept(recipe: Path, outputs: Sequence[Any], render: Callable[[str], Sequence[Any]]) -> list[Any]:
    """Return those outputs that the recipe does not skip.

    Args:
        recipe: the ``recipe.yaml``; in the v1 format ``skip`` is a condition or a list, of which one is enough.
        outputs: what the engine has rendered.
        render: renders the text of a recipe as these were rendered.

    Raises:
        RattlerBuildError, ValueError: from rendering.
    """
    asking = _asking(recipe.read_text(encoding="utf-8"))
    if asking is None:
        return list(outputs)
    return [each for each, told in zip(outputs, render(asking), strict=True) if not told.recipe.build.number]


@functools.lru_cache(maxsize=64)  # a plan renders a recipe for each platform, and reading it takes longer than that
def _asking(text: str) -> str | None:
    """Return a recipe with its condition in the place of each build number, or None for one that skips nothing."""
    if "skip" not in text:  # told apart before it is parsed, which takes longer than the engine's whole rendering
        return None
    data = YAML(typ="safe").load(text)
    parts = [data, *(each for each in data.get("outputs") or () if isinstance(each, dict))]
    if not any((part.get("build") or {}).get("skip") for part in parts):
        return None
    inherited: list[Any] = []
    for part in parts:
        build = part.setdefault("build", {})
        conditions = [*inherited, *_list(build.pop("skip", ()))]
        inherited = conditions if part is data else inherited
        skips = " or ".join(f"({each})" for each in conditions) or "false"
        build["number"] = f"${{{{ 1 if {skips} else 0 }}}}"
    if "outputs" in data:
        data["build"].pop("number")  # every output has its own
    written = io.StringIO()
    YAML(typ="safe").dump(data, written)
    return written.getvalue()


def _list(value: Any) -> list[str]:
    """Return conditions as words of the engine's; ``true`` and ``false`` are spelled as Jinja spells them."""
    every = value if isinstance(value, (list, tuple)) else [value]
    return [str(each).lower() if isinstance(each, bool) else str(each) for each in every]
