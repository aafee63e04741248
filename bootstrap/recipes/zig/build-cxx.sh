#!/bin/bash
. "$RECIPE_DIR/install.sh"

install_program wrapper-cc.sh c++
install_activation cxx
