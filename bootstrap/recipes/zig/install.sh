# Sourced by build-cc.sh and build-cxx.sh.
set -euo pipefail

# install_program TEMPLATE NAME: put a wrapper into bin/ under a name that begins with the target's triplet.
install_program() {
    mkdir -p "$PREFIX/bin"
    sed "s|@TRIPLET@|$TRIPLET|g" "$RECIPE_DIR/$1" > "$PREFIX/bin/$TRIPLET-$2"
    chmod 755 "$PREFIX/bin/$TRIPLET-$2"
}

# install_activation LANGUAGE: put the scripts that set and unset the variables of a language into etc/conda/.
install_activation() {
    local way
    for way in activate deactivate; do
        mkdir -p "$PREFIX/etc/conda/$way.d"
        sed -e "s|@TRIPLET@|$TRIPLET|g" -e "s|@TARGET_PLATFORM@|$TARGET_PLATFORM|g" "$RECIPE_DIR/$way-$1.sh" \
            > "$PREFIX/etc/conda/$way.d/zig-$1_$TARGET_PLATFORM.sh"
    done
}
