"""The project's locks come in; where each locked file can still be had goes out, and what can be had nowhere any more.

Nothing is fetched whole, and no lock is changed: that is for who maintains them.
"""
