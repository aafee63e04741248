#!/bin/bash
set -euo pipefail

# mklove prefers pkg-config's answer to a link test, and a machine's own pkg-config knows the machine's libraries.
export PKG_CONFIG=false

if [[ "${target_platform}" == osx-* && "${build_platform}" != osx-* ]]; then
    # configure and the makefiles take the system that they run on for the one that they build for
    mkdir cross
    printf '#!/bin/sh\ncase $1 in -s) echo Darwin ;; *) exec %s "$@" ;; esac\n' "$(command -v uname)" > cross/uname
    printf '#!/bin/sh\nexit 1\n' > cross/lsb_release
    chmod 755 cross/*
    export PATH="${PWD}/cross:${PATH}"
fi

export CPPFLAGS="${CPPFLAGS:-} -I${PREFIX}/include"
# queue.h (TAILQ_LAST, TAILQ_PREV) takes a list's element for a list's head, which C's rules of aliasing forbid. Clang 20
# and newer tell pointers to different structs apart by those rules (-fpointer-tbaa), and leave lists of messages broken:
# seen on aarch64, where librdkafka's own test of its queues then never ends.
export CFLAGS="${CFLAGS:-} -fno-strict-aliasing"
export LDFLAGS="${LDFLAGS:-} -L${PREFIX}/lib -Wl,-rpath,${PREFIX}/lib"

# Left alone, configure takes what it finds. Demanded, a feature that is missing ends it.
# C11 threads came with glibc 2.28: the library's own are used, so that every build has the same.
./configure \
    --prefix="${PREFIX}" \
    --disable-debug-symbols \
    --disable-c11threads \
    --enable-zlib \
    --enable-zstd \
    --enable-ssl \
    --enable-gssapi \
    --enable-curl \
    --enable-lz4-ext \
    --enable-regex-ext \
    --enable-syslog

# Some cannot be demanded there: configure falls back in silence, to a bundled lz4 say, or to no plugins.
for feature in \
    WITH_ZLIB WITH_ZSTD WITH_SNAPPY WITH_LZ4_EXT HAVE_REGEX \
    WITH_SSL WITH_SASL_CYRUS WITH_SASL_SCRAM WITH_SASL_OAUTHBEARER WITH_OAUTHBEARER_OIDC WITH_CURL \
    WITH_LIBDL WITH_PLUGINS
do
    if ! grep -q "^#define ${feature} 1$" config.h; then
        echo "librdkafka was configured without ${feature}" >&2
        exit 1
    fi
done
if [[ "${target_platform}" == linux-* ]] && ! grep -Eq '^WITH_LDS=\s*y$' Makefile.config; then
    echo "librdkafka was configured without its linker script: internal symbols would be visible" >&2
    exit 1
fi

make -j"${CPU_COUNT}" libs
make install-subdirs

# CFEP-18: no static libraries.
rm "${PREFIX}"/lib/librdkafka*.a "${PREFIX}"/lib/pkgconfig/rdkafka*-static.pc

# What upstream's doc-install puts there; that itself would write CONFIGURATION.md anew, by a program of the target.
mkdir -p "${PREFIX}/share/doc/librdkafka"
cp CHANGELOG.md CONFIGURATION.md INTRODUCTION.md LICENSE LICENSES.txt README.md STATISTICS.md \
    "${PREFIX}/share/doc/librdkafka/"

# Upstream installs these only where CMake builds it; users' CMake projects look for them everywhere.
mkdir -p "${PREFIX}/lib/cmake/RdKafka"
cp "${RECIPE_DIR}/cmake/RdKafkaConfig.cmake" "${PREFIX}/lib/cmake/RdKafka/"
sed "s/@VERSION@/${PKG_VERSION}/" "${RECIPE_DIR}/cmake/RdKafkaConfigVersion.cmake" \
    > "${PREFIX}/lib/cmake/RdKafka/RdKafkaConfigVersion.cmake"
