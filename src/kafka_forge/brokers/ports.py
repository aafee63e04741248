"""TCP ports of the loopback address: free ones, and who holds one that is taken."""

from __future__ import annotations

import contextlib
import random
import socket
from pathlib import Path

import psutil

from kafka_forge.errors import PortTaken

HOST = "127.0.0.1"
_LINUX_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_DYNAMIC = 49152
"""The first of the dynamic ports (RFC 6335, section 6), which macOS and Windows give to outgoing connections."""
_LOWEST = 10000


def free(count: int) -> list[int]:
    """Return ports that nobody listens on now; another process may still take one before it is used."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind((HOST, 0))
        return [each.getsockname()[1] for each in sockets]


def lasting(count: int) -> list[int]:
    """Return ports that nobody listens on now, and that the system gives to no outgoing connection.

    For whoever gives a port up for a while and wants it again: a broker that is started anew. From the range that
    outgoing connections get, another program could take it meanwhile; even a client that tries to reconnect to it may
    get it as its own port, and is then connected to itself. Where that range leaves no room, any free port must do.
    """
    below = range(_LOWEST, min(_first_outgoing(), _DYNAMIC))
    found: list[int] = []
    with contextlib.ExitStack() as stack:
        for port in random.sample(below, min(len(below), 50 * count)):  # at random: others look for some just now, too
            probe = stack.enter_context(socket.socket())
            with contextlib.suppress(OSError):
                probe.bind((HOST, port))
                found.append(port)
            if len(found) == count:
                return found
    return free(count)


def _first_outgoing() -> int:
    """Return the lowest port that Linux gives to outgoing connections (ip(7)); elsewhere that of RFC 6335."""
    try:
        return int(_LINUX_RANGE.read_text(encoding="ascii").split()[0])
    except (OSError, ValueError, IndexError):
        return _DYNAMIC


def require_free(port: int) -> None:
    """Make sure that a port can be listened on.

    Raises:
        PortTaken: it cannot; the error names the process that holds it, where the system tells.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise PortTaken(
                f"port {port} cannot be listened on: {error.strerror}",
                where=f"{HOST}:{port}",
                details=[holder] if (holder := _holder(port)) else [],
                todo="end that process, or choose another port (without --port a free one is found).",
            ) from error


def _holder(port: int) -> str:
    with contextlib.suppress(psutil.Error, OSError):
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,) and connection.pid:
                process = psutil.Process(connection.pid)
                return f"held by process {process.pid}: {' '.join(process.cmdline())[:200] or process.name()}"
    return ""


def answers(address: str, seconds: float = 0.5) -> bool:
    """Return whether something accepts a TCP connection at ``HOST:PORT`` within so many seconds."""
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=seconds):
            return True
    except OSError:
        return False
