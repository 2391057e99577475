/* A slot: one restricted LuaJIT state in one arena, pristine at every run.
 *
 * The arena is one mapping at an address that is fixed for the slot's life; its allocator's
 * own data lies inside it.  An *image* is the arena's used bytes, taken when a chunk has been
 * loaded and its entry function stands ready on the stack, and kept as what sets them apart
 * from those of another image (difference.h).  A run restores the image, arms the meter, calls
 * the entry function and reads the meter.
 *
 * Costs: restore 0.2 to 0.5 us for a small image.  Threads: one slot, one thread at a time.
 * Images belong to the slot they were built in.  The slot knows nothing of graphs: `host` is
 * whatever the layer above wants its native functions to find. */
#ifndef CDN_SANDBOX_SLOT_H
#define CDN_SANDBOX_SLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lua.h>

#include "base/error.h"
#include "sandbox/meter.h"

/* Given beyond the memory budget, so that the error can leave from the hook. */
#define CDN_SLOT_RESERVE_BYTES ((size_t)256 * 1024)

struct cdn_slot;
struct cdn_image;

struct cdn_slot_config {
    size_t image_bytes;  /* largest image (load_memory): default 1 MiB */
    size_t memory_bytes; /* largest memory budget of a run: default 4 MiB */
    size_t
        scratch_bytes; /* native scratch address space; counts against the run's memory */
};

/* Ownership: *out is the caller's; cdn_slot_free() it after its images. */
cordon_status cdn_slot_new(struct cdn_slot **out, const struct cdn_slot_config *config,
                           cordon_error *err);
void cdn_slot_free(struct cdn_slot *slot);

/* How a run, or a load, ended.  `stop` in the meter goes before it. */
enum cdn_run {
    CDN_RUN_OK,
    CDN_RUN_ERROR,  /* a Lua error; cdn_slot_message() */
    CDN_RUN_STOPPED /* a limit or cancelled; the meter says which */
};

/* Build an image: a fresh state with the allow-listed library, then `build`, run inside one
 * protected call under `budget`, which must leave exactly one function on the stack (the
 * entry).  Before the bytes are saved the state is collected in full.
 * CORDON_OK with *out NULL and *run not OK: the chunk failed or was stopped.
 * Errors: CORDON_E_NOMEM (host). */
cordon_status cdn_image_build(struct cdn_image **out, enum cdn_run *run,
                              struct cdn_slot *slot, lua_CFunction build, void *ud,
                              const struct cdn_budget *budget, const uint32_t *cancel,
                              cordon_error *err);
/* The same, with what garbage left in between squeezed out (placement.h): `build` is run twice,
 * or thrice, and must do the same each time. */
cordon_status cdn_image_build_compact(struct cdn_image **out, enum cdn_run *run,
                                      struct cdn_slot *slot, lua_CFunction build,
                                      void *ud, const struct cdn_budget *budget,
                                      const uint32_t *cancel, cordon_error *err);
/* What the run that has just ended well left behind, as an image with the same entry: what a
 * run of it starts from is what this one made.  Garbage is collected first.  *out NULL with
 * CORDON_OK: what is left is larger than an image may be.
 * Errors: CORDON_E_NOMEM (host). */
cordon_status cdn_image_take(struct cdn_image **out, struct cdn_slot *slot,
                             cordon_error *err);
void cdn_image_free(struct cdn_image *image);
/* What a run copies. */
size_t cdn_image_bytes(const struct cdn_image *image);
/* What of that is no other image's (difference.h): so many bytes from where `image` points
 * to, its own data included.  For who wants them in the cache before they are copied. */
size_t cdn_image_own(const struct cdn_image *image);
/* The heap bytes that all images of its slot take. */
size_t cdn_image_held(const struct cdn_image *image);

/* Run: restore, arm, call the entry with no arguments; results are the entry's own affair
 * (it finds the host's data through cdn_slot_host).  deadline_ns is absolute; 0: now plus
 * budget->wall_ns.  seed: for math.random.  The memory budget is held to what the slot was
 * made for.  An image of another slot is an error and nothing runs.  The calling thread
 * needs 256 KiB of free C stack. */
enum cdn_run cdn_slot_run(struct cdn_slot *slot, const struct cdn_image *image,
                          const struct cdn_budget *budget, uint64_t deadline_ns,
                          const uint32_t *cancel, uint64_t seed);
/* For the next run alone: that moment, by cdn_clock_ns(), has only just been, so that the
 * clock need not be looked at again if the deadline is far off. */
