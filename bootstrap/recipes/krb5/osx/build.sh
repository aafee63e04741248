#!/bin/bash
set -euo pipefail

# Apple's store of tickets is reached through its Kerberos framework, and over Mach by code that its `mig` generates;
# servers are found in the DNS through libresolv. zig has none of these. Without them tickets are looked for in files,
# as on Linux, and krb5.conf names the servers. Nor has it the header that tells of volumes without owners.
sed -i -e 's/-framework Kerberos//' -e '/^  macos_defccname=API:/d' -e 's/^  OSX=osx/  OSX=no/' \
    -e 's/#define KRB5_DNS_LOOKUP 1/#undef KRB5_DNS_LOOKUP/' src/configure
sed -i -e 's/__APPLE__/KCM_OVER_MACH/' src/lib/krb5/ccache/cc_kcm.c
sed -i -e 's/defined(__APPLE__)/defined(HAVE_HFS_MOUNT_H)/' src/lib/krb5/os/localauth_k5login.c

. "$RECIPE_DIR/build.sh"
