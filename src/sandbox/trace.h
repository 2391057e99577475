/* Tracing a run: the inside of a cordon_trace, and who writes into it.
 *
 * LuaJIT's line hook tells of every line that is begun (meter.c, whose count it does not
 * touch), the layer above of what it reads.  The notebook is one block of the size the caller
 * allowed, cut into arrays when a text is traced for the first time; a run allocates nothing,
 * and what does not fit is counted.
 *
 * A line event costs some 100 ns, and as much again for the locals of its function.  Nothing
 * here raises, charges, or allocates in the arena: hook functions have room for 20 values on
 * the Lua stack, and no more is used. */
#ifndef CDN_SANDBOX_TRACE_H
#define CDN_SANDBOX_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lua.h>

#include <cordon/trace.h>

#include "base/error.h"
#include "base/hash.h"

#define CDN_TRACE_CALLS  16 /* functions under way that are told apart */
#define CDN_TRACE_LOCALS 40 /* of each, from the first */

/* What the layer above knows of its own values and work; any may be NULL. */
struct cdn_trace_host {
    void *ud;
    /* Time spent natively since the run began. */
    uint64_t (*native_ns)(void *ud);
    /* Write what stands at index for a reader, at most `size` bytes with the closing zero, and
     * say what it is called ("node"); NULL: it is nothing of this layer's.  Neither raises nor
     * leaves anything on the stack. */
    const char *(*describe)(void *ud, lua_State *L, int index, char *out, size_t size);
};

/* What a run has used so far. */
struct cdn_trace_cost {
    uint64_t instructions, edges, nodes;
};

/* A local as it was last seen: its name's address, and what it held, as a number that is
 * another one for another value. */
struct cdn_trace_local {
    const char *name;
    uint64_t held;
};

/* A call of a Lua function, by where its frame lies on which stack. */
struct cdn_trace_call {
    const lua_State *L;
    const void *function;
    int frame;
    uint32_t serial;
    uint32_t line; /* the last one that it began */
    uint32_t step;
    uint32_t room; /* which of trace->locals are its own */
    uint32_t known;
};

struct cordon_trace {
    uint32_t busy; /* atomic: an evaluation fills it */
    bool counts_only;
    unsigned char *block;
    size_t bytes;
    cordon_trace_summary summary;
    char hash[2 * CDN_CONTENT_HASH_BYTES + 1];
    /* by line, 0 to line_room - 1 */
    cordon_trace_line *lines;
    uint32_t *first; /* of a line's jumps: number + 1; 0: it has none */
    uint32_t line_room;
    cordon_trace_jump *jumps;
    uint32_t *next; /* by jump: the next one from the same line, number + 1 */
    uint32_t jump_count, jump_room;
    /* of the last run */
    cordon_trace_step *steps;
    cordon_trace_value *values;
    cordon_trace_read *reads;
    char *text;
    uint32_t step_count, step_room, value_count, value_room, read_count, read_room;
    size_t text_length, text_room;
    /* the run under way */
    struct cdn_trace_host host;
    struct cdn_trace_cost settled; /* what is put down to a line already */
    uint64_t settled_ns;
    cordon_trace_read *open;
    uint64_t open_edges; /* read before it */
    uint32_t line, step;
    uint32_t serial, last;      /* of calls: given out so far; whose line ran last */
    uint32_t call_count, rooms; /* rooms: a bit for each that is taken */
    struct cdn_trace_call calls[CDN_TRACE_CALLS];
    struct cdn_trace_local locals[CDN_TRACE_CALLS][CDN_TRACE_LOCALS];
};

/* A step, value or read that there was no room for has this number. */
#define CDN_TRACE_NO_STEP UINT32_MAX

/* ---- trace.c ---- */

/* A run of the text with that hash begins; what its last one left goes, and of another text
 * all.  What `host` leads to is borrowed until cdn_trace_end().  False: another evaluation fills it. */
