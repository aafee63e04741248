"""An artifact and its contract come in; a fresh prefix with both's packages goes out, and is gone after its use.

Nothing of this machine may reach into it: no PYTHONPATH, no library path. What runs in it is started with the variables
that `activation` gives.
"""
