"""``kafka-forge bench`` with no set-up by hand."""

from _environment import run_command

run_command(["bench"], extras=["bench"])
