# Sourced when a build environment is activated; sets what conda-forge's C++ compiler sets.
export CXX="$CONDA_PREFIX/bin/@TRIPLET@-c++"
export CXX_FOR_BUILD="$CXX" GXX="$CXX"
export CXXFLAGS="-O2 -fPIC -ffunction-sections -fdata-sections -pipe ${PREFIX:+-isystem $PREFIX/include}"
