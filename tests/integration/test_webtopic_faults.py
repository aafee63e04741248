"""`examples/tornado` where something is wrong, with each client: who asked is told by status, code, what, next."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
import websocket

from kafka_forge.brokers import admin, ports

from . import artifacts, webtopic
from .browser import SECONDS, until
from .restarting import restartable
from .webtopic_socket import Socket, connected, connected_beside

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kafka_forge.brokers import Broker
    from kafka_forge.values.model import Environment

    from .webtopic import Example, Server

pytestmark = [pytest.mark.integration, pytest.mark.first, pytest.mark.timeout(1800)]

LARGEST = 5000
WINDOW = 200
"""Messages that a browser may have been sent and not have acknowledged."""


@pytest.fixture(scope="module")
def topic(broker: Broker) -> str:
    name = f"faults-{uuid.uuid4()}"
    admin.create_topics(broker.address, {name: 1})
    return name


@pytest.fixture(scope="module")
def narrow(broker: Broker) -> str:
    """A topic that takes no message that is larger than a kilobyte."""
    name = f"narrow-{uuid.uuid4()}"
    admin.create_topics(broker.address, {name: 1}, settings={"max.message.bytes": "1000"})
    return name


@pytest.fixture(scope="module")
def server(example: Example, broker: Broker, topic: str, narrow: str) -> Iterator[Server]:
    options = ("--largest", LARGEST, "--browsers", 2, "--patience", 60)
    with example.started(broker.address, topic, narrow, "absent", *options) as started:
        yield started
        started.end()


def told(answer: tuple[int, Any]) -> tuple[int, str]:
    """Return status and code of an answer, which says what happened and what to do next."""
    status, fault = answer
    assert fault["what"], fault
    assert fault["next"], fault
    return status, fault["code"]


def test_what_is_wrong_with_a_request_is_told(server: Server, topic: str) -> None:
    place = f"topics/{topic}/messages"
    assert server.ask(place, {"value": "v"})[0] == 201
    assert told(server.ask(place, b'{"value"')) == (400, "malformed")
    assert told(server.ask(place, b"\xff")) == (400, "malformed")
    assert told(server.ask(place, b"[" * 4000)) == (400, "malformed")
    assert told(server.ask(place, ["v"])) == (400, "malformed")
    assert told(server.ask(place, {"key": "k"})) == (400, "malformed")
    assert told(server.ask(place, {"value": 1})) == (400, "malformed")
    assert told(server.ask(place, b'{"value": "\\ud800"}')) == (400, "malformed")
    assert told(server.ask(place, b"value=v", headers={"Content-Type": "text/plain"})) == (415, "not-json")
    assert told(server.ask(place)) == (405, "method-not-allowed")
    assert told(server.ask(f"topics/{topic}/stream")) == (400, "malformed")
    assert told(server.ask("elsewhere")) == (404, "not-found")
    assert told(server.ask("static/../server.py")) == (404, "not-found")
    assert told(server.ask("health", headers={"Host": "example.org"})) == (403, "host-refused")
    assert told(server.ask("topics/unserved/messages", {"value": "v"})) == (404, "topic-not-served")
    assert told(server.ask("topics/absent/messages", {"value": "v"})) == (404, "topic-unknown")


def test_a_topic_that_is_asked_for_is_not_created(server: Server, broker: Broker) -> None:
    assert told(server.ask("topics/absent/messages", {"value": "v"})) == (404, "topic-unknown")
    with connected(server, "absent") as reader:
        assert reader.hear()["code"] == "topic-unknown"
        assert reader.end() == (4404, "topic-unknown")
    assert "absent" not in admin.describe_topics(broker.address)


def test_a_message_that_is_too_large_is_refused_by_who_finds_it_so(server: Server, topic: str, narrow: str) -> None:
    place = f"topics/{topic}/messages"
    assert server.ask(place, {"value": "v" * LARGEST})[0] == 201
    assert told(server.ask(place, {"value": "v" * (LARGEST + 1)})) == (413, "message-too-large")
    assert told(server.ask(place, {"value": "v" * (6 * LARGEST + 1024)})) == (413, "message-too-large")
    assert told(server.ask(place, {"value": "v" * 20_000_000})) == (413, "message-too-large")  # all of it is read
    assert told(server.ask(f"topics/{narrow}/messages", {"value": "v" * 2000})) == (413, "message-too-large")
    assert server.ask(f"topics/{narrow}/messages", {"value": "v"})[0] == 201


def test_an_id_that_comes_again_is_not_written_again(server: Server, topic: str) -> None:
    message = {"value": "once", "id": str(uuid.uuid4())}
    with ThreadPoolExecutor(5) as threads:
        places = list(threads.map(lambda _: server.ask(f"topics/{topic}/messages", message), range(20)))
    assert places == [places[0]] * 20
    assert places[0][0] == 201


@pytest.mark.parametrize(
    "frame",
    [
        "{",
        "[]",
        {"type": "resume", "offsets": {"0": -1}},
        {"type": "resume", "offsets": {"zero": 1}},
        {"type": "resume", "offsets": {}, "from": "end"},
        {"type": "resume"},
        {"type": "send", "value": "v"},
        {"type": "ack", "frame": 1},
        {"type": "unheard-of"},
    ],
    ids=str,
)
def test_a_frame_that_is_no_good_ends_the_stream_and_says_why(server: Server, topic: str, frame: object) -> None:
    with connected(server, topic, resume=False) as reader:
        reader.say(frame)
        error = reader.hear()
        assert (error["type"], error["code"]) == ("error", "malformed")
        assert error["what"]
        assert error["next"]
        assert reader.end() == (4400, "malformed")


def test_more_is_acknowledged_than_was_sent(server: Server, topic: str) -> None:
    with connected(server, topic) as reader:
        reader.hear("hello")
        reader.say({"type": "ack", "frame": 1})
        assert reader.hear()["what"] == "frame 1 is acknowledged; 0 were sent"
        assert reader.end() == (4400, "malformed")


def test_a_message_that_cannot_be_sent_fails_alone(server: Server, topic: str) -> None:
    with connected(server, topic) as reader:
        reader.hear("hello")
        reader.say({"type": "send", "id": "a", "value": "v" * (LARGEST + 1)})
        reader.say({"type": "send", "id": "b", "value": 1})
        reader.say({"type": "send", "id": str(uuid.uuid4()), "value": "good"})
        assert [(each["id"], each["code"]) for each in (reader.hear("error"), reader.hear("error"))] == [
            ("a", "message-too-large"),
            ("b", "malformed"),
        ]
        assert reader.hear("messages")["messages"][0]["value"] == "good"


def test_a_frame_that_is_far_too_large_ends_the_stream(server: Server, topic: str) -> None:
    with connected(server, topic) as reader:
        reader.hear("hello")
        reader.say({"type": "send", "id": "a", "value": "v" * (7 * LARGEST)})
        assert reader.end()[0] == 1009


def test_there_are_too_many_browsers(server: Server, topic: str) -> None:
    with connected(server, topic) as one:
        one.hear("hello")
        other, third = Socket(server, topic), Socket(server, topic)
        assert third.hear()["code"] == "too-many-browsers"
        assert third.end() == (1013, "too-many-browsers")
        other.leave()
        third.leave()


def test_a_page_of_others_may_not_connect(server: Server, topic: str) -> None:
    with pytest.raises(websocket.WebSocketBadStatusException) as caught:
        websocket.create_connection(
            f"ws://127.0.0.1:{server.port}/topics/{topic}/stream", timeout=SECONDS, origin="http://example.org"
        )
    assert caught.value.status_code == 403
    assert json.loads(caught.value.resp_body or b"")["code"] == "host-refused"


FORGET = """
import sys
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient
client = AdminClient({"bootstrap.servers": sys.argv[1]})
for done in client.delete_records([TopicPartition(sys.argv[2], 0, int(sys.argv[3]))]).values():
    done.result(60)
