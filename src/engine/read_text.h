/* Who runs a text to know what it says of itself: this process, or a worker behind a wall.
 *
 * Where a rule is to run behind a wall, its text is read behind one too, before anything of it
 * was run in the host (isolation/read.h).  What is trusted to run in the host is read there. */
#ifndef CDN_ENGINE_READ_TEXT_H
#define CDN_ENGINE_READ_TEXT_H

#include <cordon/engine.h>

#include "base/buf.h"
#include "rule/rule.h"

/* Borrowed for the calls. */
struct cdn_reading {
    /* CDN_WALL_NONE: it may be read behind none that works here, and is not */
    uint32_t wall;
    /* Of a rule's text what it may use, and the program behind walls.  NULL: those of an engine
     * whose host chose none. */
    const cordon_engine_options *options;
    struct cdn_slot *slot; /* to read rules in here; NULL: one is made */
};

/* Load a rule.
 * Errors: as cdn_rule_load() and cdn_wall_read_rule(); CORDON_E_INVALID there is no such wall, or
 *         the options name no program for it. */
cordon_status cdn_read_rule(struct cdn_rule **out, const struct cdn_reading *reading,
                            const char *source, size_t bytes, const char *file,
                            struct cdn_findings *findings, cordon_error *err);

/* The table that a file returns, appended.
 * Errors: as cdn_config_evaluate(), and as above. */
cordon_status cdn_read_table(struct cdn_buf *out, const struct cdn_reading *reading,
                             const char *source, size_t bytes, const char *file,
                             cordon_error *err);

#endif
