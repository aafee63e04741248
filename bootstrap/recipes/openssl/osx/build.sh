#!/bin/bash
set -euo pipefail

case "$target_platform" in
    osx-64) target=darwin64-x86_64-cc ;;
    osx-arm64) target=darwin64-arm64-cc ;;
esac

# The library can tell how and when it was built; neither may name this build's folders or hour.
export SOURCE_DATE_EPOCH=1751328000
unset CPPFLAGS CROSS_COMPILE
export CFLAGS="-O2" CC="${CC##*/}" AR="${AR##*/}" RANLIB="${RANLIB##*/}"

perl ./Configure "$target" shared threads \
    no-apps no-docs no-tests no-legacy no-module no-engine no-fips no-zlib no-quic \
    --prefix="$PREFIX" --libdir=lib --openssldir=/etc/ssl  # where macOS has its certificates

# Only the shared libraries: their static twins would be compiled from the same sources a second time. There are no
# engines and modules; where they would be is named like the system's own folders, into which nobody can write.
make build_generated
make -j"$CPU_COUNT" libcrypto.dylib libssl.dylib ENGINESDIR=/usr/lib/engines-3 MODULESDIR=/usr/lib/ossl-modules

mkdir -p "$PREFIX/lib/pkgconfig" "$PREFIX/include/openssl" "$PREFIX/ssl/certs" "$PREFIX/ssl/private"
cp -P libcrypto*.dylib libssl*.dylib "$PREFIX/lib/"
cp include/openssl/*.h "$PREFIX/include/openssl/"
cp apps/openssl.cnf apps/ct_log_list.cnf "$PREFIX/ssl/"
cp exporters/libcrypto.pc exporters/libssl.pc exporters/openssl.pc "$PREFIX/lib/pkgconfig/"
