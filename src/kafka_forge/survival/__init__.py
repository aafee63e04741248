"""Survival: clients that produce and consume while a cluster suffers, and what is left on its disks.

Here evidence is gathered; `checks.survives` judges it. `schedules` says what happens when, `trials` lets it happen,
`stage` is the part of ``verify``, and `soak` is for many schedules.
"""