bool cdn_trace_begin(cordon_trace *trace,
                     const unsigned char hash[CDN_CONTENT_HASH_BYTES],
                     const char *source, size_t bytes,
                     const struct cdn_trace_host *host);
/* The same in two parts, for a run that is somewhere else: claimed, so that no other evaluation
 * fills it, and started once the run is known to have begun.  It is ended in either case. */
bool cdn_trace_claim(cordon_trace *trace);
void cdn_trace_start(cordon_trace *trace,
                     const unsigned char hash[CDN_CONTENT_HASH_BYTES],
                     const char *source, size_t bytes,
                     const struct cdn_trace_host *host);
/* It is over, having used so much; NULL: what it used is put down to its lines already. */
void cdn_trace_end(cordon_trace *trace, const struct cdn_trace_cost *used);

/* Of its options, as they are in force: another one made with so many has the same room. */
uint64_t cdn_trace_memory_bytes(const cordon_trace *trace);

/* Put down to the current line what was used since the last time. */
void cdn_trace_settle(cordon_trace *trace, const struct cdn_trace_cost *used);
/* A line begins: count it, and note the step. */
void cdn_trace_begin_line(cordon_trace *trace, uint32_t line, uint32_t depth);
void cdn_trace_jump(cordon_trace *trace, uint32_t from, uint32_t to);
void cdn_trace_add_jump(cordon_trace *trace, uint32_t from, uint32_t to,
                        uint64_t count);
/* The number of a step that is added; CDN_TRACE_NO_STEP: there is no room, which is counted. */
uint32_t cdn_trace_add_step(cordon_trace *trace, uint32_t line, uint32_t depth);
/* Lines go by unseen until the next one begins: what is used meanwhile belongs to none. */
void cdn_trace_pause(cordon_trace *trace, const struct cdn_trace_cost *used);
/* Text that lives as long as what is noted of the run; NULL: no room. */
const char *cdn_trace_text(cordon_trace *trace, const char *text, size_t bytes);
/* The same of a name that the rule's author chose: escaped, and cut. */
const char *cdn_trace_name(cordon_trace *trace, const char *name);
/* Room for a value of `step`, zero but for that; NULL: there is none, which is counted. */
cordon_trace_value *cdn_trace_add_value(cordon_trace *trace, uint32_t step);
/* Room for a read of `step`, of which nothing is known yet; NULL: there is none, which is
 * counted. */
cordon_trace_read *cdn_trace_add_read(cordon_trace *trace, uint32_t step);
/* A read begins, with so many edges read before it; it has those that are read until the next
 * one or the next line begins. */
cordon_trace_read *cdn_trace_open_read(cordon_trace *trace, uint64_t edges);
/* One that has begun before goes on. */
void cdn_trace_resume_read(cordon_trace *trace, cordon_trace_read *read,
                           uint64_t edges);

/* ---- trace_hook.c ---- */

/* In a line hook, which has this frame. */
void cdn_trace_on_line(cordon_trace *trace, lua_State *L, lua_Debug *frame,
                       const struct cdn_trace_cost *used);

/* ---- trace_value.c ---- */

/* Words for a reader, put together: cut with "..." for good where they do not fit. */
struct cdn_trace_words {
    char text[CORDON_TRACE_VALUE_BYTES];
    size_t length;
};

void cdn_trace_say(struct cdn_trace_words *words, const char *format, ...)
    CDN_PRINTF(2, 3);
void cdn_trace_say_number(struct cdn_trace_words *words, double number);
/* Escaped. */
void cdn_trace_say_text(struct cdn_trace_words *words, const char *text, size_t bytes);

/* What stands at index, for a reader: its type's name.                    [-0, +0, -] */
const char *cdn_trace_show(const struct cdn_trace_host *host, lua_State *L, int index,
                           char out[CORDON_TRACE_VALUE_BYTES]);

#endif
