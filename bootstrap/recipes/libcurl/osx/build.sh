#!/bin/bash
set -euo pipefail

# The system's proxies are asked for only so that macOS makes up IPv6 addresses for literal IPv4 ones; that takes a
# framework, which zig does not have.
sed -i -e 's/if(CMAKE_SYSTEM_NAME STREQUAL "Darwin" AND NOT ENABLE_ARES)/if(FALSE)/' curl/CMakeLists.txt
sed -i -e '/define CURL_MACOS_CALL_COPYPROXIES/d' curl/lib/curl_setup.h

# The stubs have it; macOS has it since 27.
export CMAKE_ARGS="$CMAKE_ARGS -DHAVE_PIPE2=0"

# The library does not know its own folder (see recipe.yaml), but OpenSSL does: its certificates are taken.
sed 's|-DCURL_CA_BUNDLE="$PREFIX/ssl/cacert.pem"|-DCURL_CA_BUNDLE=none -DCURL_CA_FALLBACK=ON|' \
    "$RECIPE_DIR/build.sh" > build-with-certificates.sh
. ./build-with-certificates.sh
