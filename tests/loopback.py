"""Where the servers listen that this process has started, as the kernel says; elsewhere than on loopback is a fault."""

from __future__ import annotations

import contextlib
import ipaddress

import psutil


def listening(*, own: bool = True) -> dict[tuple[str, int], str]:
    """Return address and port → program, of every TCP socket that this process or one below it listens on.

    Args:
        own: whether this process's own count, beside those of the processes that it, or one of them, has started.
    """
    here = psutil.Process()
    found = {}
    for process in [*([here] if own else []), *here.children(recursive=True)]:
        with contextlib.suppress(psutil.NoSuchProcess):  # it has ended meanwhile
            for each in process.net_connections(kind="tcp"):
                if each.status == psutil.CONN_LISTEN and each.laddr:
                    found[each.laddr.ip, each.laddr.port] = process.name()
    return found


def elsewhere(found: dict[tuple[str, int], str]) -> list[str]:
    """Return those that others than this machine could reach; a wildcard address is one of them."""
    return [f"{name}: {address} port {port}" for (address, port), name in found.items() if not _is_loopback(address)]


def _is_loopback(address: str) -> bool:
    read = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(read, "ipv4_mapped", None)  # as a socket of both families has it
    return (mapped or read).is_loopback
