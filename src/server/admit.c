/* A table from a rule's name to its debt: a power of two of places, of which a name's hash says
 * the first, and those behind it are tried in turn.  A place that has been given is never given to another rule: there are
 * as many as there are rules that ever ran, and their number is bounded by who may load them. */
#include "server/admit.h"

#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/hash.h"

enum { PLACES = 2 * CDN_ADMIT_RULES, TRIES = 16 };

/* All three are atomic. */
struct place {
    uint64_t rule; /* the hash of its name; 0: free */
    /* What has been paid of CDN_ADMIT_NEW_NS, and no more than that; the rest is the debt, so that a
     * place full of zeros is a new rule's. */
    int64_t paid_ns;
    uint64_t limit_ns;
};

struct cdn_admit {
    struct place places[PLACES];
};

cordon_status cdn_admit_new(struct cdn_admit **out, cordon_error *err)
{
    *out = cdn_calloc(1, sizeof **out);
    return *out ? CORDON_OK : cdn_error_nomem(err);
}

void cdn_admit_free(struct cdn_admit *admit)
{
    cdn_free(admit);
}

static uint64_t hash_of(const char *rule)
{
    uint64_t hash = cdn_hash_xxh3(rule, strlen(rule));

    return hash ? hash : 1;
}

bool cdn_admit_is_quick(const struct cdn_admit *admit, const char *rule)
{
    uint64_t hash = hash_of(rule);

    for (uint64_t i = 0; i < TRIES; i++) {
        const struct place *place = &admit->places[(hash + i) % PLACES];
        uint64_t found = __atomic_load_n(&place->rule, __ATOMIC_ACQUIRE);

        if (found == hash)
            return CDN_ADMIT_NEW_NS -
                           __atomic_load_n(&place->paid_ns, __ATOMIC_RELAXED) <
                       CDN_ADMIT_DEBT_NS &&
                   __atomic_load_n(&place->limit_ns, __ATOMIC_RELAXED) <=
                       CDN_ADMIT_LIMIT_NS;
        if (!found)
            return false;
    }
    return false;
}

/* The rule's place, made if there is none; NULL: no room. */
static struct place *place_of(struct cdn_admit *admit, uint64_t hash)
{
    for (uint64_t i = 0; i < TRIES; i++) {
        struct place *place = &admit->places[(hash + i) % PLACES];
        uint64_t found = __atomic_load_n(&place->rule, __ATOMIC_ACQUIRE);

        if (!found && __atomic_compare_exchange_n(&place->rule, &found, hash, false,
                                                  __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
            return place;
        if (found == hash)
            return place;
    }
    return NULL;
}

/* What has been paid after a run that took so long. */
static int64_t pay(int64_t paid, uint64_t took_ns)
{
    const int64_t least = CDN_ADMIT_NEW_NS - CDN_ADMIT_MOST_NS;

    if (took_ns <= CDN_ADMIT_QUICK_NS)
        return paid + CDN_ADMIT_PAID_NS < CDN_ADMIT_NEW_NS ? paid + CDN_ADMIT_PAID_NS
                                                           : CDN_ADMIT_NEW_NS;
    if (took_ns > CDN_ADMIT_MOST_NS || paid - (int64_t)took_ns < least)
        return least;
    return paid - (int64_t)took_ns;
}

static void learn_limit(struct place *place, uint64_t limit_ns, bool own)
{
    uint64_t known = __atomic_load_n(&place->limit_ns, __ATOMIC_RELAXED);

    if (limit_ns != known && (!own || limit_ns > known))
        __atomic_store_n(&place->limit_ns, limit_ns, __ATOMIC_RELAXED);
}

uint64_t cdn_admit_cost(uint64_t took_ns, uint64_t charged)
{
    return charged <= CDN_ADMIT_SMALL && took_ns > CDN_ADMIT_MISHAP_NS
               ? CDN_ADMIT_MISHAP_NS
               : took_ns;
}

void cdn_admit_learn(struct cdn_admit *admit, const char *rule, uint64_t cost_ns,
                     uint64_t limit_ns, bool own)
{
    struct place *place = place_of(admit, hash_of(rule));
    int64_t paid, after;

    if (!place)
        return;
    learn_limit(place, limit_ns, own);
    paid = __atomic_load_n(&place->paid_ns, __ATOMIC_RELAXED);
    do {
        after = pay(paid, cost_ns);
        if (after == paid)
            return;
    } while (!__atomic_compare_exchange_n(&place->paid_ns, &paid, after, true,
                                          __ATOMIC_RELAXED, __ATOMIC_RELAXED));
}
