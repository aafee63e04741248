"""``contract.yaml`` comes in; a contract goes out of which each promise is one that a check can judge.

Its refusals turn a failure into ``refused``, never into a pass. Judging is the checks' own.
"""
