"""The patch queue: a recipe's patches as commits of a git repository, and back.

`opening` makes the repository, `saving` writes its commits back into the recipe, `rebasing` puts them on another
version of the source, `explaining` and `page` tell of them. `headers` and `patch` read patch files, `recipe_list` the
list of them in ``recipe.yaml``, `series` the commits; `repository` is the one place that calls git.
"""
