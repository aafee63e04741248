#!/bin/bash
set -euo pipefail

# Apple's store of tickets is reached through its Kerberos framework, and over Mach by code that its `mig` generates;
# servers are found in the DNS through libresolv. zig has none of these. Without them tickets are looked for in files,
# as on Linux, and krb5.conf names the servers. Nor has it the header that tells of volumes without owners.
sed -i -e 's/-framework Kerberos//' -e '/^  macos_defccname=API:/d' -e 's/^  OSX=osx/  OSX=no/' \
    -e 's/#define KRB5_DNS_LOOKUP 1/#undef KRB5_DNS_LOOKUP/' src/configure
sed -i -e 's/__APPLE__/KCM_OVER_MACH/' src/lib/krb5/ccache/cc_kcm.c
sed -i -e 's/defined(__APPLE__)/defined(HAVE_HFS_MOUNT_H)/' src/lib/krb5/os/localauth_k5login.c
# krb5 1.22 defines these structures for who asks the DNS alone, and uses them always.
sed -i -e 's/^struct kdclist_entry {/#endif\n&/' -e '0,/^static int$/s/^static int$/#ifdef KRB5_DNS_LOOKUP\n&/' \
    src/lib/krb5/os/locate_kdc.c

# The folders that the libraries know are the system's (see recipe.yaml): settings in /etc; plug-ins, of which there are
# none, where nobody can put any.
sed -i -E -e 's|(-DLIBDIR=)\S+|\1\\"/usr/lib\\"|' -e 's|(-DS?BINDIR=)\S+|\1\\"/usr/bin\\"|g' \
    -e 's|(-DLOCALEDIR=)\S+|\1\\"/usr/share/locale\\"|' src/util/profile/Makefile.in src/lib/krb5/{,krb/,os/}Makefile.in
sed -i -E -e 's|@LIBDIR|/usr/lib|' -e 's|@MODULEDIR|/usr/lib/krb5/plugins|' -e 's|@GSSMODULEDIR|/usr/lib/gss|' \
    -e 's|@S?BINDIR|/usr/bin|' src/include/osconf.hin
sed 's|--localstatedir="$PREFIX/var"|--localstatedir=/var --sysconfdir=/etc|' "$RECIPE_DIR/build.sh" > build-with-folders.sh

# A client's programs alone: a KDC would look for its database's plug-in there, too. (kinit is linked with the library
# of a KDC's database all the same.)
export KRB5_PARTS="lib/crypto lib/krb5 lib/gssapi lib/rpc lib/kdb lib/kadm5 lib/apputils clients kadmin/ktutil"
. ./build-with-folders.sh
rm -f "$PREFIX"/lib/pkgconfig/{kadm-client,kadm-server,kdb,gssrpc}.pc "$PREFIX"/include/{kdb,krad}.h
rm -rf "$PREFIX"/{sbin,lib/krb5}
