"""A file with a client's settings comes in, as ``--security`` names it; librdkafka's settings go out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kafka_forge.errors import SettingsInvalid, said
from kafka_forge.ground import jsons

if TYPE_CHECKING:
    from pathlib import Path

_TODO = "write one `name=value` a line, or a JSON object; the names are librdkafka's (CONFIGURATION.md)."


def read(path: Path | None) -> dict[str, str]:
    """Return the settings of a file: ``name=value`` lines, as librdkafka's own tools take them, or a JSON object.

    Args:
        path: the file; none at all gives no settings.

    Raises:
        SettingsInvalid: it is not there, or is neither of the two.
    """
    if path is None:
        return {}
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsInvalid(f"the settings cannot be read: {said(error)}", where=str(path), todo=_TODO) from error
    return _of_json(text, path) if text.lstrip().startswith("{") else _of_lines(text, path)


def _of_json(text: str, path: Path) -> dict[str, str]:
    try:
        value = jsons.parsed(text)
    except ValueError as error:
        raise SettingsInvalid(f"this is no JSON: {error}", where=str(path), todo=_TODO) from error
    plain = {True: "true", False: "false"}
    return {name: plain[each] if isinstance(each, bool) else str(each) for name, each in value.items()}


def _of_lines(text: str, path: Path) -> dict[str, str]:
    found = {}
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.strip()
        if not bare or bare[0] in "#!":
            continue
        name, mark, value = bare.partition("=")
        if not mark or not name.strip():
            raise SettingsInvalid("this line is no setting", where=f"{path}:{number}", todo=_TODO)
        found[name.strip()] = value.strip()
    return found
