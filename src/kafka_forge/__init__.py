"""Build Kafka's Python clients for conda, and prove through a real broker that they work."""

__version__ = "0.1.0"
