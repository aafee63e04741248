"""A recipe goes into a feedstock's folder, and what a feedstock has is compared with what is planned here.

The recipe is handed on as it is. Of a feedstock only its files are read: conda-smithy is not run.
"""
