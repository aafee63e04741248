"""Kerberos for one run: a Java that speaks it, a server for its tickets (KDC), and keys for its users."""

from __future__ import annotations

from kafka_forge.brokers.kerberos.realm import Realm, Ticket

__all__ = ["Realm", "Ticket"]
