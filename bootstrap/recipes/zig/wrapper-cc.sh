#!/bin/sh
# The C or C++ compiler: zig cc or zig c++, for one target and one glibc.
here=${0%/*}
read -r target < "$here/../@TRIPLET@/sysroot/etc/zig-target"

# zig's target has the glibc's version in it, which its clang does not read when it is only asked about itself.
case $*,$1 in
    -dumpmachine,*) echo "@TRIPLET@"; exit ;;
    -print-prog-name=*,*) echo "@TRIPLET@-${1#*=}"; exit ;;
    -print-search-dirs,*) printf 'libraries: =%s\n' "$here/../@TRIPLET@/sysroot/usr/lib"; exit ;;
    -print-file-name=*,*) echo "${1#*=}"; exit ;;
    --version,* | -v,* | -V,*) exec zig cc "$1" ;;
esac

case $0 in
    *c++) language=c++ ;;
    *) language=cc ;;
esac

# No debug information and no path of the build machine, whatever flags a build system makes up; and without zig's
# default checks for undefined behaviour, which other compilers have only on demand.
exec zig $language -target "$target" -g0 -fno-sanitize=undefined \
    ${SRC_DIR:+"-ffile-prefix-map=$SRC_DIR=."} ${PREFIX:+"-ffile-prefix-map=$PREFIX=/usr/local/src/conda-prefix"} \
    "$@"
