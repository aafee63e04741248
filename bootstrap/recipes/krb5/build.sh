#!/bin/bash
set -euo pipefail

cd src
# zig wants these linker options in their long spelling, each with its value in one word, and takes a file that is
# named *.so for a library: position-independent objects get an object's name (CFLAGS has -fPIC for all).
sed -i -e 's/-Wl,-h,/-Wl,-soname,/' -e 's/-Wl,--version-script binutils/-Wl,--version-script,binutils/' \
    -e 's/^SHOBJEXT=.so$/SHOBJEXT=.o/' config/shlib.conf
if [ "$HOST" != "$BUILD" ]; then
    # what configure would run a program to find out
    export krb5_cv_attr_constructor_destructor=yes,yes ac_cv_func_regcomp=yes ac_cv_printf_positional=yes
    export ac_cv_file__etc_environment=no ac_cv_file__etc_TIMEZONE=no
fi
./configure --prefix="$PREFIX" --host="$HOST" --build="$BUILD" --localstatedir="$PREFIX/var" \
    --enable-shared --disable-static --disable-nls --disable-rpath --disable-aesni --disable-pkinit \
    --without-system-verto --without-readline --without-libedit --without-keyutils --without-lmdb --without-ldap \
    --without-tcl --with-crypto-impl=builtin --with-tls-impl=no

# Its warnings are errors, and clang of today sees more than gcc of then.
export MAKEFLAGS="WARN_CFLAGS=-w"
make -C util -j"$CPU_COUNT" SUBDIRS="support et ss profile verto"
make -C include

# Not built: what copies a database to other servers (kprop), samples, tests and documents.
libraries="lib/crypto lib/krb5 lib/gssapi lib/rpc lib/kdb lib/kadm5 lib/apputils lib/krad"
parts=${KRB5_PARTS:-$libraries plugins/kdb/db2 plugins/preauth/spake kdc kadmin clients}
for part in $parts; do
    make -C "$part" -j"$CPU_COUNT"
done

mkdir -p "$PREFIX"/{bin,sbin,lib/pkgconfig,lib/krb5/plugins/{kdb,preauth},include/{gssapi,gssrpc,kadm5,krb5}} \
    "$PREFIX"/share/man/man{1,5,7,8}
for part in util/support util/et util/ss util/profile util/verto $parts include build-tools; do
    make -C "$part" install
done
# ksu would have to belong to root and to run as root; compile_et wants what stands in share/.
rm -rf "$PREFIX/share" "$PREFIX/var" "$PREFIX/bin/ksu" "$PREFIX/bin/compile_et"
