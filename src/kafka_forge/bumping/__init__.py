"""Upstream's next release comes in; recipes that are proven on it go out: all that it takes is changed, or nothing."""
