#!/bin/bash
set -euo pipefail

. "$RECIPE_DIR/build.sh"

# conda-forge has both names
cp "$PREFIX/Library/lib/zstd.lib" "$PREFIX/Library/lib/libzstd.lib"
