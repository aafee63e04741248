"""What everything stands on: the cache's paths, whole files or none, processes that end, progress, the program's end.

It knows nothing of recipes, channels or brokers. What is here is used by at least two stages.
"""
