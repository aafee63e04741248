"""What a run concluded: as JSON (with a published schema) and as a table in the terminal."""
