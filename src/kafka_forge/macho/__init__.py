"""What is particular to macOS's binaries: their signatures, and the stubs that stand for the system's libraries.

Files are read and signed; whose they are is not known here.
"""
