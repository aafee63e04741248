"""The libraries that are part of Windows, as the engine wants to be told of them."""

from __future__ import annotations

from kafka_forge.platforms._layouts import WINDOWS


def patterns() -> list[str]:
    """Return patterns of the libraries that every Windows 10 has, its C library among them.

    Elsewhere than on Windows the engine cannot find them, and takes them for libraries that no dependency brings. It
    minds the case, of which the linkers' import libraries have each its own.
    """
    stems = [name.removesuffix(".dll") for name in WINDOWS if "*" not in name]
    spelled = {f"{spell(stem)}.dll" for stem in stems for spell in (str.lower, str.upper, str.capitalize)}
    shouted = {f"{stem.upper()}.DLL" for stem in stems}
    return sorted(spelled | shouted | {name for name in WINDOWS if "*" in name})
