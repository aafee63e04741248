"""Verdicts come in; a table in the terminal, JSON, a page, Markdown, and one report out of several go out.

It concludes nothing: what a report says was decided before.
"""
