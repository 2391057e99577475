/* A console: Lua that is typed piece by piece, with what one piece sets kept for the next.
 *
 * A rule's state is pristine at every request; whoever looks around in a graph wants the
 * opposite, `x = graph:node("Account", "17")` now and `x:outgoing("transfer"):count()` later.
 * There were three ways to have it.
 *
 *   To leave one state alive and run each input in it.  An input that is stopped by its memory
 *   or its instructions then leaves behind whatever it had half done, and what the state holds
 *   counts against all that follows.
 *   To replay all that was typed before each input, in a fresh state.  Simple, and nothing can
 *   outlive anything, but every input pays for all that came before: the tenth look at a
 *   PageRank computes it nine times, and limits no longer are an input's own.
 *   To take an image of the state (sandbox/slot.h) after every input that ended well and to
 *   run the next one from that.  This is what is done here.
 *
 * So an input runs as a rule's evaluate does: restored, metered, under limits of its own, of
 * which nothing is used yet, with the same library, the same graph and the same messages
 * (rule/run.h runs it).  What it is stopped in leaves no trace: the state before it is the
 * image, byte for byte, whether it ended by a limit, by an error or by a hand on Ctrl-C.  A run
 * cannot hold anything outside the arena, as nothing in it may, and what it read of the graph
 * is handles into one snapshot, which the console holds, seen as of one time, which it was
 * made with: another snapshot, or another `as_of`, needs another console.
 *
 * What is shown counts as its output.  What is kept between inputs is bounded too: an input after which more than `image_bytes`
 * would be kept is stopped by its memory limit, and undone.
 *
 * All of the schema is readable, as if a rule had declared it, but for what no Lua number can
 * hold and what a rule cannot have at once (graph/names.h); cdn_console_left_out() tells.
 *
 * Inputs are lines of one text, the transcript, so that a function that was typed long ago has
 * lines of its own in messages and traces; it starts over where it would become too long.
 *
 * Costs: an input copies the image twice, some 10 us and a quarter of a ns a byte.  Threads:
 * one at a time.  Memory: address space for the slot, and heap for the image. */
#ifndef CDN_CONSOLE_CONSOLE_H
#define CDN_CONSOLE_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cordon/evaluate.h>
#include <cordon/snapshot.h>
#include <cordon/value.h>

#include "base/error.h"
#include "sandbox/meter.h"

#define CDN_CONSOLE_INPUT_BYTES ((size_t)64 * 1024) /* of one input at the most */

struct cdn_console;

struct cdn_console_config {
    size_t image_bytes;  /* kept between inputs at the most: default 16 MiB */
    size_t memory_bytes; /* the largest memory budget of an input: default 64 MiB */
};

/* Ownership: *out is the caller's to cdn_console_free().  It has a reference of its own to
 *            the snapshot, which may be NULL: then there is no graph.
 * Errors: CORDON_E_INVALID sizes, CORDON_E_CORRUPT, CORDON_E_NOMEM. */
cordon_status cdn_console_new(struct cdn_console **out, cordon_snapshot *snapshot,
                              const struct cdn_console_config *config,
                              cordon_error *err);
void cdn_console_free(struct cdn_console *console);

/* What of the schema is not readable, and why; "" if all of it is. */
const char *cdn_console_left_out(const struct cdn_console *console);

/* Run one chunk of Lua, or with `expression` what it is worth, under the budget, of which
 * nothing may be zero.  Of the request
 * everything counts but `params`, `limits` and `principal`; `as_of_ms` has to be the same in
 * all inputs of one console.  The outcome has no decision: its kind, message, line and usage
 * say what happened.  If it is OK, the state is what the input has made of it, else what it
 * was.
 * Errors: CORDON_E_INVALID the input is too long, or the trace in use; CORDON_E_NOTFOUND the
 * request's node; CORDON_E_NOMEM.  Nothing has changed then. */
cordon_status cdn_console_run(cordon_outcome *outcome, struct cdn_console *console,
                              const char *text, size_t bytes, bool expression,
                              const struct cdn_budget *budget,
                              const cordon_request *request, cordon_error *err);

/* What the last input gave, a list of what show.h writes; empty if it gave nothing or did not
 * end well.  Borrowed until the next one. */
cordon_value cdn_console_results(const struct cdn_console *console);

/* The text whose lines messages and traces name, and its first line that is of the last
 * input.  Borrowed until the next one. */
const char *cdn_console_transcript(const struct cdn_console *console, size_t *bytes,
                                   uint32_t *line);

/* What has been set and is not nil, by name. */
struct cdn_console_global {
    char name[65];
    const char *type; /* a receiver of graph/manual.h, or a type's name */
};
const struct cdn_console_global *cdn_console_globals(const struct cdn_console *console,
                                                     size_t *count);

/* Bytes that are kept until the next input, the library included. */
size_t cdn_console_kept_bytes(const struct cdn_console *console);

#endif
