/* What slot.c, image.c and meter.c know of a slot.  Not for other files. */
#ifndef CDN_SANDBOX_STATE_H
#define CDN_SANDBOX_STATE_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lua.h>

#include "sandbox/arena.h"
#include "sandbox/difference.h"
#include "sandbox/meter.h"
#include "sandbox/operands.h"
#include "sandbox/slot.h"
#include "sandbox/strings.h"

#define CDN_SLOT_MESSAGE_BYTES 1024
#define CDN_SLOT_FILE_BYTES    128

/* What one bytecode can reach, which bounds how long it can take: the bytes of the longest
 * string so far in a run, and of the largest block of any other kind (a table's parts, a
 * stack), and what is parsed at the worst.  They only grow. */
struct cdn_reach {
    size_t string;
    size_t other;
    bool numeral; /* a text that is dear to parse has been there */
};

/* Blocks of which it is not known yet what they are. */
#define CDN_SLOT_UNKNOWN 8

/* Words of a fresh state that LuaJIT fills from the system's noise, at the most. */
#define CDN_SLOT_NOISE 8

struct cdn_image {
    struct cdn_slot *slot;
    uint64_t serial; /* of the slot's images, from 1 */
    lua_State *L;
    size_t live; /* bytes in use, rounded up to their classes */
    size_t bytes;
    struct cdn_reach reach; /* what loading made */
    struct cdn_difference
        difference; /* its bytes; what is its own lies behind this struct */
    size_t room;    /* of the heap's, struct and all */
};

struct cdn_slot {
    struct cdn_meter meter;
    lua_State *L;     /* the main thread of what is in the arena */
    int32_t *counter; /* {bytecodes until the hook fires, what it starts again from} */
    int32_t armed;    /* what the countdown began with */
    bool exact;   /* counter is LuaJIT's own; else `standin`, and whole quanta count */
    bool collect; /* the hook is to collect garbage */
    bool loading; /* an image is being built: allocations look at the clock as well */
    struct cdn_strings strings;
    struct cdn_reach reach;
    uint64_t worst_ns; /* what one bytecode may take, by reach */
    int32_t stride;    /* bytecodes until the clock has to be looked at again */
    bool single; /* every bytecode is looked at: what a string may cost (meter.c) */
    int32_t unlooked; /* bytecodes since the clock was looked at, while single */
    struct cdn_operands operands;
    uint32_t unknown_count;
    struct {
        const unsigned char *block;
        size_t bytes;
    } unknown[CDN_SLOT_UNKNOWN];
    uint32_t allocations; /* while loading, since the clock was last looked at */
    uint64_t known_ns;    /* cdn_slot_know_time(); 0: nothing is known */
    bool panic_armed;
    int32_t standin[2];
    size_t counter_offset; /* of LuaJIT's, from the arena's base */
    bool creating;         /* lua_newstate is at work */
    size_t first_block;    /* bytes that it asked for first: the global state's */
    uint32_t noise_count;
    uint32_t noise[CDN_SLOT_NOISE]; /* which of its words it fills with noise */
    struct cdn_arena arena;
    size_t live_base;  /* live bytes that do not count: the image's */
    size_t live_limit; /* arena live + scratch may be at most this */
    unsigned char *scratch;
    size_t scratch_span; /* its use is arena.extra */
#ifdef CDN_ASAN
    size_t scratch_opened; /* from here on all of it is poisoned */
#endif
    void *host;
    struct cordon_trace *trace; /* of the run; NULL: none */
    bool trace_off;             /* while the Lua stack is nearly full */
    bool trace_spent;           /* for the rest of the run: it has taken all it may */
    uint64_t trace_ns;          /* what that has taken and does not count */
    uint64_t random;
    struct cdn_slot_config config;
    struct cdn_library_choice library;
    lua_CFunction stock[CDN_LIBRARY_STOCK];
    uint64_t serials; /* images built so far */
    size_t held;      /* heap bytes of those that there are, their bases not counted */
    struct cdn_bases bases;
    uint64_t restored;  /* serial of the image that dirtied the arena last; 0: none */
    size_t dirty_end;   /* the arena is zero from here on, but for the run going on */
    size_t touched_end; /* the highest dirty_end has ever been */
    struct cdn_slot_watch watch;
    jmp_buf panic;
    uint32_t message_line;
    char message_file[CDN_SLOT_FILE_BYTES];
    char message[CDN_SLOT_MESSAGE_BYTES];
};

/* ---- meter.c ---- */

/* Find and prove LuaJIT's own countdown with a trial state.  False: no memory. */
bool cdn_meter_calibrate(struct cdn_slot *slot);

/* Start counting for the state in the arena, whose hook is armed with a whole quantum and
 * in which bytecodes reach as far as slot->reach says.  True if the run may begin; else the
 * meter says why not. */
bool cdn_meter_begin(struct cdn_slot *slot, const struct cdn_budget *budget,
                     uint64_t deadline_ns, const uint32_t *cancel);
/* After the call: bring `executed` up to date. */
void cdn_meter_end(struct cdn_slot *slot);
/* Set the hook of a fresh state, a whole quantum away. */
void cdn_meter_hook(struct cdn_slot *slot);

/* ---- slot.c ---- */

/* Prove by a trial state that cdn_slot_of() may read it where it stands.   [-0, +0, m] */
CDN_RAISES void cdn_slot_prove_owner(struct cdn_slot *slot, lua_State *L);

/* A fresh state in the cleared arena, its panic function set, the JIT off.  NULL: no
 * room. */
lua_State *cdn_slot_state(struct cdn_slot *slot);

/* The arena may hold `limit` live bytes from now on; garbage is collected before that.
 */
void cdn_slot_limit(struct cdn_slot *slot, size_t base, size_t limit);
/* Set when the collector starts by itself, from what is live now. */
void cdn_slot_pace(struct cdn_slot *slot, lua_State *L);

/* Run `call`, which makes exactly one protected call, so that even a panic comes back:
 * as LUA_ERRMEM. */
int cdn_slot_protect(struct cdn_slot *slot,
                     int (*call)(struct cdn_slot *slot, void *ud), void *ud);
/* What the protected call's status means; takes the message off the stack's top. */
enum cdn_run cdn_slot_classify(struct cdn_slot *slot, int status);

#endif
