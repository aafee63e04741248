#!/bin/bash
set -euo pipefail

cd "c-blosc/internal-complibs/zlib-$PKG_VERSION"
export CHOST="$HOST"
# configure's own way to link leaves LDFLAGS out, and zlib.map names functions that are not there.
export LDSHARED="$CC -shared -Wl,-soname,libz.so.1,--version-script,zlib.map $LDFLAGS"
./configure --prefix="$PREFIX" --shared
make -j"$CPU_COUNT" "libz.so.$PKG_VERSION"

mkdir -p "$PREFIX/lib/pkgconfig" "$PREFIX/include"
# Where the library is in the prefix already, it stays: that is the package libzlib.
cp -Pn libz.so* "$PREFIX/lib/"
cp zlib.h zconf.h "$PREFIX/include/"
cp zlib.pc "$PREFIX/lib/pkgconfig/"
