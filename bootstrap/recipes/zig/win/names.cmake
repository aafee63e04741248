# Read by CMake after what it knows of GNU compilers for Windows: libraries have the names that they have on
# conda-forge, foo.dll and its import library foo.lib. zig itself looks for foo.lib, and not for libfoo.dll.a.
set(CMAKE_SHARED_LIBRARY_PREFIX "")
set(CMAKE_SHARED_MODULE_PREFIX "")
set(CMAKE_IMPORT_LIBRARY_PREFIX "")
set(CMAKE_IMPORT_LIBRARY_SUFFIX ".lib")
set(CMAKE_FIND_LIBRARY_PREFIXES "" "lib")
set(CMAKE_FIND_LIBRARY_SUFFIXES ".lib")
