# Writes a C file with the bytes of other files in it, so that the command carries them.
#
#   cmake -DOUT=embedded.c -DTABLE=cdn_embedded_new -DROOT=DIR -DFILES=a,b -P embed.cmake
#
# FILES are relative to ROOT, and are found under these names in the table (project/embedded.h).
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
file(WRITE "${OUT}" "#include \"cli/project/embedded.h\"\n\n${arrays}\n"
  "const struct cdn_embedded ${TABLE}[] = {\n${rows}};\n"
  "const size_t ${TABLE}_count = ${number};\n")
