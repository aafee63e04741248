"""The published JSON schemas of reports, benchmarks, ``contract.yaml``, `attest`, `diff` and `doctor`, of their models.

They are not edited: ``kafka-forge schema`` writes them, and a test holds them against the models.
"""
