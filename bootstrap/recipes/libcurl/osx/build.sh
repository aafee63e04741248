#!/bin/bash
set -euo pipefail

# The system's proxies are asked for only so that macOS makes up IPv6 addresses for literal IPv4 ones; that takes a
# framework, which zig does not have.
sed -i -e 's/if(APPLE AND NOT ENABLE_ARES)/if(FALSE)/' CMakeLists.txt
sed -i -e '/define CURL_MACOS_CALL_COPYPROXIES/d' lib/curl_setup.h

# The stubs have it; macOS has it since 27.
export CMAKE_ARGS="$CMAKE_ARGS -DHAVE_PIPE2=0"

# macOS has its certificates there; the library does not know its own folder (see recipe.yaml).
sed 's|$PREFIX/ssl/cacert.pem|/etc/ssl/cert.pem|' "$RECIPE_DIR/build.sh" > build-with-certificates.sh
. ./build-with-certificates.sh
