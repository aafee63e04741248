"""An environment of anybody's comes in; what is wrong with its Kafka clients goes out, worst first, and what to do.

Nothing in the environment is changed, and no checkout is needed. `looking` runs the programs of ``inside/`` on the
environment's own Python; `judging` makes findings of what they saw, together with the faults that `known.yaml` lists.
"""
