#!/bin/bash
set -euo pipefail

# The library can tell how and when it was built; neither may name this build's folders or hour.
export SOURCE_DATE_EPOCH=1751328000
unset CPPFLAGS CROSS_COMPILE
export CFLAGS="-O2" CC="${CC##*/}" AR="${AR##*/}" RANLIB="${RANLIB##*/}" RC="${WINDRES##*/}"
unset WINDRES

# As conda-forge's: the legacy provider and the engines are in the library itself.
perl ./Configure mingw64 shared threads enable-legacy no-module no-docs no-tests no-fips no-zlib no-quic \
    --prefix="$PREFIX/Library" --libdir=lib --openssldir="$PREFIX/Library/ssl"

# What OpenSSL looks for at run time stands where only an administrator may write, as in upstream's own builds: no path
# of a prefix, and none that anybody could make (CVE-2019-1552).
home='C:/Program Files/Common Files/SSL'
places=("OPENSSLDIR=$home" "ENGINESDIR=$home/engines-3" "MODULESDIR=$home/ossl-modules")
make build_generated "${places[@]}"
make -j"$CPU_COUNT" libcrypto-3-x64.dll "${places[@]}"
# the linker looks for crypto.lib and ssl.lib where it is asked for -lcrypto and -lssl, and not for lib*.dll.a
cp libcrypto.dll.a crypto.lib
make -j"$CPU_COUNT" libssl-3-x64.dll "${places[@]}"
cp libssl.dll.a ssl.lib
make -j"$CPU_COUNT" apps/openssl.exe "${places[@]}"

library="$PREFIX/Library"
mkdir -p "$library/bin" "$library/lib/pkgconfig" "$library/include/openssl" "$library/ssl"
cp libcrypto-3-x64.dll libssl-3-x64.dll apps/openssl.exe "$library/bin/"
cp libcrypto.dll.a "$library/lib/libcrypto.lib"
cp libssl.dll.a "$library/lib/libssl.lib"
cp include/openssl/*.h "$library/include/openssl/"
cp apps/openssl.cnf apps/ct_log_list.cnf "$library/ssl/"
cp exporters/libcrypto.pc exporters/libssl.pc exporters/openssl.pc "$library/lib/pkgconfig/"
