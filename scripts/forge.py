"""Any command of ``kafka-forge`` with no set-up by hand: ``forge.py COMMAND …``."""

from _environment import run_command

run_command([])
