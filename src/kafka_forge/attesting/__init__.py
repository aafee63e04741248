"""Attestations: who publishes which package to which channel (CEP 27), signed and verified, beside the package.

A statement is in-toto's; it stands in a DSSE envelope, and that in a Sigstore bundle, be it signed by a key or, in CI,
without one. A package's bundles are in ``NAME.conda.sigs`` (CEP 50), and once more under the sum of these bytes.
"""
