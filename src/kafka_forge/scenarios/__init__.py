"""Small programs that run inside the fresh environment, with the standard library and the client only.

They are run as files: this folder is on their path, the rest of the toolkit is not. `corpus` is shared with the
toolkit, so that both sides know the same messages without passing them on.
"""
