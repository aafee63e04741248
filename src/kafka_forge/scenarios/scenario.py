"""What every scenario shares: read the request, try each action within its time, tell what came of it.

Standard library only; runs inside the fresh environment (CPython 3.11 to 3.14).

A scenario is started with the path of a request (JSON) as its one argument, and writes one JSON object a line to
standard output for each thing that it tried (see `kafka_forge.values.evidence.Step`). Whatever a client prints goes to
standard error.
"""

from __future__ import annotations

import functools
import json
import logging
import os
import re
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from kafka_forge.scenarios import corpus, loaded
else:
    import corpus
    import loaded

_NAME = re.compile(r"(?i)librdkafka|rdkafka[-\d]*\.dll")
GRACE = 2.0
"""Seconds that an action has beyond its patience to come back by itself."""


class Request:
    """What the toolkit asks for.

    Attributes:
        mode: the client's mode, a word of the contract.
        address: the broker's ``HOST:PORT``.
        seed, start: of the corpus (see `corpus.topic_seed`, `corpus.messages`).
        codecs: which to try.
        own: codec → an empty topic that the client writes to.
        seeded: codec → a topic that another client has filled with the same corpus.
        group: the id of the consumer group; None leaves groups out.
        rebalanced: group protocol (`group.protocol`) → an empty topic each for members that come and go (``moving``)
            and for static ones (``static``); empty leaves that out.
        transacted: what is tried with transactions (`corpus.TRANSACTIONS`), and `corpus.SOURCE` → an empty topic each;
            empty leaves that out.
        shared: what is tried with share groups (`corpus.SHARE_CASES`) → an empty topic of one partition each; empty
            leaves that out.
        loop: an empty topic for what is tried with asyncio (`corpus.LOOP_CASES`); None leaves that out.
        patience: seconds that each action may take.
        native: whether this processor is no emulated one, so that how long something takes means something.
    """

    def __init__(self, raw: dict[str, Any]) -> None:
        self.mode: str = raw["mode"]
        self.address: str = raw["address"]
        self.seed: str = raw["seed"]
        self.start: int = raw["start"]
        self.codecs: list[str] = raw["codecs"]
        self.own: dict[str, str] = raw["own"]
        self.seeded: dict[str, str] = raw["seeded"]
        self.group: str | None = raw["group"]
        self.rebalanced: dict[str, dict[str, str]] = raw.get("rebalanced", {})
        self.transacted: dict[str, str] = raw.get("transacted", {})
        self.shared: dict[str, str] = raw.get("shared", {})
        self.loop: str | None = raw.get("loop")
        self.patience: float = raw["patience"]
        self.native: bool = raw.get("native", True)
        self._made: dict[str, list[corpus.Message]] = {}

    def messages(self, codec: str) -> list[corpus.Message]:
        """Return the corpus of a codec's topic."""
        if codec not in self._made:
            self._made[codec] = corpus.messages(corpus.topic_seed(self.seed, codec), self.start)
        return self._made[codec]


class Deadline:
    """How much time an action has left."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds, at least 0."""
        return max(0.0, self._end - time.monotonic())

    @property
    def over(self) -> bool:
        """Whether the time is up."""
        return self.left <= 0


class TimedOutError(Exception):
    """An action did not end within its time."""


class NoAsyncioError(Exception):
    """A client has no asyncio interface that a scenario uses."""


class Client(Protocol):
    """One client in one mode. Each action raises whatever the client raises.

    One that is used through an asyncio loop has a method ``loop_cases`` as well (see `in_loop.InLoop`).
    """

    together: bool
    """Whether the codecs are tried side by side: for a client whose failures take long to show."""
    counts: bool
    """Whether a C library does the work, so that there are `statistics` to ask for."""

    def produce(self, codec: str, topic: str, messages: list[corpus.Message], deadline: Deadline) -> dict[str, Any]:
        """Send every message to its partition and wait for the broker's word.

        Returns:
            ``sent`` and ``acked`` (messages), ``failed`` (the first few errors of single messages), ``cannot``
            (what the client's API has no way to send: ``headers``, ``timestamps`` → the error it gave).
        """

    def consume(self, topic: str, expected: dict[int, int], deadline: Deadline) -> dict[str, Any]:
        """Read every partition from its beginning until ``expected`` messages (by partition) have come.

        Returns:
            ``records``, in order of arrival (see `corpus.record`), and ``cannot`` as `produce` has it.
        """

    def group(self, group: str, topic: str, expected: dict[int, int], deadline: Deadline) -> dict[str, Any]:
        """Read half as a group's member, commit just that, leave; then read the rest as its second member.

        Returns:
            ``first`` and ``second``: what each member read, as ``[partition, offset]`` in order of arrival. What the
            first one committed is for the broker to say.
        """

    def statistics(self) -> dict[str, Any]:
        """Tell what the C library itself counted.

        Returns:
            ``source`` (where the counts come from), ``version``, ``library`` (files mapped), ``sent`` and
            ``received`` (messages).
        """


