"""What runs on the Python of the environment that is looked at: standard library only, from Python 3.7 on.

They are run as files, under the very settings of the environment's user: no ``-I``, ``-E`` or ``-s``, because a
PYTHONPATH, a user's site-packages or an LD_LIBRARY_PATH that shadows a client is what somebody came to the doctor for.
Two things are kept away that would be ours and not the user's: the script's own folder leaves ``sys.path``, and ``-B``
keeps compiled files from being written.
"""
