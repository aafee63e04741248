# Sourced by build-cc.sh and build-cxx.sh. A file in linux/, osx/ or win/ goes before the common one of the same name;
# SYSTEM/activate-cc.sh is read by the common activate-cc.sh, and SYSTEM/install.sh adds programs.
set -euo pipefail

# The platform that is built on, as conda-forge spells its triplet.
case "$build_platform" in
    linux-64) build_triplet=x86_64-conda-linux-gnu ;;
    linux-aarch64) build_triplet=aarch64-conda-linux-gnu ;;
    linux-ppc64le) build_triplet=powerpc64le-conda-linux-gnu ;;
    osx-64) build_triplet=x86_64-apple-darwin13.4.0 ;;
    osx-arm64) build_triplet=arm64-apple-darwin20.0.0 ;;
    *) build_triplet=x86_64-w64-mingw32 ;;
esac

# fill FILE: the file with its place-holders filled in.
fill() {
    sed -e "s|@TRIPLET@|$TRIPLET|g" -e "s|@TARGET_PLATFORM@|$TARGET_PLATFORM|g" -e "s|@CPU@|$CPU|g" \
        -e "s|@BUILD_TRIPLET@|$build_triplet|g" "$1"
}

# own FILE: the system's own file of that name, else the common one.
own() {
    if [ -f "$RECIPE_DIR/$SYSTEM/$1" ]; then echo "$RECIPE_DIR/$SYSTEM/$1"; else echo "$RECIPE_DIR/$1"; fi
}

# install_program TEMPLATE NAME: put a wrapper into bin/ under a name that begins with the target's triplet.
install_program() {
    mkdir -p "$PREFIX/bin"
    fill "$(own "$1")" > "$PREFIX/bin/$TRIPLET-$2"
    chmod 755 "$PREFIX/bin/$TRIPLET-$2"
}

# install_activation LANGUAGE: put the scripts that set and unset the variables of a language into etc/conda/.
install_activation() {
    local way
    for way in activate deactivate; do
        mkdir -p "$PREFIX/etc/conda/$way.d"
        {
            fill "$RECIPE_DIR/$way-$1.sh"
            if [ -f "$RECIPE_DIR/$SYSTEM/$way-$1.sh" ]; then fill "$RECIPE_DIR/$SYSTEM/$way-$1.sh"; fi
        } > "$PREFIX/etc/conda/$way.d/zig-$1_$TARGET_PLATFORM.sh"
    done
}
