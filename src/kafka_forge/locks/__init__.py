"""The project's locks come in; where each locked file can still be had goes out, and what can be had nowhere any more.

Nothing that is locked is fetched whole. The one lock that is written here is the project's own environment's.
"""
