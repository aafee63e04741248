"""Small programs that load a broker with one client each, run by the Python of that client's own environment."""
