
export LDFLAGS="-s"
if [ -n "$_library" ]; then
    LDFLAGS="$LDFLAGS -L$_library/lib"
fi
if [ "$HOST" != "$BUILD" ]; then
    CMAKE_ARGS="$CMAKE_ARGS -DCMAKE_SYSTEM_NAME=Windows -DCMAKE_SYSTEM_PROCESSOR=AMD64"
fi
unset _bin _library
