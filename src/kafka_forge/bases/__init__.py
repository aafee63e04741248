"""Where compilers, Python and C libraries come from: ``--base`` comes in, a channel and a variants overlay go out.

conda-forge, any other channel, or the embedded base, which is made here out of package registries, by lock.
"""

from __future__ import annotations

from kafka_forge.bases.select import lacking, provide, select, url_of, variants

__all__ = ["lacking", "provide", "select", "url_of", "variants"]
