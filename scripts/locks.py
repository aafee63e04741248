"""``kafka-forge locks`` with no set-up by hand."""

from _environment import run_command

run_command(["locks"])
