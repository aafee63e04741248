"""Prefixes and a broker come in; how quick each client is goes out, as ratios and medians with their spread.

One program a client in `loads`. Never a timed test: nothing here passes or fails for its speed.
"""
