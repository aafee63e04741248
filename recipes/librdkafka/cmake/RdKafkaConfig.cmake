# For find_package(RdKafka): the targets that upstream's CMake build installs, whichever way the library was built. They
# ask for no other package; places are relative to this file, so that it holds wherever the prefix is.
get_filename_component(_rdkafka_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
foreach(_rdkafka_name rdkafka rdkafka++)
  if(NOT TARGET RdKafka::${_rdkafka_name})
    find_library(_rdkafka_file NAMES ${_rdkafka_name} PATHS "${_rdkafka_prefix}/lib" NO_DEFAULT_PATH
                 NO_CMAKE_FIND_ROOT_PATH NO_CACHE REQUIRED)
    add_library(RdKafka::${_rdkafka_name} SHARED IMPORTED)
    set_target_properties(RdKafka::${_rdkafka_name} PROPERTIES
      IMPORTED_LOCATION "${_rdkafka_file}"
      INTERFACE_INCLUDE_DIRECTORIES "${_rdkafka_prefix}/include")
    if(WIN32)
      set_target_properties(RdKafka::${_rdkafka_name} PROPERTIES
        IMPORTED_IMPLIB "${_rdkafka_file}"
        IMPORTED_LOCATION "${_rdkafka_prefix}/bin/${_rdkafka_name}.dll")
    endif()
    unset(_rdkafka_file)
  endif()
endforeach()
set_property(TARGET RdKafka::rdkafka++ PROPERTY INTERFACE_LINK_LIBRARIES RdKafka::rdkafka)
unset(_rdkafka_name)
unset(_rdkafka_prefix)
