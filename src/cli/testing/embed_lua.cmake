# cmake -DFROM=test.lua -DTO=prelude.c -P embed_lua.cmake
#
# Trusted Lua as a C array, in one line: comments, which stand on lines of their own there, are
# left out, and newlines become blanks.  Written only where it changed.
file(READ ${FROM} text)
string(REGEX REPLACE "(^|\n)[ \t]*--[^\n]*" "\\1" text "${text}")
string(REGEX REPLACE "[ \t]*\n[ \t\n]*" " " text "${text}")
string(HEX "${text}" hex)
string(LENGTH "${hex}" digits)
math(EXPR bytes "${digits} / 2")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," hex "${hex}")
string(REGEX REPLACE "(................................................................................)" "\\1\n"
  hex "${hex}")
file(WRITE ${TO} "/* Made of lua/test.lua by embed_lua.cmake. */
#include \"cli/testing/harness.h\"

const char cdn_test_prelude[] = {
${hex}0};
const size_t cdn_test_prelude_bytes = ${bytes};
")
