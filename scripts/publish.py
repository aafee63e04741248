"""``kafka-forge publish`` with no set-up by hand, and with what S3 takes."""

from _environment import run_command

run_command(["publish"], extras=["s3"])
