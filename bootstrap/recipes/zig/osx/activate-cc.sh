
export MACOSX_DEPLOYMENT_TARGET=11.0
# -s: else the linker notes every object file with its place on this machine.
export LDFLAGS="-s -Wl,-headerpad_max_install_names -Wl,-dead_strip_dylibs"
if [ -n "$_library" ]; then
    LDFLAGS="$LDFLAGS -Wl,-rpath,$_library/lib -L$_library/lib"
fi
# LDFLAGS has the rpath; one that CMake adds for the build it takes out with install_name_tool, which is not here.
CMAKE_ARGS="$CMAKE_ARGS -DCMAKE_INSTALL_NAME_DIR=@rpath -DCMAKE_BUILD_WITH_INSTALL_RPATH=ON"
if [ "$HOST" != "$BUILD" ]; then
    _cpu=@CPU@
    CMAKE_ARGS="$CMAKE_ARGS -DCMAKE_SYSTEM_NAME=Darwin -DCMAKE_SYSTEM_PROCESSOR=${_cpu/aarch64/arm64}"
    unset _cpu
fi
unset _bin _library