class _Grumbles(logging.Handler):
    """Keeps what the client's own log complains about: some failures show nowhere else."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._kept: dict[str, int] = {}
        self._keeping = threading.Lock()

    def emit(self, record: logging.LogRecord) -> None:
        cause = record.exc_info[1] if record.exc_info else None
        text = f"{record.name}: {record.getMessage()}"[:300] + (f" ({cause!r})"[:300] if cause else "")
        with self._keeping:
            self._kept[text] = self._kept.get(text, 0) + 1

    def told(self, *, forget: bool) -> list[str]:
        """Return up to five different complaints, with how often each came."""
        with self._keeping:
            kept = list(self._kept.items())[:5]
            if forget:
                self._kept.clear()
        return [f"{times} x {text}" for text, times in kept]


class Teller:
    """Writes steps to the real standard output, and keeps everything else away from it."""

    def __init__(self, mode: str, *, together: bool) -> None:
        self._mode = mode
        self._together = together
        self._telling = threading.Lock()
        self._out = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)
        self._grumbles = _Grumbles()
        logging.getLogger().addHandler(self._grumbles)

    def attempt(
        self, action: str, case: str, work: Callable[[], dict[str, Any]], patience: float
    ) -> dict[str, Any] | None:
        """Do one action on a thread of its own, for ``patience`` seconds, and tell what came of it.

        Returns:
            The action's data, or None where it failed. A thread that hangs is left behind: it cannot be ended, and
            the process ends soon.
        """
        box: dict[str, Any] = {}

        def run() -> None:
            try:
                box["data"] = work()
            except BaseException as error:  # noqa: BLE001  (whatever the client raises is what we are here to tell)
                traceback.print_exc()
                box["error"] = {"type": type(error).__name__, "message": str(error)[:2000]}

        begun = time.monotonic()
        thread = threading.Thread(target=run, name=f"{action}/{case}", daemon=True)
        thread.start()
        thread.join(patience)
        if not box:
            stack = "".join(traceback.format_stack(sys._current_frames()[thread.ident or 0]))[-1500:]  # noqa: SLF001
            box["error"] = {"type": "TimedOut", "message": f"no end after {patience:g} s", "stack": stack}
        step = {
            "mode": self._mode,
            "action": action,
            "case": case,
            "ok": "error" not in box,
            "error": box.get("error"),
            "data": box.get("data") or {},
            "log": self._grumbles.told(forget=not self._together),
            "seconds": round(time.monotonic() - begun, 4),
        }
        with self._telling:
            self._out.write(json.dumps(step) + "\n")
            self._out.flush()
        return box.get("data")


def read_request() -> Request:
    """Read the request that the command line names."""
    return Request(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))


def mapped_libraries() -> list[str]:
    """Return the files named librdkafka (on Windows rdkafka) that this process has mapped."""
    return [name for name in loaded.files() if _NAME.match(Path(name).name)]


def run(request: Request, client: Client, *beside: Callable[[Request, Teller], None]) -> None:
    """Try every action with this client, then end the process at once, hanging threads and all.

    Args:
        request: what the toolkit asks for.
        client: who is asked.
        beside: what is tried meanwhile, each on a thread of its own, as most of its time is waiting.
    """
    teller = Teller(request.mode, together=client.together)

    def chain(codec: str) -> None:
        source, topic = _produce(request, client, teller, codec)
        follow: list[Callable[[], None]] = [lambda: _consume(request, client, teller, codec, source, topic)]
        if codec == request.codecs[0] and (group := request.group):
            follow.append(lambda: _group(request, client, teller, group, source, topic))
        do_all(follow, together=client.together)

    others = [threading.Thread(target=each, args=(request, teller)) for each in beside]
    for other in others:
        other.start()
    do_all([functools.partial(chain, codec) for codec in request.codecs], together=client.together)
    for other in others:
        other.join()
    if request.loop:
        _loop(request, client, teller, request.loop)
    if client.counts:
        teller.attempt("statistics", "", client.statistics, request.patience)
    sys.stderr.flush()
    os._exit(0)


def do_all(tasks: Iterable[Callable[[], None]], *, together: bool) -> None:
    """Do every task, one after the other or side by side."""
    if not together:
        for task in tasks:
            task()
        return
    threads = [threading.Thread(target=task) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _produce(request: Request, client: Client, teller: Teller, codec: str) -> tuple[str, str]:
    """Produce one codec; return which topic can be read: the client's own, or the one that was filled for it."""
    topic = request.own[codec]
    messages = request.messages(codec)

    def work() -> dict[str, Any]:
        return {"topic": topic, **client.produce(codec, topic, messages, Deadline(request.patience))}

    data = teller.attempt("produce", codec, work, request.patience + GRACE)
    if data is not None and data["acked"] == len(messages):
        return "own", topic
    return "seeded", request.seeded[codec]


def _consume(request: Request, client: Client, teller: Teller, codec: str, source: str, topic: str) -> None:
    expected = corpus.expected_counts(request.messages(codec))

    def work() -> dict[str, Any]:
        data = client.consume(topic, expected, Deadline(request.patience))
        return {"topic": topic, "source": source, **data}

    teller.attempt("consume", codec, work, request.patience + GRACE)


def _group(request: Request, client: Client, teller: Teller, group: str, source: str, topic: str) -> None:
    expected = corpus.expected_counts(request.messages(request.codecs[0]))

    def work() -> dict[str, Any]:
        data = client.group(group, topic, expected, Deadline(request.patience))
        return {"group": group, "topic": topic, "source": source, **data}

    teller.attempt("group", "", work, request.patience + GRACE)


def _loop(request: Request, client: Client, teller: Teller, topic: str) -> None:
    make = getattr(client, "loop_cases", None)
    if make is None:
        cases = dict.fromkeys(corpus.LOOP_CASES, _no_asyncio)
    else:
        cases = make(
            topic, lambda number: corpus.loop_message(number, request.start), lambda: Deadline(request.patience)
        )
    for case in corpus.LOOP_CASES:
        teller.attempt("asyncio", case, cases[case], request.patience + GRACE)


def _no_asyncio() -> dict[str, Any]:
    raise NoAsyncioError("the scenario knows no asyncio interface of this client")
