"""Where a server listens is asked of the kernel, not of its settings; here, that what it says is understood."""

from __future__ import annotations

import socket

import pytest

from tests import loopback

pytestmark = pytest.mark.integration


def test_what_listens_elsewhere_would_be_seen() -> None:
    with socket.socket() as four, socket.socket(socket.AF_INET6) as six:
        for each, address in ((four, "127.0.0.1"), (six, "::1")):
            each.bind((address, 0))
            each.listen()
        assert {("127.0.0.1", four.getsockname()[1]), ("::1", six.getsockname()[1])} <= loopback.listening().keys()
    found = {("0.0.0.0", 1): "a", ("::", 2): "b", ("192.0.2.1", 3): "c", ("::ffff:127.0.0.1", 4): "d", ("::1", 5): "e"}
    assert [said[0] for said in loopback.elsewhere(found)] == ["a", "b", "c"]
