#!/bin/bash
set -euo pipefail

case "$target_platform" in
    linux-64) target=linux-x86_64 ;;
    linux-aarch64) target=linux-aarch64 ;;
    linux-ppc64le) target=linux-ppc64le ;;
    osx-64) target=darwin64-x86_64-cc ;;
    osx-arm64) target=darwin64-arm64-cc ;;
    *) echo "no OpenSSL target known for $target_platform" >&2; exit 1 ;;
esac
suffix=so
case "$target_platform" in osx-*) suffix=dylib ;; esac

# The library can tell how and when it was built; neither may name this build's folders or hour.
export SOURCE_DATE_EPOCH=1751328000
unset CPPFLAGS CROSS_COMPILE
export CFLAGS="-O2" CC="${CC##*/}" AR="${AR##*/}" RANLIB="${RANLIB##*/}"

# As conda-forge's: the legacy provider and the engines are modules. QUIC, documents and tests cost time only.
perl ./Configure "$target" shared threads no-docs no-tests no-fips no-zlib no-quic \
    --prefix="$PREFIX" --libdir=lib --openssldir="${OPENSSL_FOLDER:-$PREFIX/ssl}"

# What `make install` would install, by its own lists; not the libraries' static twins, which would be compiled from the
# same sources a second time.
listed() {
    perl -ne 'if (s/^\Q'"$1"'\E=//) { while (s/\\\s*$/ /) { $_ .= <> } print; exit }' Makefile
}
engines=$(listed INSTALL_ENGINES) modules=$(listed INSTALL_MODULES)
make build_generated ${OPENSSL_PLACES:-}
make -j"$CPU_COUNT" libcrypto.$suffix libssl.$suffix $engines $modules apps/openssl ${OPENSSL_PLACES:-}

mkdir -p "$PREFIX"/{bin,lib/pkgconfig,lib/engines-3,lib/ossl-modules,include/openssl,ssl/certs,ssl/private}
cp -P libcrypto*.$suffix* libssl*.$suffix* "$PREFIX/lib/"
cp $engines "$PREFIX/lib/engines-3/"
cp $modules "$PREFIX/lib/ossl-modules/"
cp apps/openssl "$PREFIX/bin/"
cp include/openssl/*.h "$PREFIX/include/openssl/"
cp apps/openssl.cnf apps/ct_log_list.cnf "$PREFIX/ssl/"
cp exporters/libcrypto.pc exporters/libssl.pc exporters/openssl.pc "$PREFIX/lib/pkgconfig/"
