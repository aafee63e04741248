"""Measurements: ratios and medians with their spread, never a timed test."""
