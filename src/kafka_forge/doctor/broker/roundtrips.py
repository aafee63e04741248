"""A round trip for each client and mode of an environment, each on a topic of its own, which is removed again."""

from __future__ import annotations

import contextlib
import json
import subprocess
import tempfile
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kafka_forge.doctor import inside, looking
from kafka_forge.doctor.seen import Exchange

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kafka_forge.doctor.seen import Seen

MESSAGES = 3
_SECONDS = 10.0
_LONGEST = 40.0
_CLIENTS = ("confluent-kafka", "pykafka", "kafka-python", "aiokafka")


def modes(seen: Seen) -> list[tuple[str, str]]:
    """Return what can be tried: client and mode of all that imports."""
    found = []
    for client in _CLIENTS:
        imported = seen.clients.get(client)
        if imported is None or not imported.imports or not next(iter(imported.imports.values())).ok:
            continue
        found.append((client, "pure" if client == "pykafka" else "default"))
        if imported.c_mode is not None and imported.c_mode.there:
            found.append((client, "rdkafka"))
    return found


def tried(python: Path, seen: Seen, address: str, settings: Mapping[str, str]) -> tuple[list[Exchange], str | None]:
    """Pass a few messages through the broker with every client and mode, side by side.

    Returns:
        What came of each, and why no topic could be made where none could: nothing is tried then.
    """
    wanted = modes(seen)
    with _topics(address, settings, len(wanted)) as (topics, error), ThreadPoolExecutor(max(len(wanted), 1)) as pool:
        if error is not None:
            return [], error
        requests = [
            {
                "client": client,
                "mode": mode,
                "address": address,
                "topic": topic,
                "settings": {name: value for name, value in settings.items() if name != "bootstrap.servers"},
                "count": MESSAGES,
                "seconds": _SECONDS,
            }
            for (client, mode), topic in zip(wanted, topics, strict=True)
        ]
        return list(pool.map(lambda request: _tried(python, request), requests)), None


def _tried(python: Path, request: Mapping[str, Any]) -> Exchange:
    script = Path(inside.__file__).with_name("exchange.py")
    common: dict[str, Any] = {"client": request["client"], "mode": request["mode"], "asked": request["count"]}
    with tempfile.TemporaryDirectory(prefix="kafka-forge-doctor-") as empty:
        try:
            done = subprocess.run(
                [python, "-B", "-X", "faulthandler", script],
                input=json.dumps(request).encode(),  # not an argument: settings hold passwords
                cwd=empty,
                env=looking.variables_of(python),
                capture_output=True,
                timeout=_LONGEST,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Exchange(**common, hung=True, error=f"no answer within {_LONGEST:.0f} s")
    said = tuple(done.stderr.decode("utf-8", "replace").strip().splitlines()[-5:])
    try:
        return Exchange.model_validate({**json.loads(done.stdout.splitlines()[-1]), "said": said})
    except (IndexError, ValueError):
        return Exchange(**common, error=f"the process ended with status {done.returncode}", said=said)


@contextlib.contextmanager
def _topics(address: str, settings: Mapping[str, str], count: int) -> Iterator[tuple[Sequence[str], str | None]]:
    """Give so many fresh topics of one partition, which are gone afterwards; or the reason why they cannot be made."""
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]  # it has no __all__

    told: list[
        str
    ] = []  # why a request was not answered: librdkafka says that here, and to who waits that it timed out
    names = [f"kafka-forge-doctor-{uuid.uuid4()}" for _ in range(count)]
    try:
        chosen: dict[str, Any] = {**settings, "bootstrap.servers": address, "log_level": 0}
        chosen["error_cb"] = lambda error: told.append(str(error))
        admin = AdminClient(chosen)
        made = admin.create_topics([NewTopic(name, 1, 1) for name in names], request_timeout=_SECONDS) if names else {}
    except (KafkaException, ValueError, TypeError) as error:
        yield [], str(error)
        return
    try:
        until = time.monotonic() + 2 * _SECONDS
        while not all(future.done() for future in made.values()) and time.monotonic() < until:
            admin.poll(0.1)  # which calls error_cb
            if any("_AUTHENTICATION" in line for line in told):
                break
        failed = [str(future.exception()) for future in made.values() if future.done() and future.exception()]
        late = [] if all(future.done() for future in made.values()) else ["the broker gave no answer"]
        yield names, "; ".join(dict.fromkeys([*told, *failed] or late)) if failed or late else None
    finally:
        there = [name for name, future in made.items() if future.done() and not future.exception()]
        for future in (admin.delete_topics(there, request_timeout=_SECONDS) if there else {}).values():
            future.exception(2 * _SECONDS)
