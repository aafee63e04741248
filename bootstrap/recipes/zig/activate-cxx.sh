# Sourced when a build environment is activated; sets what conda-forge's C++ compiler sets.
export CXX="$CONDA_PREFIX/bin/@TRIPLET@-c++" GXX="$CONDA_PREFIX/bin/@TRIPLET@-c++"
if [ @TRIPLET@ = @BUILD_TRIPLET@ ]; then
    export CXX_FOR_BUILD="$CXX"
else
    export CXX_FOR_BUILD="zig c++ -fno-sanitize=undefined"
fi
export CXXFLAGS="-O2 -fPIC -ffunction-sections -fdata-sections -pipe ${PREFIX:+-isystem $PREFIX/include}"
case @TARGET_PLATFORM@ in
    win-*) CXXFLAGS="-O2 -ffunction-sections -fdata-sections -pipe ${PREFIX:+-isystem $PREFIX/Library/include}" ;;
esac
