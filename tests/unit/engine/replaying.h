/* Replaying one decision: what the tests of replay share. */
#ifndef CORDON_TESTS_ENGINE_REPLAYING_H
#define CORDON_TESTS_ENGINE_REPLAYING_H

#include "support/unit.h"

#include "base/alloc.h"
#include "engine/replay.h"

#ifdef CORDON_FAILALLOC
/* Replay the decision with each allocation failing in turn. */
static inline void replaying_survives(const struct cdn_audit_view *view,
                                      const struct cdn_replay_texts *source)
{
    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_replay_options options = {.texts = source, .text_count = 1};
        struct cdn_replay_result result;
        struct cdn_replay *replay;
        cordon_error err;
        cordon_status status = cdn_replay_new(&replay, &options, &err);

        if (!status)
            status = cdn_replay_run(&result, replay, view, &err);
        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        cdn_replay_free(replay);
    }
}
#endif

#endif
