/* The meter: what one run may use, what it has used, and why it was stopped.
 *
 * One meter a slot, at a fixed host address, outside the arena: a rule cannot reach it and
 * restoring an image does not touch it.  Limits are sticky: once `stop` is set only the host
 * clears it, whatever the rule catches, and a run is classified by `stop`, never by what
 * lua_pcall returned.
 *
 * Instructions are counted exactly: the count hook fires every CDN_METER_QUANTUM bytecodes
 * and the remainder is read from LuaJIT's own counter, whose place in the global state is
 * found and proved when the slot is made.  Native work is charged in the same unit, so that
 * one number bounds both, and so is what bytecodes do to long strings (operands.h). */
#ifndef CDN_SANDBOX_METER_H
#define CDN_SANDBOX_METER_H

#include <stdbool.h>
#include <stdint.h>

#include <lua.h>

#include "sandbox/numerals.h"

/* Marks a function that may leave by a Lua error (longjmp): it and its callers between it
 * and the protected call hold no lock, cursor or malloc. */
#define CDN_RAISES

/* Bytecodes between two looks at the budget, the deadline and the cancel flag: at most
 * this many, fewer as the deadline comes near and where the run has made strings or tables
 * that a single bytecode takes long over. */
#define CDN_METER_QUANTUM 1000

/* Once a run has made a string that takes more bytes than this, or its image holds one, every
 * bytecode is looked at and charged for the bytes it joins, compares or parses as well. */
#define CDN_METER_LONG_STRING 1280

enum cdn_stop {
    CDN_STOP_NONE,
    CDN_STOP_INSTRUCTIONS,
    CDN_STOP_TIME,
    CDN_STOP_MEMORY,
    CDN_STOP_EDGES,
    CDN_STOP_OUTPUT,
    CDN_STOP_CANCELLED,
    CDN_STOP_NODES,
    CDN_STOP_HOPS
};

/* All set: there is no "unlimited" here. */
struct cdn_budget {
    uint64_t instructions;
    uint64_t memory_bytes; /* beyond the image: arena and scratch together */
    uint64_t edges;
    uint64_t output_bytes;
    uint64_t wall_ns;
    uint64_t nodes; /* of a graph: handed out or expanded */
    uint64_t hops;  /* from where a run begins */
};

struct cdn_meter {
    enum cdn_stop stop;
    uint64_t charged;  /* native work, in instructions */
    uint64_t executed; /* bytecodes of hooks that have fired */
    uint64_t edges;
    uint64_t nodes;
    uint64_t hops;          /* the most that edges were read away from a start */
    uint64_t deadline_ns;   /* absolute, cdn_clock_ns() */
    const uint32_t *cancel; /* or NULL; read with an atomic load */
    struct cdn_budget limit;
    uint32_t unpolled; /* native work since the deadline was last looked at */
    uint32_t
        nesting; /* C calls that may call Lua again (lib_call.c); 0 at a run's start */
    /* where in the rule it was stopped: chunk name and line, "" and 0 if not known */
    char stop_file[64];
    uint32_t stop_line;
};

/* The meter of the slot that L lives in.  A few ns; never fails. */
struct cdn_meter *cdn_meter_of(lua_State *L);

/* Charge `work` instructions of native work.                          [-0, +0, e]
 * Raises the limit if the budget is gone; looks at the deadline and the cancel flag every
 * few thousand. */
CDN_RAISES void cdn_meter_charge(lua_State *L, uint64_t work);

/* Native work that is not charged, since how much it is must not be seen, but during which
 * the clock has to be looked at as often.                               [-0, +0, e] */
CDN_RAISES void cdn_meter_poll(lua_State *L, uint32_t work);

/* At step `step`, from 0, of a walk over a table: a step may take as long as the table's
 * longest chain, and the first walk over all that is left of what was a large table, so each
 * 32nd counts for as much as the largest table that there may be allows.  [-0, +0, e] */
