"""Anybody's packages come in; the verdicts of our contracts about them go out.

It obtains them as their users would and lets `examining` do the rest.
"""
