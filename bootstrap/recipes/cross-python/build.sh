#!/bin/bash
set -euo pipefail

shelf="$PREFIX/share/cross-python"
mkdir -p "$shelf/lib" "$PREFIX/etc/conda/activate.d" "$PREFIX/etc/conda/deactivate.d"
cp "$RECIPE_DIR/sitecustomize.py" "$shelf/lib/"
# cross_system.py is what a system needs besides; on Windows also the variables that its Python does not bring.
if [ -d "$RECIPE_DIR/$SYSTEM" ]; then
    cp "$RECIPE_DIR/$SYSTEM"/*.py "$shelf/lib/"
fi
for way in activate deactivate; do
    sed -e "s|@HOST_PLATFORM@|$HOST_PLATFORM|g" -e "s|@TARGET_PLATFORM@|$TARGET_PLATFORM|g" "$RECIPE_DIR/$way.sh" \
        > "$PREFIX/etc/conda/$way.d/cross-python_$TARGET_PLATFORM.sh"
done
