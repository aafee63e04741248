"""A report comes in; one that can be pasted into a public issue goes out: no hosts, users, own paths or values."""

from __future__ import annotations

import getpass
import os
import re
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kafka_forge.doctor.report import DoctorReport

if TYPE_CHECKING:
    from collections.abc import Mapping

_PUBLIC = ("/usr/", "/etc/", "/lib", "/opt/homebrew/", "/System/", "/proc/", "/dev/null")
"""Folders whose names tell nothing of a user."""
_PATH = re.compile(r"(?<![\w.<>~/:-])(?:[A-Za-z]:)?[/\\][^\s:;,'\"()\[\]=]+")
_URL = re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s'\"]+")
_ADDRESS = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b(?::\d+)?|\b[\w-]+(?:\.[\w-]+)+:\d{2,5}\b")
_WORDS = {"", "true", "false", "probe", "ssl", "sasl_ssl", "sasl_plaintext", "plaintext", "none", "https"}


def redacted(report: DoctorReport, settings: Mapping[str, str], broker: str | None) -> DoctorReport:
    """Return the report with names in the place of what is private.

    Args:
        report: as it was made.
        settings: the user's; none of their values stays, but for words that stand in librdkafka's manual.
        broker: ``HOST:PORT``.
    """
    names = _names(report, settings, broker)
    content = report.model_dump(mode="json")
    content["seen"]["others"] = {}
    content["seen"]["path"] = [str(_plain(path, names)) for path in content["seen"]["path"]]
    return DoctorReport.model_validate({**_walked(content, names), "redacted": True})


def _names(report: DoctorReport, settings: Mapping[str, str], broker: str | None) -> list[tuple[str, str]]:
    """Return what is replaced by what, the longest first, so that no part of it is left."""
    python = report.seen.python
    found = {python.prefix: "<prefix>", os.path.realpath(python.prefix): "<prefix>", python.base_prefix: "<base>"}
    found |= {str(Path.home()): "~", socket.gethostname(): "<host>", socket.getfqdn(): "<host>", _user(): "<user>"}
    for address in filter(None, [broker, *settings.get("bootstrap.servers", "").split(",")]):
        found |= {address: "<broker>", address.rpartition(":")[0]: "<broker>"}
    shown = report.seen.broker.certificate if report.seen.broker else None
    if shown:
        found |= {shown.subject: "<subject>", shown.issuer: "<issuer>", **dict.fromkeys(shown.names, "<name>")}
    for key, value in settings.items():
        if value.lower() not in _WORDS and not key.startswith(("security.protocol", "sasl.mechanism")):
            found[value] = f"<{key}>"
    return sorted(((old, new) for old, new in found.items() if len(old) > 2), key=lambda pair: -len(pair[0]))


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user need have no name
        return ""


def _walked(value: Any, names: list[tuple[str, str]]) -> Any:
    if isinstance(value, dict):
        return {key: each if key in {"source", "level", "id"} else _walked(each, names) for key, each in value.items()}
    if isinstance(value, list):
        return [_walked(each, names) for each in value]
    return _plain(value, names) if isinstance(value, str) else value


def _plain(text: str, names: list[tuple[str, str]]) -> str:
    """Return a text without what is private.

    >>> _plain("loaded: /home/ann/x/librdkafka.so.1 from 10.0.0.7:9092", [("ann", "<user>")])
    'loaded: <path>/librdkafka.so.1 from <address>'
    """
    if text.startswith("https://github.com/"):
        return text
    for old, new in names:
        edge = r"(?<![A-Za-z0-9])" if old[0].isalnum() else ""
        text = re.sub(edge + re.escape(old) + (r"(?![A-Za-z0-9])" if old[-1].isalnum() else ""), new, text)
    text = _URL.sub("<url>", text)
    return _ADDRESS.sub("<address>", _PATH.sub(_short, text))


def _short(found: re.Match[str]) -> str:
    path = found.group()
    if path.startswith(_PUBLIC):
        return path
    return "<path>/" + re.split(r"[/\\]", path.rstrip("/\\"))[-1]
