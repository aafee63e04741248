# Run in the source folder when CMake has installed librdkafka for Windows, by both of its build scripts:
#   cmake -DBUILD=(build folder) -DPREFIX=(%LIBRARY_PREFIX%) -P windows.cmake
# It makes sure of the features, mends what upstream's CMake build installs for its users, and adds the documentation.
file(TO_CMAKE_PATH "${BUILD}" BUILD)
file(TO_CMAKE_PATH "${PREFIX}" PREFIX)

# What is not found is left out in silence, even where it is demanded: a bundled lz4 is taken, say.
foreach(feature ZLIB ZSTD SSL CURL SASL_SCRAM SASL_OAUTHBEARER OAUTHBEARER_OIDC PLUGINS LZ4_EXT)
  file(STRINGS "${BUILD}/generated/config.h" found REGEX "^#define WITH_${feature} 1$")
  if(NOT found)
    message(FATAL_ERROR "librdkafka was configured without WITH_${feature}")
  endif()
endforeach()

# Both pkg-config and CMake would ask a user for the files of every library that librdkafka is linked with: zlib.pc and
# zlib.h, which are in a package that nothing at run time needs, and a FindLZ4.cmake that CMake is not told the place of.
# Who links with a DLL needs none of them. As on the other platforms, so here. And pkg-config takes \ for an escape.
foreach(name rdkafka rdkafka++)
  set(file "${PREFIX}/lib/pkgconfig/${name}.pc")
  file(READ "${file}" text)
  string(REGEX REPLACE "^prefix=[^\n]*" "prefix=${PREFIX}" text "${text}")
  if(name STREQUAL "rdkafka")
    string(REGEX REPLACE "(Requires[.]private:)[^\n]*" "\\1" text "${text}")
  endif()
  file(WRITE "${file}" "${text}")
endforeach()

set(folder "${PREFIX}/lib/cmake/RdKafka")
file(GLOB unwanted "${folder}/RdKafkaTargets*.cmake" "${folder}/FindLZ4.cmake")
file(REMOVE ${unwanted})
file(COPY "${CMAKE_CURRENT_LIST_DIR}/RdKafkaConfig.cmake" DESTINATION "${folder}")
set(VERSION "$ENV{PKG_VERSION}")
configure_file("${CMAKE_CURRENT_LIST_DIR}/RdKafkaConfigVersion.cmake" "${folder}/RdKafkaConfigVersion.cmake" @ONLY)

# Upstream's CMake build installs no documentation; its other one does, to this place.
file(COPY CHANGELOG.md CONFIGURATION.md INTRODUCTION.md LICENSE LICENSES.txt README.md STATISTICS.md
     DESTINATION "${PREFIX}/share/doc/librdkafka")
