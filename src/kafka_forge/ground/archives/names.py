"""Members' names: which ones stay inside a folder on every system, and which ones could be taken for each other."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_DRIVE = re.compile(r"[A-Za-z]:")
_NO_TEXT = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_LONGEST, _LONGEST_PART = 4095, 255  # bytes; Linux's PATH_MAX and NAME_MAX, of which others allow no more

_FAULTS: tuple[tuple[Callable[[str], object], str], ...] = (
    (_NO_TEXT.search, "its name is no text"),
    (lambda name: "\\" in name, "its name has a backslash"),
    (lambda name: name.startswith("/"), "its name is absolute"),
    (_DRIVE.match, "its name begins with a drive's"),
    (lambda name: ".." in name.split("/"), "its name has a '..'"),
    (
        lambda name: (
            len(name.encode()) > _LONGEST or max(len(part.encode()) for part in name.split("/")) > _LONGEST_PART
        ),
        "its name is longer than file systems take",
    ),
)


def fault(name: str) -> str | None:
    r"""Say what is wrong with a name, or None.

    A backslash and a drive are refused everywhere: an archive means one thing on all systems, or nothing.

    >>> fault("a/b.c"), fault("./"), fault("/etc/passwd"), fault("a/../b")
    (None, None, 'its name is absolute', "its name has a '..'")
    >>> fault("C:x"), fault("a\\b"), fault("a\nb")
    ("its name begins with a drive's", 'its name has a backslash', 'its name is no text')
    """
    return next((why for wrong, why in _FAULTS if wrong(name)), None)


def parts(name: str) -> tuple[str, ...]:
    """Return a name's parts; neither ``.`` nor a doubled or closing slash makes one.

    >>> parts("./a//b/"), parts("./")
    (('a', 'b'), ())
    """
    return tuple(part for part in name.split("/") if part not in ("", "."))


def folded(part: str) -> str:
    """Return what file systems compare that fold case, compose accents, or drop what a name ends with (Windows).

    >>> folded("README.md") == folded("ReadMe.MD"), folded("e\u0301") == folded("\u00c9"), folded("a. ") == folded("a")
    (True, True, True)
    """
    plain = unicodedata.normalize("NFC", unicodedata.normalize("NFC", part).casefold())
    return plain.rstrip(". ") or plain
