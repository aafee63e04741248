#!/bin/sh
# The C or C++ compiler: zig cc or zig c++, for one processor and the oldest macOS that is compiled for. Its linker does
# not know all options of Apple's: what build systems for macOS say is put here in zig's words.
here=${0%/*}
read -r target < "$here/../@TRIPLET@/sysroot/etc/zig-target"

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

# three VERSION: with all three parts, which Apple's linker does not insist on.
three() {
    case $1 in
        *.*.*) echo "$1" ;;
        *.*) echo "$1.0" ;;
        *) echo "$1.0.0" ;;
    esac
}

library='' named='' output='' before='' remaining=$#
while [ "$remaining" -gt 0 ]; do
    word=$1
    shift
    remaining=$((remaining - 1))
    case $before in
        -compatibility_version | -current_version) word=-Wl,$before,$(three "$word") ;;
        -o) output=$word ;;
        -exported_symbols_list | -dylib_file) before='' && continue ;;
    esac
    before=$word
    case $word in
        # Zig links no bundles: see the end.
        -bundle | -dynamiclib | -shared) library=yes word=-dynamiclib ;;
        -compatibility_version | -current_version) continue ;;
        -Wl,-compatibility_version,* | -Wl,-current_version,*) word=${word%,*},$(three "${word##*,}") ;;
        -install_name | -Wl,-install_name,*) named=yes ;;
        -dead_strip) word=-Wl,-dead_strip ;;
        # All symbols stay visible, and nothing is bound when it is loaded; otherwise these change nothing.
        -exported_symbols_list | -dylib_file | -single_module | -Wl,-single_module | -dynamic) continue ;;
        -bind_at_load | -Wl,-bind_at_load | -search_paths_first | -Wl,-search_paths_first) continue ;;
        # Options of GNU's linker, by which configure scripts tell the two apart. Apple's refuses them; zig takes them.
        -Wl,-soname* | -Wl,--version-script* | -Wl,-h,*) echo "ld: unknown option: ${word#-Wl,}" >&2; exit 1 ;;
    esac
    set -- "$@" "$word"
done
# Zig names a library that nobody has named after its place on this machine.
if [ -n "$library" ] && [ -z "$named" ]; then
    set -- "$@" "-Wl,-install_name,@rpath/${output##*/}"
fi

# No debug information and no path of the build machine, whatever flags a build system makes up; and without zig's
# default checks for undefined behaviour, which other compilers have only on demand.
set -- zig $language -target "$target" -g0 -fno-sanitize=undefined \
    ${SRC_DIR:+"-ffile-prefix-map=$SRC_DIR=."} ${PREFIX:+"-ffile-prefix-map=$PREFIX=/usr/local/src/conda-prefix"} \
    "$@"

# Libraries are called *.dylib on macOS, and *.so are bundles, which have no name of their own.
case $library,$output in
    yes,*.so) "$@" && exec macho-bundle "$output" ;;
    *) exec "$@" ;;
esac
