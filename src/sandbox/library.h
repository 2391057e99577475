/* The allow-listed library and the loading of source: all that a rule's Lua can name.
 *
 * Start empty, add rows each with a reason (library.c), freeze.  The tables are read-only
 * to the rule; what stock LuaJIT offers that is unmetered, leaks addresses or can be made
 * to crash is replaced by our own function of the same name and meaning. */
#ifndef CDN_SANDBOX_LIBRARY_H
#define CDN_SANDBOX_LIBRARY_H

#include <stdbool.h>
#include <stddef.h>

#include <lua.h>

#include "sandbox/meter.h"

/* Replace L's globals by the allow-list; called by the image builder before `build`.
 *                                                                       [-0, +0, e] */
CDN_RAISES void cdn_library_open(lua_State *L);

/* The LuaJIT this was compiled for, "LuaJIT 2.1...". */
const char *cdn_library_luajit(void);

/* Leave out of the images that `slot` builds from now on what `source` cannot name: a global
 * whose name is no word of it, a library's function where every mention of the library is
 * `library.name`.  A source that says _G gets everything, and so does NULL.  What a rule does
 * not use is then not copied with every request. */
struct cdn_slot;
void cdn_library_choose(struct cdn_slot *slot, const char *source, size_t bytes);

/* May the source that L's image is built from hold this word?  True where it does, and now
 * and then where it does not.  Whoever leaves out of an image what is not named has to make
 * it when a rule asks for it after all, by a name put together at run time. */
bool cdn_library_named(lua_State *L, const char *word);

/* Check the tokens of `source` and compile it as text, never bytecode; pushes the function.
 * Raises a message with position on any fault.                           [-0, +1, e] */
CDN_RAISES void cdn_library_load(lua_State *L, const char *source, size_t bytes,
                                 const char *file);

/* Make the table at `index` read-only by replacing it with a frozen proxy whose reads cost
 * one table look-up and whose writes raise "<what> is read-only".         [-0, +1, e] */
CDN_RAISES void cdn_library_freeze(lua_State *L, int index, const char *what);

/* Register, in a library table on top of the stack, functions as C closures. */
struct cdn_function {
    const char *name;
    lua_CFunction function;
};
CDN_RAISES void cdn_library_register(lua_State *L,
                                     const struct cdn_function *functions);

/* Is the value at index a function of LuaJIT's own?  Those written in Lua are not C
 * functions, and are not counted as such here.                             [-0, +0, -] */
bool cdn_library_is_stock(lua_State *L, int index);

/* A protected call that neither swallows a limit nor overflows: status as lua_pcall.
 * Raises if the run was stopped.  C nesting is bounded.                 [-(n+1), +r|1, e] */
CDN_RAISES int cdn_protected_call(lua_State *L, int arguments, int results);

/* tostring as rules see it, without addresses; pushes a string.            [-0, +1, e] */
CDN_RAISES void cdn_tostring(lua_State *L, int index);

#endif
