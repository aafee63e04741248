"""Cells come in; artifacts go out: one ``.conda`` file each, in the channel's folder, whole or not there.

What is unchanged since it was built is not built again. Nothing is installed or judged.
"""
