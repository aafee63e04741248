"""`examples/tornado` in a real browser, through each client: nothing is lost and nothing doubled, whatever breaks."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest

from kafka_forge import platforms
from kafka_forge.brokers import admin

from . import browser, webtopic
from .browser import until
from .restarting import restartable
from .webtopic import Cuttable

if TYPE_CHECKING:
    from kafka_forge.brokers import Broker

    from .browser import Programs, Tab
    from .webtopic import Example, Server

pytestmark = [
    pytest.mark.integration,
    pytest.mark.first,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(platforms.current() != "linux-64", reason="the browser is locked for linux-64"),
    # test_webtopic_faults has all three always: what is in the browser is the same page with each
    pytest.mark.parametrize(
        "example", ["pykafka-c", "confluent", pytest.param("pykafka", marks=pytest.mark.long)], indirect=True
    ),
]

ROWS = "return [...document.querySelectorAll('#messages li')].map(li => [li.dataset.partition, li.dataset.offset, "
ROWS += "li.querySelector('.value').textContent.slice(0, 60)])"
STATE = "document.getElementById('state').dataset.state"
SHOWN = "Number(document.getElementById('shown').textContent)"
WAITING = "Number(document.getElementById('waiting').textContent)"
SEND = """
for (const value of arguments[0]) {
  document.getElementById('value').value = value;
  document.getElementById('form').requestSubmit();
}
"""
"""Types messages and sends each by the form."""
CHOOSE = """
const pace = document.getElementById('pace');
pace.value = arguments[0];
pace.dispatchEvent(new Event('change'));
"""


@pytest.fixture
def topic(broker: Broker) -> str:
    name = f"page-{uuid.uuid4()}"
    admin.create_topics(broker.address, {name: 3})
    return name


def shown(tab: Tab) -> dict[tuple[int, int], str]:
    """What the page shows: (partition, offset) → value. None is there twice, and those of a partition are in order."""
    rows = [((int(partition), int(offset)), value) for partition, offset, value in tab.run(ROWS)]
    for number in {place[0] for place, _ in rows}:
        offsets = [offset for (partition, offset), _ in rows if partition == number]
        assert offsets == sorted(set(offsets))
    assert tab.run("return document.body.dataset.doubled") == "0"
    return dict(rows)


def connected(tab: Tab) -> None:
    tab.until(f"{STATE} === 'connected'")


class Trouble:
    """What happens between the page and the server, in the midst of it."""

    def __init__(self, server: Server, proxy: Cuttable, broker: Broker, topic: str) -> None:
        self._server = server
        self._proxy = proxy
        self._broker = broker
        self._topic = topic

    def restart(self) -> None:
        self._server.end()
        self._server.begin()

    def crash(self) -> None:
        self._server.kill()
        for _ in range(3):  # what the server had sent is appended by now: a broker that stands still may do so too late
            admin.ends(self._broker.address, self._topic, 3)
        self._server.begin()

    def cut(self) -> None:
        self._proxy.cut()


@pytest.mark.parametrize("what", ["restart", "crash", "cut"])
def test_a_thousand_messages_are_sent_and_seen_once_whatever_breaks(
    example: Example, broker: Broker, programs: Programs, topic: str, what: str
) -> None:
    sent = [f"message {number} ünï" for number in range(1000)]
    with (
        example.started(broker.address, topic) as server,
        Cuttable(server.port) as proxy,
        browser.opened(programs, proxy.url) as tab,
    ):
        connected(tab)
        tab.run(CHOOSE, "100")  # ten a second: it breaks while messages wait to be shown, and others to be sent
        tab.run(SEND, sent[:300])
        tab.until(f"{SHOWN} >= 5")
        tab.run(SEND, sent[300:])
        getattr(Trouble(server, proxy, broker, topic), what)()
        tab.run(CHOOSE, "0")
        tab.until(f"{SHOWN} >= 1000 && {WAITING} === 0")
        connected(tab)
        seen = shown(tab)
        assert sorted(seen.values()) == sorted(sent)
        assert seen == webtopic.written(broker.address, topic)
        server.end()


def test_a_page_that_is_loaded_again_goes_on_where_it_was(
    example: Example, broker: Broker, programs: Programs, topic: str
) -> None:
    with example.started(broker.address, topic) as server, browser.opened(programs, server.url) as tab:
        connected(tab)
        webtopic.fill(broker.address, topic, (f"before {number}" for number in range(300)))
        tab.until(f"{SHOWN} >= 300")
        before = shown(tab)
        assert tab.complaints() == []
        tab.driver.get("about:blank")
        webtopic.fill(broker.address, topic, (f"meanwhile {number}" for number in range(300)))
        tab.driver.get(server.url)
        tab.until(f"{SHOWN} >= 300")
        after = shown(tab)
        assert not before.keys() & after.keys()
        assert {**before, **after} == webtopic.written(broker.address, topic)
        tab.run("document.getElementById('start').click()")
        tab.until(f"{SHOWN} >= 600")
        assert shown(tab) == webtopic.written(broker.address, topic)
        server.end()


def test_a_slow_browser_slows_no_other_and_costs_a_window(
    example: Example, broker: Broker, programs: Programs, topic: str
) -> None:
    half, size = 600, 40_000
    with (
        example.started(broker.address, topic) as server,
        browser.opened(programs, server.url) as slow,
        browser.opened(programs, server.url) as quick,
    ):
        for tab in (slow, quick):
            connected(tab)
        slow.run(CHOOSE, "1000")
        taken = []
        for begin in (0, half):
            webtopic.fill(broker.address, topic, (f"{begin + number} {'x' * size}" for number in range(half)))
            quick.until(f"{SHOWN} >= {begin + half}")  # the slow one would need an hour
            taken.append(server.process.memory_info().rss)
        assert slow.run(f"return {SHOWN}") < half
        waiting = until(lambda: [each for each in server.health()["browsers"] if each["unacknowledged"]], server.log)
        assert [each["most_bytes"] <= WINDOW for each in waiting] == [True]
        assert taken[1] - taken[0] < half * size / 2  # what is full takes no more
        slow.run(CHOOSE, "0")
        slow.until(f"{SHOWN} >= {2 * half}")
        assert shown(slow) == shown(quick)
        assert {int(value.split()[0]) for value in shown(slow).values()} == set(range(2 * half))
        server.end()


WINDOW = 512 * 1024 + 2 * 40_200
"""Bytes that a browser may have been sent and not acknowledged, and a message or two."""


def test_a_page_says_that_the_broker_is_away_and_goes_on_when_it_is_back(example: Example, programs: Programs) -> None:
    topic = f"page-{uuid.uuid4()}"
    with restartable() as broker:
        admin.create_topics(broker.address, {topic: 3})
        with (
            example.started(broker.address, topic, "--patience", 2) as server,
            browser.opened(programs, server.url) as tab,
        ):
            connected(tab)
            tab.run(SEND, ["before"])
            tab.until(f"{SHOWN} === 1 && {WAITING} === 0")
            broker.kill()
            tab.until("!document.getElementById('broker').hidden || document.querySelector('#errors p')")
            assert server.health()["broker"]["code"] == "broker-away"
            tab.run(SEND, [f"meanwhile {number}" for number in range(50)])
            broker.begin()
            tab.until(f"{SHOWN} >= 51 && {WAITING} === 0")
            tab.until("document.getElementById('broker').hidden")
            assert sorted(shown(tab).values()) == sorted(["before", *(f"meanwhile {each}" for each in range(50))])
            server.end()


def test_the_page_tells_what_is_wrong_with_a_message_and_keeps_the_text(
    example: Example, broker: Broker, programs: Programs, topic: str
) -> None:
    with (
        example.started(broker.address, topic, "--largest", 100) as server,
        browser.opened(programs, server.url) as tab,
    ):
        connected(tab)
        tab.run(SEND, ["ä" * 51])
        error: Any = tab.until("document.querySelector('#errors p')?.firstChild.data")
        assert error.startswith("message-too-large: the message has 102 bytes; 100 are taken. Next: ")
        assert tab.run("return document.getElementById('value').value") == "ä" * 51
        tab.run(SEND, ["ä" * 50, "<b>not bold</b>"])
        tab.until(f"{SHOWN} === 2 && {WAITING} === 0")
        assert sorted(shown(tab).values()) == ["<b>not bold</b>", "ä" * 50]
        assert tab.complaints() == []
        server.end()
