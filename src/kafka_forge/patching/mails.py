"""The words above a patch as a mail, which is how ``git format-patch`` writes them, and as a commit's message."""

from __future__ import annotations

import re
from email.header import decode_header, make_header
from pathlib import Path

_MAIL = re.compile(r"(From [0-9a-f]{40} .*\n)?((From|Subject|Date|Message-Id): .*\n)", re.IGNORECASE)
_TAG = re.compile(r"^\s*(\[[^\]]*PATCH[^\]]*\]\s*)?")


def message_of(head: str, name: str) -> str:
    """Return the commit message that stands above a patch, in the form that git keeps it: subject, empty line, body.

    Args:
        head: the text above the first difference.
        name: the file's name, which stands in for the subject where nothing is said.
    """
    subject, body = "", head
    if _MAIL.match(head):
        fields, _, body = head.partition("\n\n")
        found = re.search(r"^Subject: (.*(?:\n[ \t].*)*)", fields, re.MULTILINE | re.IGNORECASE)
        subject = _TAG.sub("", _decoded(re.sub(r"\n[ \t]+", " ", found[1]))) if found else ""
    if not subject:
        subject, _, body = body.lstrip("\n").partition("\n")
    return as_message(subject.strip() or Path(name).stem, body)


def as_message(subject: str, body: str) -> str:
    """Return subject and body as one message."""
    body = body.strip("\n")
    return f"{subject}\n\n{body}\n" if body else f"{subject}\n"


def author_of(head: str) -> str | None:
    """Return ``NAME <ADDRESS>`` of a mail's ``From:``, or None where the head is no mail."""
    fields = head.partition("\n\n")[0] if _MAIL.match(head) else ""
    found = re.search(r"^From: (.*)", fields, re.MULTILINE | re.IGNORECASE)
    return _decoded(found[1].strip()) if found else None


def head_of(author: str, message: str) -> str:
    """Return the mail's head that `message_of` and `author_of` read back."""
    subject, _, body = message.partition("\n")
    return f"From: {author}\nSubject: [PATCH] {subject}\n\n" + body.lstrip("\n")


def slug(subject: str) -> str:
    """Return what a patch's file is called after its subject.

    >>> slug("Read a consumed message's headers (KIP-82)")
    'read-a-consumed-messages-headers-kip-82'
    """
    return re.sub(r"[^a-z0-9]+", "-", subject.lower().replace("'", "")).strip("-") or "patch"


def _decoded(text: str) -> str:
    """A header's text; an encoded one (RFC 2047) is read, one of plain UTF-8 is as it stands."""
    return str(make_header(decode_header(text))) if "=?" in text else text
