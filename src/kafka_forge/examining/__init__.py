"""Artifacts come in; verdicts go out: each is installed, inspected and has messages passed through it.

It calls the stages in their order and does nothing of its own; what it concludes is the report's.
"""
