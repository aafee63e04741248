#!/bin/bash
set -euo pipefail

cd "c-blosc/internal-complibs/zlib-$PKG_VERSION"
export CHOST="$HOST"
./configure --prefix="$PREFIX" --shared --uname=Darwin
# configure would take Apple's libtool, and its own way to link leaves LDFLAGS out.
make -j"$CPU_COUNT" AR="$AR" ARFLAGS=rc "libz.$PKG_VERSION.dylib" \
    LDSHARED="$CC -dynamiclib -install_name @rpath/libz.1.dylib -compatibility_version 1 -current_version $PKG_VERSION $LDFLAGS"

mkdir -p "$PREFIX/lib/pkgconfig" "$PREFIX/include"
# Where the library is in the prefix already, it stays: that is the package libzlib.
cp -Pn libz*.dylib "$PREFIX/lib/"
cp zlib.h zconf.h "$PREFIX/include/"
cp zlib.pc "$PREFIX/lib/pkgconfig/"
