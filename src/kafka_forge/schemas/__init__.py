"""The published JSON schemas of the report, of a benchmark's results and of ``contract.yaml``, made of their models.

They are not edited: ``kafka-forge schema`` writes them, and a test holds them against the models.
"""
