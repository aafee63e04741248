"""Builds an artifact twice, each time under other conditions, and tells where the two differ."""
