"""A project of the Python index comes in; a recipe, a contract and hints for its sources go out, ready to verify."""
