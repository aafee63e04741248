#!/bin/bash
set -euo pipefail

cd "c-blosc/internal-complibs/zlib-$PKG_VERSION"
# zlib's own makefiles for Windows know no import library by conda-forge's name.
sources=$(ls *.c)
"$CC" $CPPFLAGS $CFLAGS -DZLIB_DLL -shared -o zlib.dll $sources -Wl,--out-implib,zlib.lib $LDFLAGS

library="$PREFIX/Library"
mkdir -p "$library/bin" "$library/lib/pkgconfig" "$library/include"
# Where the library is in the prefix already, it stays: that is the package libzlib.
cp -n zlib.dll "$library/bin/" || true
cp zlib.lib "$library/lib/zlib.lib"
# other names that programs look for, as on conda-forge
cp zlib.lib "$library/lib/z.lib"
cp zlib.lib "$library/lib/zdll.lib"
cp zlib.h zconf.h "$library/include/"
sed -e "s|@prefix@|$library|" -e 's|@exec_prefix@|${prefix}|' -e 's|@libdir@|${prefix}/lib|' \
    -e 's|@sharedlibdir@|${libdir}|' -e 's|@includedir@|${prefix}/include|' -e "s|@VERSION@|$PKG_VERSION|" \
    zlib.pc.in > "$library/lib/pkgconfig/zlib.pc"
