/* Rules and sets from files: loaded when the server starts, and again when they change.
 *
 * Files that have changed are taken over together or not at all: their texts are read, loaded
 * into an engine of their own that sees the same graph, and only if each of them loads there
 * are they loaded for requests.  So a fault in one of them, or a file half written, leaves
 * every rule as it was.
 *
 * Threads: one at a time. */
#ifndef CDN_SERVER_FILES_H
#define CDN_SERVER_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include <cordon/engine.h>
#include <cordon/error.h>

struct cdn_files;
struct cdn_server_options;

/* Load all that the options name into the engine, rules first.
 * Ownership: *out is the caller's; cdn_files_close() it.  Engine and options are borrowed.
 * Errors:    CORDON_E_RULE a file's, with file and line; CORDON_E_NOTFOUND, CORDON_E_IO,
 *            CORDON_E_NOMEM. */
cordon_status cdn_files_open(struct cdn_files **out, cordon_engine *engine,
                             const struct cdn_server_options *options,
                             cordon_error *err);
void cdn_files_close(struct cdn_files *files); /* accepts NULL */

/* As cdn_follow_fd(). */
int cdn_files_fd(const struct cdn_files *files);
/* Have any changed since the last look?  Those wait to be loaded. */
bool cdn_files_look(struct cdn_files *files);
/* Load those that wait, if there are any; *loaded, how many.  On an error they go on waiting.
 * Errors: as cdn_files_open(). */
cordon_status cdn_files_load(size_t *loaded, struct cdn_files *files,
                             cordon_error *err);

#endif
