# For find_package(RdKafka): the targets that upstream's CMake build installs, whichever way the library was built. They
# ask for no other package and no language; places are relative to this file, so that it holds wherever the prefix is.
#
# The first of these two versions is the oldest CMake that this file is for; by the second, newer ones do not warn.
cmake_policy(PUSH)
cmake_policy(VERSION 3.6...4.0)

get_filename_component(_rdkafka_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
foreach(_rdkafka_name rdkafka rdkafka++)
  if(NOT TARGET RdKafka::${_rdkafka_name})
    add_library(RdKafka::${_rdkafka_name} SHARED IMPORTED)
    set_property(TARGET RdKafka::${_rdkafka_name} PROPERTY INTERFACE_INCLUDE_DIRECTORIES "${_rdkafka_prefix}/include")
    # By name, not by find_library(): before CMake 3.21 what that finds is kept for the next library, too.
    if(EXISTS "${_rdkafka_prefix}/lib/${_rdkafka_name}.lib")
      set(_rdkafka_file "${_rdkafka_prefix}/bin/${_rdkafka_name}.dll")
      set_property(TARGET RdKafka::${_rdkafka_name} PROPERTY
        IMPORTED_IMPLIB "${_rdkafka_prefix}/lib/${_rdkafka_name}.lib")
    elseif(EXISTS "${_rdkafka_prefix}/lib/lib${_rdkafka_name}.dylib")
      set(_rdkafka_file "${_rdkafka_prefix}/lib/lib${_rdkafka_name}.dylib")
      # else CMake would have to read it out of the file to know that a program needs an rpath
      set_property(TARGET RdKafka::${_rdkafka_name} PROPERTY IMPORTED_SONAME "@rpath/lib${_rdkafka_name}.1.dylib")
    else()
      set(_rdkafka_file "${_rdkafka_prefix}/lib/lib${_rdkafka_name}.so")
      set_property(TARGET RdKafka::${_rdkafka_name} PROPERTY IMPORTED_SONAME "lib${_rdkafka_name}.so.1")
    endif()
    set_property(TARGET RdKafka::${_rdkafka_name} PROPERTY IMPORTED_LOCATION "${_rdkafka_file}")
    if(NOT EXISTS "${_rdkafka_file}")
      set(RdKafka_FOUND FALSE)
      set(RdKafka_NOT_FOUND_MESSAGE "${_rdkafka_file}, which this file is for, is not there")
    endif()
    unset(_rdkafka_file)
  endif()
endforeach()
set_property(TARGET RdKafka::rdkafka++ PROPERTY INTERFACE_LINK_LIBRARIES RdKafka::rdkafka)
unset(_rdkafka_prefix)
cmake_policy(POP)
