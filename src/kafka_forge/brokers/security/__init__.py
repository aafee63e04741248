"""TLS, SASL and ACLs of a broker: made for one run, and told to clients in their own words."""

from __future__ import annotations

from kafka_forge.brokers.security.plan import Listener, Plan, chosen
from kafka_forge.brokers.security.secured import Secured, saved

__all__ = ["Listener", "Plan", "Secured", "chosen", "saved"]
