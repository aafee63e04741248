"""Recipes, variants and a selection come in; cells go out, in the order in which they can be built, and CI's jobs.

A cell that cannot be built is named here, with its reason. Nothing is fetched or built.
"""