CDN_RAISES void cdn_meter_walk_on(lua_State *L, uint32_t step);
CDN_RAISES static inline void cdn_meter_walk(lua_State *L, uint32_t step)
{
    if (step % 32 == 0)
        cdn_meter_walk_on(L, step);
}
/* A walk of less than 32 steps is over, its first one and its last.       [-0, +0, e] */
CDN_RAISES void cdn_meter_walked(lua_State *L);

/* Charge edges read: counts them against `edges`, and as instructions at one quarter of an
 * instruction each (rounded up), so that a long scan meets the deadline too. [-0, +0, e] */
CDN_RAISES void cdn_meter_charge_edges(lua_State *L, uint64_t edges);

/* How many more edges the budget allows: native code that would read more reads exactly
 * this many and then charges what it wanted. */
uint64_t cdn_meter_edges_left(const struct cdn_meter *meter);

/* Charge nodes handed out or expanded.                                [-0, +0, e] */
CDN_RAISES static inline void
cdn_meter_charge_nodes(lua_State *L, struct cdn_meter *meter, uint64_t nodes);

/* Edges so far away from where the run began are read: stops the run if that is too far.
 *                                                                      [-0, +0, e] */
CDN_RAISES static inline void cdn_meter_reach(lua_State *L, struct cdn_meter *meter,
                                              uint64_t hops);

/* Stop the run: note why and where, and leave by an error that cannot be caught. */
CDN_RAISES _Noreturn void cdn_meter_raise(lua_State *L, enum cdn_stop stop);

CDN_RAISES static inline void cdn_meter_reach(lua_State *L, struct cdn_meter *meter,
                                              uint64_t hops)
{
    if (__builtin_expect(hops > meter->hops, 0)) {
        if (hops > meter->limit.hops)
            cdn_meter_raise(L, CDN_STOP_HOPS);
        meter->hops = hops;
    }
}

CDN_RAISES static inline void
cdn_meter_charge_nodes(lua_State *L, struct cdn_meter *meter, uint64_t nodes)
{
    meter->nodes += nodes;
    if (__builtin_expect(meter->nodes > meter->limit.nodes, 0)) {
        meter->nodes = meter->limit.nodes; /* what is charged here is not had */
        cdn_meter_raise(L, CDN_STOP_NODES);
    }
}

/* Strings that the run may do arithmetic with are pushed, and made of numbers, by these: a
 * numeral that is dear to parse (numerals.h) is noticed, and its parsing then charged.
 *                                                             [-0, +1, e], [-0, +0, e] */
CDN_RAISES static inline void cdn_meter_push_text(lua_State *L, const char *text,
                                                  size_t bytes);
/* As lua_tolstring. */
CDN_RAISES static inline const char *cdn_meter_to_text(lua_State *L, int index,
                                                       size_t *bytes);
/* What they do with the text, if it begins as a numeral does. */
void cdn_meter_look_at(lua_State *L, const char *text, size_t bytes);

static inline void cdn_meter_see_text(lua_State *L, const char *text, size_t bytes)
{
    if (bytes >= CDN_NUMERAL_SHORT && __builtin_expect(cdn_numeral_begins(*text), 0))
        cdn_meter_look_at(L, text, bytes);
}

CDN_RAISES static inline void cdn_meter_push_text(lua_State *L, const char *text,
                                                  size_t bytes)
{
    cdn_meter_see_text(L, text, bytes);
    lua_pushlstring(L, text, bytes);
}

CDN_RAISES static inline const char *cdn_meter_to_text(lua_State *L, int index,
                                                       size_t *bytes)
{
    const char *text = lua_tolstring(L, index, bytes);

    if (text)
        cdn_meter_see_text(L, text, *bytes);
    return text;
}

/* A chunk has been loaded: notice such numerals among its constants. */
void cdn_meter_see_constants(lua_State *L);

/* After any protected call inside the sandbox: leave again if the run is stopped, and look
 * after the hook if it was the hook that there was no room for.            [-0, +0, e] */
CDN_RAISES void cdn_meter_rethrow(lua_State *L);

#endif
