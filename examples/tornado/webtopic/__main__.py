"""``python -m webtopic TOPIC…``: starts the server, says where it listens, and ends on SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import signal
import sys
from typing import TYPE_CHECKING

import tornado.netutil

from webtopic.fault import Fault
from webtopic.server import Server, Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from webtopic.kafka import Kafka

_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


def main() -> int:
    """Run; return the exit status: 0, 1 where it could not start, 2 for wrong arguments."""
    chosen = _arguments()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        asyncio.run(_run(chosen))
    except Fault as error:
        print(f"error {error}\n  next:  start a broker, or name another one: --brokers", file=sys.stderr)
        return 1
    except OSError as error:  # the port is taken, say
        print(f"error cannot-listen: {error}\n  next:  choose another --port or --address", file=sys.stderr)
        return 1
    return 0


def _arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m webtopic", description="Kafka's topics in browsers.")
    parser.add_argument("topics", nargs="+", metavar="TOPIC", help="a topic to serve; no other can be reached")
    parser.add_argument("--client", choices=("pykafka", "pykafka-c", "confluent"), default="pykafka")
    parser.add_argument("--brokers", default="127.0.0.1:9092", metavar="HOST:PORT,…")
    parser.add_argument(
        "--address", default="127.0.0.1", help="where to listen; default: %(default)s, this machine only"
    )
    parser.add_argument("--port", type=int, default=8888, help="0 is any that is free; default: %(default)s")
    parser.add_argument("--host", action="append", default=[], help="a name that this server is reached by; repeatable")
    parser.add_argument("--browsers", type=int, default=100, help="how many may be connected; default: %(default)s")
    parser.add_argument("--queue", type=int, default=1000, help="messages on their way to Kafka; default: %(default)s")
    parser.add_argument("--largest", type=int, default=900_000, help="bytes of a message; default: %(default)s")
    parser.add_argument("--patience", type=float, default=10.0, help="seconds for a message; default: %(default)s")
    return parser.parse_args(given)


async def _run(chosen: argparse.Namespace) -> None:
    ending = asyncio.Event()
    _on_signals(ending)
    kafka = await _connect(chosen)
    try:
        sockets = tornado.netutil.bind_sockets(chosen.port, chosen.address)
    except BaseException:
        await kafka.stop()
        raise
    hosts = frozenset([*_LOOPBACK, chosen.address, *chosen.host])
    server = Server(
        kafka,
        Settings(chosen.topics, chosen.client, hosts, chosen.browsers, chosen.queue, chosen.largest, chosen.patience),
    )
    print(f"http://{chosen.address}:{sockets[0].getsockname()[1]}/", flush=True)
    await server.run(sockets, ending)


async def _connect(chosen: argparse.Namespace) -> Kafka:
    """Make the client that was chosen; the other one need not be installed."""
    if chosen.client == "confluent":
        from webtopic import with_confluent

        return await with_confluent.connect(chosen.brokers, chosen.patience)
    from webtopic import with_pykafka

    return await with_pykafka.connect(chosen.brokers, chosen.patience, use_rdkafka=chosen.client == "pykafka-c")


def _on_signals(ending: asyncio.Event) -> None:
    """Have SIGTERM and SIGINT end the server in order; a second one ends it at once."""
    loop = asyncio.get_running_loop()

    def end(number: signal.Signals) -> None:
        loop.remove_signal_handler(number)
        ending.set()

    with contextlib.suppress(NotImplementedError):  # Windows has no such loop: there Ctrl-C ends it at once
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, end, number)


if __name__ == "__main__":
    sys.exit(main())
