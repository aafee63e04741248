"""What the stages hand on to one another: recipes' packages, cells, artifacts, environments, contracts, evidence.

Frozen, and without behaviour that touches the disk or the network. Whatever two stages must agree on is a value here;
what only one of them knows stays with that one.
"""
