#!/bin/bash
set -euo pipefail

# The system's proxies are asked for only so that macOS makes up IPv6 addresses for literal IPv4 ones; that takes a
# framework, which zig does not have.
sed -i -e 's/if(APPLE AND NOT ENABLE_ARES)/if(FALSE)/' CMakeLists.txt
sed -i -e '/define CURL_MACOS_CALL_COPYPROXIES/d' lib/curl_setup.h

. "$RECIPE_DIR/build.sh"
