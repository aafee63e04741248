#!/bin/bash
# For Windows from elsewhere; build.bat is for Windows itself. Both say the same to CMake.
set -euo pipefail

# win32_config.h is for upstream's own packages: with WITHOUT_WIN32_CONFIG, CMake's options count, and those that
# it does not hand on are said to the compiler.
# For -fno-strict-aliasing see build.sh; Microsoft's compiler knows no such rules.
flags="-fno-strict-aliasing -DWITH_CURL=1 -DWITH_OAUTHBEARER_OIDC=1 -DWITH_LZ4_EXT=1 -DWITH_HDRHISTOGRAM=1"

# shellcheck disable=SC2086
cmake -G Ninja -S . -B build ${CMAKE_ARGS} \
    -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_C_FLAGS="${CPPFLAGS} ${CFLAGS} ${flags}" \
    -DRDKAFKA_BUILD_STATIC=OFF \
    -DRDKAFKA_BUILD_EXAMPLES=OFF \
    -DRDKAFKA_BUILD_TESTS=OFF \
    -DWITHOUT_WIN32_CONFIG=ON \
    -DWITH_ZLIB=ON \
    -DWITH_ZSTD=ON \
    -DWITH_SNAPPY=ON \
    -DWITH_SSL=ON \
    -DWITH_CURL=ON \
    -DWITH_SASL=ON \
    -DWITH_PLUGINS=ON \
    -DENABLE_LZ4_EXT=ON

cmake --build build --parallel "${CPU_COUNT}"
cmake --install build
cmake -DBUILD=build -DPREFIX="${PREFIX}/Library" -P "${RECIPE_DIR}/cmake/windows.cmake"
