"""``kafka-forge attest`` with no set-up by hand, and with what signing without a key takes."""

from _environment import run_command

run_command(["attest"], extras=["sigstore"])
