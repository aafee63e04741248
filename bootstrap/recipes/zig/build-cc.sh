#!/bin/bash
. "$RECIPE_DIR/install.sh"

install_program wrapper-cc.sh cc
install_program wrapper-tool.sh ar
install_program wrapper-tool.sh ranlib
install_program wrapper-tool.sh ld
if [ -f "$RECIPE_DIR/$SYSTEM/install.sh" ]; then
    . "$RECIPE_DIR/$SYSTEM/install.sh"
fi
install_activation cc
