
# Windows has no position-dependent code, and clang complains of the option.
CFLAGS=${CFLAGS/-fPIC /}
export LDFLAGS="-s" WINDRES="$_bin-windres" RC="$_bin-windres"
if [ -n "$_library" ]; then
    LDFLAGS="$LDFLAGS -L$_library/lib"
fi
if [ "$HOST" != "$BUILD" ]; then
    CMAKE_ARGS="$CMAKE_ARGS -DCMAKE_SYSTEM_NAME=Windows -DCMAKE_SYSTEM_PROCESSOR=AMD64 -DCMAKE_RC_COMPILER=$RC"
    CMAKE_ARGS="$CMAKE_ARGS -DCMAKE_USER_MAKE_RULES_OVERRIDE=$CONDA_PREFIX/share/zig/names.cmake"
fi

# The engine hands PATH on only where it builds for Unix: the toolkit's folder of programs stands beside the recipe.
if [ "${CONDA_BUILD:-0}" = 1 ] && [ -d "${RECIPE_DIR:-}/../tools" ]; then
    export PATH="$CONDA_PREFIX/bin:$PREFIX/bin:${RECIPE_DIR%/*}/tools"
fi
unset _bin _library
