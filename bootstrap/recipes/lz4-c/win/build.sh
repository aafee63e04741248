#!/bin/bash
set -euo pipefail

cd liblz4/lib
"$CC" $CPPFLAGS $CFLAGS -DXXH_NAMESPACE=LZ4_ -DLZ4_DLL_EXPORT=1 -shared -o liblz4.dll \
    lz4.c lz4file.c lz4frame.c lz4hc.c xxhash.c -Wl,--out-implib,liblz4.lib $LDFLAGS

library="$PREFIX/Library"
mkdir -p "$library/bin" "$library/lib/pkgconfig" "$library/include"
cp liblz4.dll "$library/bin/"
cp liblz4.lib "$library/lib/"
cp liblz4.lib "$library/lib/lz4.lib"
cp lz4.h lz4file.h lz4frame.h lz4hc.h "$library/include/"
sed -e "s|@PREFIX@|$library|" -e 's|@LIBDIR@|${prefix}/lib|' -e 's|@INCLUDEDIR@|${prefix}/include|' \
    -e "s|@VERSION@|$PKG_VERSION|" liblz4.pc.in > "$library/lib/pkgconfig/liblz4.pc"