"""
"""Has a partition begin at an offset, as when what was before is too old. By our artifact: others end on 3.14."""


def test_what_is_not_there_any_more_is_told_and_reading_goes_on(
    example: Example, broker: Broker, confluent: Environment, tmp_path: Path
) -> None:
    topic = f"gone-{uuid.uuid4()}"
    admin.create_topics(broker.address, {topic: 1})
    webtopic.fill(broker.address, topic, "abc")
    with example.started(broker.address, topic) as server:
        with connected(server, topic, {"offsets": {"0": 4}}) as reader:
            assert reader.hear("hello")["offsets"] == {"0": 0}
            error = reader.hear("error")
            assert error["code"] == "messages-gone"
            assert "it was made anew" in error["what"]
            assert reader.hear("messages")["messages"][0]["offset"] == 0
        done = artifacts.run(confluent, FORGET, broker.address, topic, "2", folder=tmp_path, seconds=SECONDS)
        assert done.returncode == 0, done.stderr
        with connected(server, topic, {"offsets": {"0": 1}}) as reader:
            assert reader.hear("hello")["offsets"] == {"0": 2}
            assert reader.hear("error")["what"] == "Kafka has not kept the messages 1 to 1 of partition 0"
            assert reader.hear("messages")["messages"][0]["offset"] == 2
        server.end()


def test_who_acknowledges_nothing_gets_a_window_and_no_more(example: Example, broker: Broker) -> None:
    count = 2000
    with example.started(broker.address, topic := f"unread-{uuid.uuid4()}") as server:
        admin.create_topics(broker.address, {topic: 1})
        webtopic.fill(broker.address, topic, map(str, range(count)))
        with connected(server, topic, {"from": "start"}) as reader:
            got = list[str]()
            while len(got) < WINDOW:
                frame = reader.hear("messages")
                got += [each["value"] for each in frame["messages"]]
            reader.say({"type": "send", "id": "a", "value": "last"})
            assert reader.hear()["type"] == "sent"  # and no messages
            assert [each["unacknowledged"] for each in server.health()["browsers"]] == [WINDOW]
            while len(got) <= count:
                reader.say({"type": "ack", "frame": frame["frame"]})
                frame = reader.hear("messages")
                got += [each["value"] for each in frame["messages"]]
            assert got == [*map(str, range(count)), "last"]
        server.end()


def test_browsers_that_have_left_leave_nothing(server: Server, topic: str) -> None:
    def visits(count: int) -> tuple[int, int]:
        for _ in range(count):
            with connected(server, topic) as reader:
                reader.hear("hello")
        return server.process.num_threads(), server.process.num_fds()

    def left() -> bool:
        now = server.process.num_threads(), server.process.num_fds()
        return all(there < before + count for there, before in zip(now, at_first, strict=True))

    count, at_first = 10, visits(3)  # a consumer that stays has threads and descriptors
    visits(count)
    until(left, lambda: f"{at_first}, and then {visits(0)}")


def test_a_buffer_that_is_full_refuses_and_a_broker_that_comes_back_takes_what_waits(example: Example) -> None:
    topic, most = f"full-{uuid.uuid4()}", 5
    with restartable() as broker:
        admin.create_topics(broker.address, {topic: 1})
        with example.started(broker.address, topic, "--queue", most, "--patience", 60) as server:
            place = f"topics/{topic}/messages"
            assert server.ask(place, {"value": "first"})[0] == 201
            broker.pause()
            with ThreadPoolExecutor(most) as threads:
                waiting = [threads.submit(server.ask, place, {"value": f"{each}"}) for each in range(most)]
                until(lambda: server.health()["sending"]["messages"] == most, lambda: f"{server.health()}")
                assert told(server.ask(place, {"value": "more"})) == (503, "buffer-full")
                with connected(server, topic, resume=False) as reader:
                    reader.say({"type": "send", "id": "more", "value": "more"})
                    assert reader.hear()["code"] == "buffer-full"
                broker.go_on()
                assert {each.result()[0] for each in waiting} == {201}
            assert server.ask(place, {"value": "last"})[0] == 201
            assert sorted(webtopic.written(broker.address, topic).values()) == sorted(
                ["first", "last", *(f"{each}" for each in range(most))]
            )
            server.end()


def test_a_broker_that_is_away_is_told_until_it_is_back(example: Example) -> None:
    topic = f"away-{uuid.uuid4()}"
    with restartable() as broker:
        admin.create_topics(broker.address, {topic: 1})
        with example.started(broker.address, topic, "--patience", 1) as server:
            place = f"topics/{topic}/messages"
            until(lambda: server.ask(place, {"value": "before"})[0] == 201, server.log)  # a broker that is new is slow
            with connected(server, topic) as reader:
                reader.hear("hello")
                broker.kill()
                assert told(server.ask(place, {"value": "lost", "id": "a"})) == (503, "broker-away")
                away = reader.hear("broker")
                assert (away["state"], away["code"]) == ("away", "broker-away")
                assert server.ask("health")[0] == 503
                with connected_beside(server, topic) as late:
                    assert late.hear()["code"] == "broker-away"
                    assert late.end() == (1013, "broker-away")
                broker.begin()
                server.await_health("there")
                assert reader.hear("broker") == {"type": "broker", "state": "there"}
                until(lambda: server.ask(place, {"value": "after"})[0] == 201, server.log)
                values = [each["value"] for each in reader.hear("messages")["messages"]]
                while "after" not in values:
                    values += [each["value"] for each in reader.hear("messages")["messages"]]
            server.end()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_in_order_with_what_is_on_its_way_written(
    example: Example, broker: Broker, number: signal.Signals
) -> None:
    topic = f"end-{uuid.uuid4()}"
    admin.create_topics(broker.address, {topic: 2})
    with example.started(broker.address, topic) as server:
        readers = [Socket(server, topic) for _ in range(3)]
        for reader in readers:
            reader.say({"type": "resume", "from": "end"})
            reader.hear("hello")
        for each in range(50):
            readers[0].say({"type": "send", "id": f"{each}", "value": f"{each}"})
        readers[0].hear("sent")
        server.ask_to_end(number)
        codes = []
        for reader in readers:
            codes.append(reader.end())
            reader.leave()
        server.wait()
        assert codes == [(1001, "going-away")] * 3
    values = list(webtopic.written(broker.address, topic).values())
    assert len(values) == len(set(values)) > 0


def test_it_ends_though_a_browser_does_not_say_goodbye(example: Example, broker: Broker) -> None:
    topic = f"silent-{uuid.uuid4()}"
    admin.create_topics(broker.address, {topic: 1})
    with example.started(broker.address, topic) as server:
        reader = Socket(server, topic)
        reader.say({"type": "resume", "from": "end"})
        reader.hear("hello")
        server.end()
        reader.leave()


@pytest.mark.parametrize("why", ["broker", "port"])
def test_it_does_not_start_and_says_why(example: Example, broker: Broker, topic: str, why: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody, port = ports.lasting(1)[0], taken.getsockname()[1]
        arguments = {
            "broker": ["--brokers", f"127.0.0.1:{nobody}", "--port", 0],
            "port": ["--brokers", broker.address, "--port", port],
        }[why]
        ended = subprocess.run(
            example.command(topic, *arguments),
            env=dict(example.variables),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    assert ended.returncode == 1
    assert ended.stdout == ""
    start = {"broker": "error broker-away: ", "port": "error cannot-listen: "}[why]
    lines = ended.stderr.splitlines()
    (at,) = (number for number, line in enumerate(lines) if line.startswith("error "))
    assert lines[at].startswith(start)
    assert lines[at + 1].startswith("  next:  ")
    assert "Traceback" not in ended.stderr
