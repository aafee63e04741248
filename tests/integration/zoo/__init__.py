"""The zoo: bad packages, each made out of a good artifact with one fault, and each caught by one check."""
