"""Channels as folders with an index, and solving: match specs come in, packages or the solver's reasons go out.

A package is in a channel only once it is in the index. Solving changes nothing.
"""
