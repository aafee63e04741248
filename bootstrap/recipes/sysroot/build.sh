#!/bin/bash
set -euo pipefail

sysroot="$PREFIX/$TRIPLET/sysroot"
mkdir -p "$sysroot/usr/lib" "$sysroot/etc"

# The compiler wrappers read from here which target, and which version of it, they compile for.
echo "$TARGET" > "$sysroot/etc/zig-target"

if [ -f "$RECIPE_DIR/$SYSTEM/build.sh" ]; then
    . "$RECIPE_DIR/$SYSTEM/build.sh"
fi
