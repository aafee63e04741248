"""``python -m kafka_forge.cli``."""

from kafka_forge.cli import main

main()
