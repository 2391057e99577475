/* Keeping how often versions ran; history.h says how. */
#include "engine/history.h"

#include <inttypes.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "engine/granted.h"
#include "engine/registry.h"

/* Runs that a kill may lose, in time.  A write is a sync of the registry's file. */
#define KEEP_NS UINT64_C(10000000000)

static uint64_t counted(const cordon_engine *engine, const struct cdn_version *version)
{
    return cdn_tally_ran(version->tallies, engine->lane_count);
}

void cdn_history_begin(cordon_engine *engine, const char *name,
                       struct cdn_version *version)
{
    cordon_error err;

    if (cdn_registry_runs(&version->history.kept, engine->registry, name,
                          version->number, &err))
        cdn_engine_log(engine, CORDON_LEVEL_WARNING,
                       "'%s' version %" PRIu32 " has no history: %s", name,
                       version->number, err.message);
}

uint64_t cdn_history_runs(const cordon_engine *engine,
                          const struct cdn_version *version)
{
    return version->history.kept + counted(engine, version) - version->history.counted;
}

/* What is added of one version. */
struct part {
    struct cdn_version *version;
    uint64_t counted;
};

struct keeping {
    size_t count, capacity;
    struct cdn_runs *runs;
    struct part *parts;
    bool proves; /* it is enough now for one of them, and was not before */
};

static cordon_status add(struct keeping *keeping, const cordon_engine *engine,
                         const struct cdn_plan *plan, struct cdn_version *version,
                         uint64_t enough)
{
    uint64_t now = counted(engine, version);
    uint64_t more = now - version->history.counted;

    if (!more || version->history.kept >= enough)
        return CORDON_OK;
    if (keeping->count == keeping->capacity) {
        size_t capacity = keeping->capacity ? keeping->capacity * 2 : 16;
        void *runs = cdn_realloc_array(keeping->runs, capacity, sizeof *keeping->runs);
        void *parts = NULL;

        if (runs) {
            keeping->runs = runs;
            parts = cdn_realloc_array(keeping->parts, capacity, sizeof *keeping->parts);
        }
        if (!parts)
            return CORDON_E_NOMEM;
        keeping->parts = parts;
        keeping->capacity = capacity;
    }
    keeping->runs[keeping->count] =
        (struct cdn_runs){plan->name, version->number, more, 0};
    keeping->parts[keeping->count++] = (struct part){version, now};
    keeping->proves |= version->history.kept + more >= enough;
    return CORDON_OK;
}

static cordon_status collect(struct keeping *keeping, const cordon_engine *engine,
                             const struct cdn_state *state, uint64_t enough)
{
    for (uint32_t i = 0; i <= state->mask; i++) {
        struct cdn_entry *entries[CDN_PLAN_MAX_ENTRIES];
        const struct cdn_plan *plan = state->plans[i];
        uint32_t count = plan && plan->registered ? cdn_plan_entries(entries, plan) : 0;

        for (uint32_t k = 0; k < count; k++) {
            cordon_status status =
                add(keeping, engine, plan, entries[k]->version, enough);

            if (status)
                return status;
        }
    }
    return CORDON_OK;
}

/* What may have been added is never added again. */
static void settle(const struct keeping *keeping, cordon_status status)
{
    bool kept = !status;
    bool unknown = status && status != CORDON_E_DENIED && status != CORDON_E_BUSY &&
                   status != CORDON_E_NOMEM;

    for (size_t i = 0; i < keeping->count && (kept || unknown); i++) {
        struct cdn_version *version = keeping->parts[i].version;

        version->history.kept =
            kept ? keeping->runs[i].all : version->history.kept + keeping->runs[i].more;
        version->history.counted = keeping->parts[i].counted;
    }
}

cordon_status cdn_history_keep(cordon_engine *engine, bool now, cordon_error *err)
{
    const struct cdn_state *state = atomic_load(&engine->state);
    const struct cdn_policy *policy = state->granted ? state->granted->policy : NULL;
    uint64_t enough = policy ? policy->walls.after_runs : 0;
    uint64_t now_ns = cdn_clock_ns();
    struct keeping keeping = {0};
    cordon_status status;
    cordon_error own;

    if (!engine->registry || !enough || engine->quotas_off)
        return CORDON_OK;
    now = now || !engine->history.tried_ns ||
          now_ns - engine->history.tried_ns >= KEEP_NS;
    cdn_error_clear(&own);
    status = collect(&keeping, engine, state, enough);
    if (status) {
        status = cdn_error_nomem(&own);
    } else if (keeping.count && (now || (keeping.proves && !engine->history.failed))) {
        status =
            cdn_registry_add_runs(engine->registry, keeping.runs, keeping.count, &own);
        settle(&keeping, status);
        engine->history.tried_ns = now_ns;
        engine->history.failed = status != CORDON_OK;
    }
    cdn_free(keeping.runs);
    cdn_free(keeping.parts);
    if (!status || status == CORDON_E_DENIED)
        return CORDON_OK;
    cdn_engine_log(engine, CORDON_LEVEL_WARNING,
                   "how often versions ran is not kept: %s", own.message);
    if (err)
        *err = own;
    return status;
}
