#!/bin/bash
set -euo pipefail

cd liblz4
cmake -G Ninja -S build/cmake -B build-lz4 $CMAKE_ARGS \
    -DBUILD_SHARED_LIBS=ON -DBUILD_STATIC_LIBS=OFF -DLZ4_BUILD_CLI=OFF -DLZ4_BUILD_LEGACY_LZ4C=OFF
cmake --build build-lz4 --target install
rm -rf "$PREFIX/share"
