#!/bin/bash
set -euo pipefail

cd zstd
# The project asks for a C++ compiler, for its tests alone; zig would have to compile its whole C++ library first.
sed -i -e '/CXX # Testing/d' build/cmake/CMakeLists.txt
sed -i -e '/include(CheckCXXCompilerFlag)/d' -e 's/CMAKE_CXX_COMPILER_ID/CMAKE_C_COMPILER_ID/' \
    -e 's/if (_CXX)/if (FALSE)/' -e 's/if (${CXX_FLAG_WA_NOEXECSTACK})/if (TRUE)/' \
    build/cmake/CMakeModules/AddZstdCompilationFlags.cmake

# ZSTD_LEGACY_SUPPORT: the formats of before zstd 1.0 (2016) are left out, they would take most of the time.
cmake -G Ninja -S build/cmake -B build-zstd $CMAKE_ARGS \
    -DZSTD_BUILD_PROGRAMS=OFF -DZSTD_BUILD_STATIC=OFF -DZSTD_BUILD_SHARED=ON -DZSTD_BUILD_TESTS=OFF \
    -DZSTD_LEGACY_SUPPORT=OFF
cmake --build build-zstd --target install
