
# GNU ld passes over symbols of a version script that do not exist; lld wants to be told to.
export LDFLAGS="-s -Wl,--as-needed -Wl,-z,relro -Wl,-z,now -Wl,--gc-sections -Wl,--undefined-version"
if [ -n "$_library" ]; then
    LDFLAGS="$LDFLAGS -Wl,-rpath,$_library/lib -L$_library/lib"
fi
if [ "$HOST" != "$BUILD" ]; then
    # ppc64le is CMake's word, too, for what triplets call powerpc64le
    _cpu=@CPU@
    CMAKE_ARGS="$CMAKE_ARGS -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=${_cpu/powerpc64le/ppc64le}"
    unset _cpu
fi
unset _bin _library
