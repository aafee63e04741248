"""Secrets in texts that somebody reads: what stands in a URL or in variables of ours is taken out of all of them."""

from __future__ import annotations

import os
import re
from typing import Any

VARIABLES = (
    "KAFKA_FORGE_TOKEN",
    "KAFKA_FORGE_KEY_PASSWORD",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    "SIGSTORE_ID_TOKEN",
)
"""Environment variables that hold a secret which the toolkit reads, or a library for it."""
_MARK = "***"
_USER = re.compile(r"(?<=://)[^\s/?#'\"<>]+@")
"""Who a URL is asked as (RFC 3986, "userinfo"): a password, or a token in the place of a name."""
_TOKEN = re.compile(r"(://[^\s/'\"<>]+/t/)[^\s/'\"<>]+")
"""A token in a channel's URL, ``https://HOST/t/TOKEN/CHANNEL``, as anaconda.org and its kin take it."""
_SHORTEST = 4  # characters of a variable's value; a shorter one is no secret, and stands in every other word


def hidden(text: str) -> str:
    """Return a text without secrets; where one was, it says so.

    >>> hidden("https://me:word@host/channel and https://host/t/tk-1/channel do not answer")
    'https://***@host/channel and https://host/t/***/channel do not answer'
    """
    text = _TOKEN.sub(rf"\1{_MARK}", _USER.sub(f"{_MARK}@", text))
    for name in VARIABLES:
        value = os.environ.get(name, "")
        if len(value) >= _SHORTEST:
            text = text.replace(value, _MARK)
    return text


def hidden_in(value: Any) -> Any:
    """Return a value of JSON's kinds with `hidden` done to each of its texts; keys stay."""
    if isinstance(value, dict):
        return {key: hidden_in(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [hidden_in(each) for each in value]
    return hidden(value) if isinstance(value, str) else value
