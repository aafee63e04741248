# Sourced when a build environment is activated; sets what conda-forge's C compiler sets. What the linker is told, and
# what CMake is told of the system, comes from the part of the target's system, which follows below.
_bin="$CONDA_PREFIX/bin/@TRIPLET@"

export HOST=@TRIPLET@ host_alias=@TRIPLET@
export BUILD=@BUILD_TRIPLET@ build_alias=@BUILD_TRIPLET@
export CC="$_bin-cc" CPP="$_bin-cc -E" AR="$_bin-ar" RANLIB="$_bin-ranlib" LD="$_bin-ld"
export GCC="$CC"
if [ "$HOST" = "$BUILD" ]; then
    export CC_FOR_BUILD="$CC"
else
    export CC_FOR_BUILD="zig cc -fno-sanitize=undefined"
fi
export CONDA_BUILD_SYSROOT="$CONDA_PREFIX/@TRIPLET@/sysroot"

# Where a prefix has its headers and libraries: $PREFIX, on Windows $PREFIX/Library.
case @TARGET_PLATFORM@ in
    win-*) _library="${PREFIX:+$PREFIX/Library}" ;;
    *) _library="${PREFIX:-}" ;;
esac
export CPPFLAGS="-DNDEBUG -O2 ${_library:+-isystem $_library/include}"
export CFLAGS="-O2 -fPIC -ffunction-sections -fdata-sections -pipe ${_library:+-isystem $_library/include}"

export CMAKE_ARGS="-DCMAKE_AR=$AR -DCMAKE_RANLIB=$RANLIB -DCMAKE_LINKER=$LD -DCMAKE_BUILD_TYPE=Release"
if [ "${CONDA_BUILD:-0}" = 1 ]; then
    CMAKE_ARGS="$CMAKE_ARGS -DCMAKE_FIND_ROOT_PATH=$_library;$CONDA_BUILD_SYSROOT"
    CMAKE_ARGS="$CMAKE_ARGS -DCMAKE_FIND_ROOT_PATH_MODE_PROGRAM=NEVER -DCMAKE_FIND_ROOT_PATH_MODE_LIBRARY=ONLY"
    CMAKE_ARGS="$CMAKE_ARGS -DCMAKE_FIND_ROOT_PATH_MODE_INCLUDE=ONLY"
    CMAKE_ARGS="$CMAKE_ARGS -DCMAKE_INSTALL_PREFIX=$_library -DCMAKE_INSTALL_LIBDIR=lib"
    CMAKE_ARGS="$CMAKE_ARGS -DCMAKE_PROGRAM_PATH=$BUILD_PREFIX/bin;$PREFIX/bin"
fi
