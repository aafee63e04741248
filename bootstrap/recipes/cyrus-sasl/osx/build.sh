#!/bin/bash
set -euo pipefail

# Its config.sub is older than Apple's name of the processor.
export HOST="${HOST/arm64-/aarch64-}"
# Asked for its version, zig's linker says that it is like GNU's.
export lt_cv_prog_gnu_ld=no

# The folders that the library knows are the system's (see recipe.yaml).
sed -i -e 's|"${configdir}"|"/etc/sasl2"|' -e 's|"${plugindir}"|"/usr/lib/sasl2"|' lib/Makefile.in

. "$RECIPE_DIR/build.sh"

# So it is told on activation where its mechanisms are.
mkdir -p "$PREFIX"/etc/conda/{activate,deactivate}.d
echo 'export SASL_PATH="$CONDA_PREFIX/lib/sasl2"' > "$PREFIX/etc/conda/activate.d/cyrus-sasl.sh"
echo 'unset SASL_PATH' > "$PREFIX/etc/conda/deactivate.d/cyrus-sasl.sh"
