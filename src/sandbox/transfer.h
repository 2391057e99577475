/* Values across the wall: Lua to msgpack and back.
 *
 * Out: depth, size and count are bounded, cycles, functions, coroutines, userdata, NaN keys,
 * metatables and non-finite numbers where the caller asks are refused by name with a path
 * ("output.rows[3].id: a function cannot leave the sandbox").  Map keys are written in
 * order: integers ascending, then strings in byte order.  A table is an array if its keys
 * are exactly 1..n with n > 0; an empty table is an array unless `hint` says map. */
#ifndef CDN_SANDBOX_TRANSFER_H
#define CDN_SANDBOX_TRANSFER_H

#include <stdbool.h>

#include <lua.h>

#include "base/pack.h"
#include "sandbox/meter.h"

/* A frozen table (library.h) is written as what it stands for.  The packed bytes are held to
 * the run's output budget. */

/* Writes what a light userdata stands for (a node handle) as some value; false: refuse. */
typedef bool (*cdn_transfer_handle)(lua_State *L, int index, struct cdn_packer *out);

/* Push the value at *at as Lua data and step past it.  The bytes must have been checked by
 * cordon_value_parse.  Integers beyond +-2^53 are pushed as strings.  Map keys have to be
 * strings or numbers, which is an error of the caller's input otherwise.  Charged.
 *                                                                          [-0,+1,e] */
CDN_RAISES void cdn_transfer_push(lua_State *L, const unsigned char **at,
                                  const unsigned char *end);

struct cdn_transfer {
    struct cdn_packer *out;
    cdn_transfer_handle handle; /* may be NULL: handles are refused */
    const char *root;  /* how the value is called in messages, such as "output" */
    bool empty_is_map; /* what an empty table at the root is written as */
    bool finite;       /* refuse infinities and NaN */
    bool own_limit;    /* held to the room in `out`, not to the run's output budget */
    int around;        /* how many arrays and maps the value will lie in: they count */
    uint64_t limit;    /* bytes in `out` past which the run stops; set by the call */
    char error[256];   /* why it was refused */
};

/* Encode the value at index.  Charged.  False: refused, see error, nothing raised for it.
 * Raises limits only.                                                     [-0, +0, e] */
CDN_RAISES bool cdn_transfer_encode(lua_State *L, int index,
                                    struct cdn_transfer *transfer);

#endif
