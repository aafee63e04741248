"""A version comes in; a real Apache Kafka that answers goes out: jars by lock, a Java, start, wait, watch, stop.

Also clusters, TLS, users, a Kerberos server, and the links that faults act on. Everything listens on loopback only.
"""

from __future__ import annotations

from kafka_forge.brokers.broker import ALL, Broker, choose, connect, open_broker, start, start_detached
from kafka_forge.brokers.cluster import Cluster, Member, start_cluster, start_cluster_detached
from kafka_forge.brokers.locks import DEFAULT, versions
from kafka_forge.brokers.records import Record, running, stop, sweep

__all__ = [
    "ALL",
    "DEFAULT",
    "Broker",
    "Cluster",
    "Member",
    "Record",
    "choose",
    "connect",
    "open_broker",
    "running",
    "start",
    "start_cluster",
    "start_cluster_detached",
    "start_detached",
    "stop",
    "sweep",
    "versions",
]
