/* Reading a file behind a wall: what its text says of itself, without the host running it.
 *
 * A rule's contract is known by running its text once.  Where the rule itself is to be behind a
 * wall, that is too: a worker is started for the one file, without a snapshot, is asked, and
 * is ended whatever it said, so that no file has a say in what is read of another.  Its word is
 * held to what a file could have said (wire_contract.c) and judged as if the host had read it.
 *
 * Threads: safe from any thread.  Time: that of a worker's start (wall.h), and of the reading. */
#ifndef CDN_ISOLATION_READ_H
#define CDN_ISOLATION_READ_H

#include "isolation/wall.h"
#include "rule/rule.h"

/* As cdn_rule_load() within options->load, behind a wall that is not the weakest.
 * Errors: as cdn_rule_load() and cdn_wall_start(); CORDON_E_RULE also if the worker ended, lied
 *         or did not answer, as the text is what it was given. */
cordon_status cdn_wall_read_rule(struct cdn_rule **out, cordon_wall wall,
                                 const struct cdn_wall_options *options,
                                 const char *source, size_t bytes, const char *file,
                                 struct cdn_findings *findings, cordon_error *err);

/* As cdn_config_evaluate().  Errors: as that, and as above. */
cordon_status cdn_wall_read_table(struct cdn_buf *out, cordon_wall wall,
                                  const struct cdn_wall_options *options,
                                  const char *source, size_t bytes, const char *file,
                                  cordon_error *err);

#endif
