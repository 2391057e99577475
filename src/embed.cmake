# Files that a program carries: a C file with their bytes (base/embedded.h).
#
#   cordon_embed(<table> <root> <file>...)   in a CMakeLists.txt; the files are relative to the
#                                            root, and are found under these names in the table
#                                            cdn_embedded_<table>; add
#                                            ${CMAKE_CURRENT_BINARY_DIR}/embedded_<table>.c
#                                            to the sources
#
# The same file, run as a script, is what writes it:
#
#   cmake -DOUT=embedded.c -DTABLE=cdn_embedded_new -DROOT=DIR -DFILES=a,b -P embed.cmake
if(NOT CMAKE_SCRIPT_MODE_FILE)
  function(cordon_embed table root)
    list(JOIN ARGN "," joined)
    list(TRANSFORM ARGN PREPEND ${root}/ OUTPUT_VARIABLE paths)
    set(out ${CMAKE_CURRENT_BINARY_DIR}/embedded_${table}.c)
    set(script ${PROJECT_SOURCE_DIR}/src/embed.cmake)
    add_custom_command(OUTPUT ${out}
      COMMAND ${CMAKE_COMMAND} -DOUT=${out} -DTABLE=cdn_embedded_${table} -DROOT=${root}
        -DFILES=${joined} -P ${script}
      DEPENDS ${paths} ${script} VERBATIM)
  endfunction()
  return()
endif()

string(REPLACE "," ";" files "${FILES}")
set(arrays "")
set(rows "")
set(number 0)
foreach(file IN LISTS files)
  file(READ "${ROOT}/${file}" bytes HEX)
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
  string(REGEX REPLACE "(................................................................................)"
    "\\1\n" bytes "${bytes}")
  string(APPEND arrays "static const unsigned char file_${number}[] = {\n${bytes}0};\n")
  string(APPEND rows "    {\"${file}\", file_${number}, sizeof file_${number} - 1},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE "${OUT}" "#include \"base/embedded.h\"\n\n${arrays}\n"
  "extern const struct cdn_embedded ${TABLE}[];\nextern const size_t ${TABLE}_count;\n"
  "const struct cdn_embedded ${TABLE}[] = {\n${rows}};\n"
  "const size_t ${TABLE}_count = ${number};\n")
