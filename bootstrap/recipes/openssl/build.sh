#!/bin/bash
set -euo pipefail

case "$target_platform" in
    linux-64) target=linux-x86_64 ;;
    linux-aarch64) target=linux-aarch64 ;;
    linux-ppc64le) target=linux-ppc64le ;;
    *) echo "no OpenSSL target known for $target_platform" >&2; exit 1 ;;
esac

# The library can tell how and when it was built; neither may name this build's folders or hour.
export SOURCE_DATE_EPOCH=1751328000
unset CPPFLAGS CROSS_COMPILE
export CFLAGS="-O2" CC="${CC##*/}"

perl ./Configure "$target" shared threads \
    no-apps no-docs no-tests no-legacy no-module no-engine no-fips no-zlib no-quic \
    --prefix="$PREFIX" --libdir=lib --openssldir="$PREFIX/ssl"

# Only the shared libraries: their static twins would be compiled from the same sources a second time.
make build_generated
make -j"$CPU_COUNT" libcrypto.so libssl.so

mkdir -p "$PREFIX/lib/pkgconfig" "$PREFIX/include/openssl" "$PREFIX/ssl/certs" "$PREFIX/ssl/private"
cp -P libcrypto.so* libssl.so* "$PREFIX/lib/"
cp include/openssl/*.h "$PREFIX/include/openssl/"
cp apps/openssl.cnf apps/ct_log_list.cnf "$PREFIX/ssl/"
cp exporters/libcrypto.pc exporters/libssl.pc exporters/openssl.pc "$PREFIX/lib/pkgconfig/"
