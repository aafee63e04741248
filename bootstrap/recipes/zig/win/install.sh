# Sourced by build-cc.sh: what else a compiler for Windows has.
install_program wrapper-windres.sh windres
mkdir -p "$PREFIX/share/zig"
cp "$RECIPE_DIR/win/names.cmake" "$PREFIX/share/zig/names.cmake"
