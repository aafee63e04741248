
export MACOSX_DEPLOYMENT_TARGET
case @TARGET_PLATFORM@ in
    osx-arm64) MACOSX_DEPLOYMENT_TARGET=11.0 ;;
    *) MACOSX_DEPLOYMENT_TARGET=10.13 ;;
esac
export LDFLAGS="-Wl,-headerpad_max_install_names -Wl,-dead_strip_dylibs"
if [ -n "$_library" ]; then
    LDFLAGS="$LDFLAGS -Wl,-rpath,$_library/lib -L$_library/lib"
fi
if [ "$HOST" != "$BUILD" ]; then
    _cpu=@CPU@
    CMAKE_ARGS="$CMAKE_ARGS -DCMAKE_SYSTEM_NAME=Darwin -DCMAKE_SYSTEM_PROCESSOR=${_cpu/aarch64/arm64}"
    unset _cpu
fi
unset _bin _library
