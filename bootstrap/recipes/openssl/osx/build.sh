#!/bin/bash
set -euo pipefail

# The library finds its folders beside itself (the patch). What is compiled in serves only where it cannot: folders of
# the system's, into which nobody can write.
export OPENSSL_FOLDER=/etc/ssl OPENSSL_PLACES="ENGINESDIR=/usr/lib/engines-3 MODULESDIR=/usr/lib/ossl-modules"

. "$RECIPE_DIR/build.sh"

# Engines and the provider are bundles, which zig links as libraries with names of their own.
for module in "$PREFIX"/lib/{engines-3,ossl-modules}/*.dylib; do
    macho-bundle "$module"
done
sed -i -e 's|^enginesdir=.*|enginesdir=${libdir}/engines-3|' -e 's|^modulesdir=.*|modulesdir=${libdir}/ossl-modules|' \
    "$PREFIX/lib/pkgconfig/libcrypto.pc"
