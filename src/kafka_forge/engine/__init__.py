"""The place that knows py-rattler-build: a recipe and variants come in, rendered packages and built ones go out.

A build runs in a child process, on a copy of the recipe that names its sources by what is in the store. Elsewhere the
engine is imported to upload (`publishing`) and to read variant files (`feedstocks`), and for nothing else.
"""
