# The library, shared and static, from the layers base .. engine.
#
# The objects are compiled once and go into both.  Their dependencies are named here and
# not inherited from the layers: an installed static library must name what its users link,
# and the layers' own targets are not installed.
set(core "")
foreach(layer IN ITEMS base snapshot sandbox graph rule isolation engine)
  if(TARGET cdn_${layer})
    list(APPEND core $<TARGET_OBJECTS:cdn_${layer}>)
  endif()
endforeach()

add_library(cordon SHARED ${core})
add_library(cordon_static STATIC ${core})
add_library(cordon::cordon ALIAS cordon)
add_library(cordon::cordon_static ALIAS cordon_static)
foreach(library IN ITEMS cordon cordon_static)
  set_target_properties(${library} PROPERTIES OUTPUT_NAME cordon LINKER_LANGUAGE C)
  target_include_directories(${library} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(${library} PRIVATE
    PkgConfig::LUAJIT PkgConfig::LMDB PkgConfig::MSGPACK PkgConfig::XXHASH
    PkgConfig::SODIUM Threads::Threads m $<BUILD_INTERFACE:cordon_options>)
endforeach()

# The soname is the major version.  The script repeats what hidden visibility says already,
# so that a symbol of an object compiled otherwise cannot slip out.
set_target_properties(cordon PROPERTIES
  VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}
  LINK_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/cordon.map)
target_link_options(cordon PRIVATE
  LINKER:--version-script=${CMAKE_CURRENT_SOURCE_DIR}/cordon.map)
if(NOT CORDON_SANITIZE)
  # A sanitizer's runtime is found in the program, not in the library.
  target_link_options(cordon PRIVATE LINKER:--no-undefined)
endif()

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/cordon)
install(TARGETS cordon cordon_static EXPORT cordon-targets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
install(EXPORT cordon-targets NAMESPACE cordon:: DESTINATION ${package})
configure_package_config_file(cordon-config.cmake.in
  ${PROJECT_BINARY_DIR}/cordon-config.cmake INSTALL_DESTINATION ${package})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/cordon-config-version.cmake
  COMPATIBILITY SameMajorVersion)
install(FILES ${PROJECT_BINARY_DIR}/cordon-config.cmake
  ${PROJECT_BINARY_DIR}/cordon-config-version.cmake DESTINATION ${package})

# The .pc file finds its prefix from its own place, so that an installed tree may be moved
# and DESTDIR installs need no rewriting.
file(RELATIVE_PATH CORDON_PC_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" CORDON_PC_PREFIX "${CORDON_PC_PREFIX}")
if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}")
  set(CORDON_PC_PREFIX_LINE "prefix=${CMAKE_INSTALL_PREFIX}")
  set(CORDON_PC_LIBDIR "${CMAKE_INSTALL_LIBDIR}")
else()
  set(CORDON_PC_PREFIX_LINE "prefix=\${pcfiledir}/${CORDON_PC_PREFIX}")
  set(CORDON_PC_LIBDIR "\${prefix}/${CMAKE_INSTALL_LIBDIR}")
endif()
if(IS_ABSOLUTE "${CMAKE_INSTALL_INCLUDEDIR}")
  set(CORDON_PC_INCLUDEDIR "${CMAKE_INSTALL_INCLUDEDIR}")
else()
  set(CORDON_PC_INCLUDEDIR "\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}")
endif()
configure_file(cordon.pc.in ${PROJECT_BINARY_DIR}/cordon.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/cordon.pc
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
