#!/bin/bash
. "$RECIPE_DIR/install.sh"

install_program wrapper-cc.sh cc
install_program wrapper-tool.sh ar
install_program wrapper-tool.sh ranlib
install_program wrapper-tool.sh ld
install_activation cc