void cdn_slot_know_time(struct cdn_slot *slot, uint64_t now_ns);

/* What the host has running evaluations look at whenever they look at the clock. */
struct cdn_slot_watch {
    const uint32_t *revoked; /* not 0: stop as cancelled; NULL: none */
    /* Do something else on this thread, in another slot, for a while: it may take any
     * time, which counts against the deadline; NULL: nothing.  Must not raise. */
    void (*pause)(void *ud);
    void *ud;
};

/* For runs from now on (not for loading); all zero: nothing. */
void cdn_slot_set_watch(struct cdn_slot *slot, const struct cdn_slot_watch *watch);

/* What the next run is to be traced into, between cdn_trace_begin() and cdn_trace_end();
 * NULL: nothing.  The run's time is so much longer as tracing it takes, up to
 * CDN_SLOT_TRACE_TIMES what it is given. */
#define CDN_SLOT_TRACE_TIMES 16
struct cordon_trace;
void cdn_slot_set_trace(struct cdn_slot *slot, struct cordon_trace *trace);
/* What tracing the run took that does not count, until the trace is taken away. */
uint64_t cdn_slot_trace_ns(const struct cdn_slot *slot);

/* Has what runs in the slot been cancelled or revoked, or is its time up?  For code of the
 * host's that the run has called, on its thread; does nothing about it, and costs a look at
 * the clock. */
bool cdn_slot_overdue(const struct cdn_slot *slot);
/* The time that is left to what runs in it. */
uint64_t cdn_slot_left_ns(const struct cdn_slot *slot);

/* The exact number of instructions the last run or load used, native work included. */
uint64_t cdn_slot_instructions(const struct cdn_slot *slot);
/* Its peak memory beyond the image, arena and scratch together. */
uint64_t cdn_slot_memory_peak(const struct cdn_slot *slot);
/* Its meter. */
struct cdn_meter *cdn_slot_meter(struct cdn_slot *slot);
/* After CDN_RUN_ERROR: the error message, escaped, its chunk position split off into *line
 * (0 if it has none).  Borrowed until the next run. */
const char *cdn_slot_message(const struct cdn_slot *slot, const char **file,
                             uint32_t *line);
/* What a running rule printed for the author: none in this tier; kept out on purpose. */

/* The layer above's own data, found from any C function that Lua calls. */
void cdn_slot_set_host(struct cdn_slot *slot, void *host);
void *cdn_slot_host(lua_State *L);
struct cdn_slot *cdn_slot_of(lua_State *L);

/* The state of math.random: in host memory, set to the run's seed as a run starts (to 0 as
 * an image is built).  Never NULL. */
uint64_t *cdn_slot_random(struct cdn_slot *slot);

/* Native scratch memory for this run: bump allocation, gone at the next restore, counted
 * against the run's memory budget.  Aligned to 16 bytes, not zeroed.     [-0, +0, e] */
CDN_RAISES void *cdn_scratch_alloc(lua_State *L, size_t bytes);
/* Give back everything allocated since `mark` (LIFO). */
size_t cdn_scratch_mark(lua_State *L);
void cdn_scratch_release(lua_State *L, size_t mark);

/* Which rows of the library's tables an image is to have (library.c): a bit a row; and the
 * words of the source, a bit at each one's hash. */
#define CDN_LIBRARY_TABLES    6
#define CDN_LIBRARY_WORD_BITS 4096
struct cdn_library_choice {
    bool chosen;     /* false: everything, frozen */
    uint64_t direct; /* tables that need no proxy, a bit each */
    uint64_t rows[CDN_LIBRARY_TABLES];
    uint64_t words[CDN_LIBRARY_WORD_BITS / 64];
};
struct cdn_library_choice *cdn_slot_library(struct cdn_slot *slot);

/* The stock functions that images of this slot have and that are written in C, from the
 * front; the rest NULL. */
#define CDN_LIBRARY_STOCK 8
lua_CFunction *cdn_slot_stock(struct cdn_slot *slot);

/* Test support: the arena's bytes, to compare with an image. */
const void *cdn_slot_arena(const struct cdn_slot *slot, size_t *used);
/* Restore without running. */
void cdn_slot_restore(struct cdn_slot *slot, const struct cdn_image *image);
/* Compare the arena with the image: the offset of the first difference, SIZE_MAX if none,
 * including that all beyond the image up to the high-water mark of *other* images is 0. */
size_t cdn_slot_compare(const struct cdn_slot *slot, const struct cdn_image *image);

#endif
