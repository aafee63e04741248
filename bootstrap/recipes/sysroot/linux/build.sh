# Sourced by build.sh: the stubs of glibc, for linkers that look for files and for the overlinking check.

# zig makes its stubs in its cache when something is linked, and names them to the linker. What is linked must be
# new, or nothing is linked at all.
# With the flags of what is built later zig makes what that is linked with, too; without them, its checks for undefined
# behaviour and a library of its own that nothing else is linked with, which take four times as long as all of that.
echo "int probe(void) { return $RANDOM$RANDOM; }" > probe.c
flags="-O2 -g0 -fno-sanitize=undefined -s"
ZIG_VERBOSE_LINK=1 zig cc -target "$TARGET" $flags -shared -o libprobe.so probe.c -lc 2> link.txt
libc=$(tr ' ' '\n' < link.txt | grep '/libc\.so\.6$' | tail -n 1)
cache=${libc%/*}
cp "$cache"/lib*.so.* "$sysroot/usr/lib/"

# With symbol tables, which -s leaves out, they would name the place of the cache on this machine.
if grep -lF "$cache" "$sysroot/usr/lib"/lib*.so.*; then
    echo "these name the compiler's cache" >&2
    exit 1
fi

# The loader's stub is named after its linker flag (-lld); programs know it by its real name.
case "$TARGET" in
    x86_64-*) loader=ld-linux-x86-64.so.2 ;;
    aarch64-*) loader=ld-linux-aarch64.so.1 ;;
    powerpc64le-*) loader=ld64.so.2 ;;
esac
mv "$sysroot/usr/lib"/libld.so.* "$sysroot/usr/lib/$loader"
