# Sourced when a build environment is activated; sets what conda-forge's C compiler sets.
_bin="$CONDA_PREFIX/bin/@TRIPLET@"

export HOST=@TRIPLET@ host_alias=@TRIPLET@
export CC="$_bin-cc" CPP="$_bin-cc -E" AR="$_bin-ar" RANLIB="$_bin-ranlib" LD="$_bin-ld"
export CC_FOR_BUILD="$CC" GCC="$CC"
export CONDA_BUILD_SYSROOT="$CONDA_PREFIX/@TRIPLET@/sysroot"
export CPPFLAGS="-DNDEBUG -O2 ${PREFIX:+-isystem $PREFIX/include}"
export CFLAGS="-O2 -fPIC -ffunction-sections -fdata-sections -pipe ${PREFIX:+-isystem $PREFIX/include}"
# GNU ld passes over symbols of a version script that do not exist; lld wants to be told to.
export LDFLAGS="-s -Wl,--as-needed -Wl,-z,relro -Wl,-z,now -Wl,--gc-sections -Wl,--undefined-version"
if [ -n "${PREFIX:-}" ]; then
    LDFLAGS="$LDFLAGS -Wl,-rpath,$PREFIX/lib -L$PREFIX/lib"
fi

export CMAKE_ARGS="-DCMAKE_AR=$AR -DCMAKE_RANLIB=$RANLIB -DCMAKE_LINKER=$LD -DCMAKE_BUILD_TYPE=Release"
if [ "${CONDA_BUILD:-0}" = 1 ]; then
    CMAKE_ARGS="$CMAKE_ARGS -DCMAKE_FIND_ROOT_PATH=$PREFIX;$CONDA_BUILD_SYSROOT"
    CMAKE_ARGS="$CMAKE_ARGS -DCMAKE_FIND_ROOT_PATH_MODE_PROGRAM=NEVER -DCMAKE_FIND_ROOT_PATH_MODE_LIBRARY=ONLY"
    CMAKE_ARGS="$CMAKE_ARGS -DCMAKE_FIND_ROOT_PATH_MODE_INCLUDE=ONLY"
    CMAKE_ARGS="$CMAKE_ARGS -DCMAKE_INSTALL_PREFIX=$PREFIX -DCMAKE_INSTALL_LIBDIR=lib"
    CMAKE_ARGS="$CMAKE_ARGS -DCMAKE_PROGRAM_PATH=$BUILD_PREFIX/bin;$PREFIX/bin"
fi
unset _bin
