#!/bin/bash
set -euo pipefail

# ZSTD_LEGACY_SUPPORT: the formats of before zstd 1.0 (2016) are left out, they would take most of the time.
cmake -G Ninja -S build/cmake -B build-zstd $CMAKE_ARGS \
    -DZSTD_BUILD_PROGRAMS=OFF -DZSTD_BUILD_STATIC=OFF -DZSTD_BUILD_SHARED=ON -DZSTD_BUILD_TESTS=OFF \
    -DZSTD_LEGACY_SUPPORT=OFF
cmake --build build-zstd --target install

# conda-forge has both names
cp "$PREFIX/Library/lib/zstd.lib" "$PREFIX/Library/lib/libzstd.lib"
