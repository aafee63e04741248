"""Where compilers, Python and C libraries come from: conda-forge, any other channel, or the embedded base."""

from __future__ import annotations

from kafka_forge.bases.select import lacking, select, variants

__all__ = ["lacking", "select", "variants"]
