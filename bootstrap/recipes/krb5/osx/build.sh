#!/bin/bash
set -euo pipefail

# Apple's store of tickets is reached through its Kerberos framework, and over Mach by code that its `mig` generates;
# zig has neither. Without them tickets are looked for in files, as on Linux.
sed -i -e 's/-framework Kerberos//' -e '/^  macos_defccname=API:/d' -e 's/^  OSX=osx/  OSX=no/' src/configure
sed -i -e 's/__APPLE__/KCM_OVER_MACH/' src/lib/krb5/ccache/cc_kcm.c

. "$RECIPE_DIR/build.sh"
