# Sourced by build.sh: the stubs of glibc, for linkers that look for files and for the overlinking check.

# zig makes its stubs in its cache when something is linked, and names them to the linker. What is linked must be
# new, or nothing is linked at all.
echo "int probe(void) { return $RANDOM$RANDOM; }" > probe.c
ZIG_VERBOSE_LINK=1 zig cc -target "$TARGET" -shared -o libprobe.so probe.c -lc 2> link.txt
libc=$(tr ' ' '\n' < link.txt | grep '/libc\.so\.6$' | tail -n 1)
cache=${libc%/*}
cp "$cache"/lib*.so.* "$sysroot/usr/lib/"

# Their symbol tables name the place of the cache on this machine; as many other letters do as well.
LC_ALL=C sed -i "s|$cache|$(printf '%*s' "${#cache}" '' | tr ' ' x)|g" "$sysroot/usr/lib"/lib*.so.*

# The loader's stub is named after its linker flag (-lld); programs know it by its real name.
case "$TARGET" in
    x86_64-*) loader=ld-linux-x86-64.so.2 ;;
    aarch64-*) loader=ld-linux-aarch64.so.1 ;;
    powerpc64le-*) loader=ld64.so.2 ;;
esac
mv "$sysroot/usr/lib"/libld.so.* "$sysroot/usr/lib/$loader"
