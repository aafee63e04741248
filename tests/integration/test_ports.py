"""Ports that brokers keep through their restarts: they are tried by listening, so there is a network."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from kafka_forge.brokers import ports

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.integration


def test_lasting_ports_are_free_and_below_those_of_outgoing_connections() -> None:
    found = ports.lasting(12)
    assert len(set(found)) == 12
    assert max(found) < ports._first_outgoing()
    for port in found:
        ports.require_free(port)


def test_where_outgoing_connections_may_have_any_port_any_free_one_must_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    spread = tmp_path / "range"
    spread.write_text("1024\t65535\n")
    monkeypatch.setattr(ports, "_LINUX_RANGE", spread)
    assert len(set(ports.lasting(3))) == 3


def test_a_port_that_somebody_listens_on_is_not_lasting(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server((ports.HOST, ports.lasting(1)[0])) as holder:
        taken = holder.getsockname()[1]
        monkeypatch.setattr("random.sample", lambda population, count: [taken, *list(population)[:5]])
        assert taken not in ports.lasting(2)
