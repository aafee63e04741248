#!/bin/bash
set -euo pipefail

cd curl
# The crate has the version as it stands in git.
sed -i -e 's/-DEV"/"/' include/curl/curlver.h

# What a client of Kafka needs for its tokens (OIDC): HTTP and HTTPS.
cmake -G Ninja -S . -B build-curl $CMAKE_ARGS \
    -DBUILD_SHARED_LIBS=ON -DBUILD_STATIC_LIBS=OFF -DBUILD_CURL_EXE=OFF -DBUILD_TESTING=OFF -DBUILD_EXAMPLES=OFF \
    -DBUILD_LIBCURL_DOCS=OFF -DBUILD_MISC_DOCS=OFF -DENABLE_CURL_MANUAL=OFF \
    -DCMAKE_DISABLE_FIND_PACKAGE_Perl=ON -DHTTP_ONLY=ON \
    -DCURL_USE_OPENSSL=ON -DCURL_ZLIB=ON -DCURL_ZSTD=ON -DCURL_BROTLI=OFF -DCURL_USE_LIBPSL=OFF \
    -DCURL_USE_LIBSSH2=OFF -DUSE_LIBIDN2=OFF -DUSE_NGHTTP2=OFF -DCURL_DISABLE_LDAP=ON \
    -DCURL_CA_BUNDLE="$PREFIX/ssl/cacert.pem" -DCURL_CA_PATH=none
cmake --build build-curl --target install
rm -rf "$PREFIX/bin" "$PREFIX/share"

