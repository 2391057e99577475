/* Counting failures in windows; breaker.h says how. */
#include "engine/breaker.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* A bucket: the stretch it counts, from 1, above; how many, below. */
#define COUNT_BITS 20u
#define COUNT_MASK ((UINT64_C(1) << COUNT_BITS) - 1)

_Static_assert(CDN_BREAKER_MOST < COUNT_MASK, "a count that reaches its limit fits");

/* A window as stretches: `length` of each, `kept` of them, and the one that is now. */
struct stretches {
    uint64_t length, kept, now;
};

static struct stretches stretches_of(const struct cdn_breaker_limit *limit,
                                     uint64_t now_ns, uint64_t run)
{
    struct stretches out = {.length = limit->window / CDN_BREAKER_BUCKETS};

    if (!out.length)
        out.length = 1;
    out.kept = limit->window / out.length;
    if (out.kept > CDN_BREAKER_BUCKETS)
        out.kept = CDN_BREAKER_BUCKETS;
    out.now = (limit->by_runs ? run : now_ns) / out.length + 1;
    return out;
}

static void add(struct cdn_breaker *breaker, enum cdn_fault fault,
                const struct stretches *stretches)
{
    _Atomic uint64_t *bucket =
        &breaker->buckets[fault][stretches->now % CDN_BREAKER_BUCKETS];
    uint64_t found = atomic_load_explicit(bucket, memory_order_relaxed), wanted;

    do {
        uint64_t stretch = found >> COUNT_BITS;

        /* It was long on its way, and that time is out of the window.  A stretch much further
         * ahead was counted under another policy, whose stretches were shorter. */
        if (stretch > stretches->now && stretch - stretches->now <= CDN_BREAKER_BUCKETS)
            return;
        if (stretch == stretches->now)
            wanted = (found & COUNT_MASK) < COUNT_MASK ? found + 1 : found;
        else
            wanted = stretches->now << COUNT_BITS | 1;
    } while (!atomic_compare_exchange_weak_explicit(
        bucket, &found, wanted, memory_order_relaxed, memory_order_relaxed));
}

uint32_t cdn_breaker_within(const struct cdn_breaker *breaker,
                            const struct cdn_breaker_limit *limit, enum cdn_fault fault,
                            uint64_t now_ns, uint64_t run)
{
    struct stretches stretches;
    uint64_t sum = 0;

    if (!limit->count)
        return 0;
    stretches = stretches_of(limit, now_ns, run);
    for (uint32_t i = 0; i < CDN_BREAKER_BUCKETS; i++) {
        uint64_t bucket =
            atomic_load_explicit(&breaker->buckets[fault][i], memory_order_relaxed);
        uint64_t stretch = bucket >> COUNT_BITS;

        if (stretch && stretch <= stretches.now &&
            stretches.now - stretch < stretches.kept)
            sum += bucket & COUNT_MASK;
    }
    return sum > UINT32_MAX ? UINT32_MAX : (uint32_t)sum;
}

/* The latter half of a decision's name as a number. */
static uint64_t number_of(const char *decision)
{
    uint64_t number = 0;

    for (int i = CORDON_DECISION_ID_BYTES / 2; i < CORDON_DECISION_ID_BYTES; i++) {
        char digit = decision[i];

        number =
            number << 4 | (uint64_t)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
    }
    return number;
}

bool cdn_breaker_count(struct cdn_breaker *breaker,
                       const struct cdn_breaker_rules *rules, enum cdn_fault fault,
                       uint64_t now_ns, uint64_t run, const char *decision)
{
    const struct cdn_breaker_limit *limit = &rules->limits[fault];
    uint32_t armed = CDN_BREAKER_ARMED, at;
    struct stretches stretches;

    if (!limit->count ||
        atomic_load_explicit(&breaker->state, memory_order_acquire) != armed)
        return false;
    stretches = stretches_of(limit, now_ns, run);
    add(breaker, fault, &stretches);
    at = atomic_fetch_add_explicit(&breaker->next, 1, memory_order_relaxed);
    atomic_store_explicit(&breaker->decisions[at % CDN_BREAKER_DECISIONS],
                          number_of(decision), memory_order_relaxed);
    return cdn_breaker_within(breaker, limit, fault, now_ns, run) >= limit->count &&
           atomic_compare_exchange_strong_explicit(
               &breaker->state, &armed, CDN_BREAKER_TRIPPING, memory_order_acq_rel,
               memory_order_relaxed);
}

void cdn_breaker_name_decisions(struct cdn_breaker *breaker, const char *identity)
{
    struct cdn_breaker_evidence *evidence = &breaker->evidence;
    uint32_t next = atomic_load_explicit(&breaker->next, memory_order_relaxed);
    uint32_t count = next < CDN_BREAKER_DECISIONS ? next : CDN_BREAKER_DECISIONS;

    evidence->decision_count = 0;
    for (uint32_t i = 1; i <= count; i++) {
        uint64_t number = atomic_load_explicit(
            &breaker->decisions[(next - i) % CDN_BREAKER_DECISIONS],
            memory_order_relaxed);

        if (number) /* else its writer has not come so far */
            (void)snprintf(evidence->decisions[evidence->decision_count++],
                           sizeof evidence->decisions[0], "%.*s%016" PRIx64,
                           CORDON_DECISION_ID_BYTES / 2, identity, number);
    }
}

void cdn_breaker_trip(struct cdn_breaker *breaker)
{
    atomic_store_explicit(&breaker->state, CDN_BREAKER_TRIPPED, memory_order_release);
}

void cdn_breaker_arm(struct cdn_breaker *breaker)
{
    for (int fault = 0; fault < CDN_FAULTS; fault++)
        for (uint32_t i = 0; i < CDN_BREAKER_BUCKETS; i++)
            atomic_store_explicit(&breaker->buckets[fault][i], 0, memory_order_relaxed);
    for (uint32_t i = 0; i < CDN_BREAKER_DECISIONS; i++)
        atomic_store_explicit(&breaker->decisions[i], 0, memory_order_relaxed);
    atomic_store_explicit(&breaker->next, 0, memory_order_relaxed);
    breaker->told = false;
    breaker->change = 0;
    atomic_store_explicit(&breaker->state, CDN_BREAKER_ARMED, memory_order_release);
}

uint32_t cdn_breaker_next(const struct cdn_breaker_rules *rules,
                          const unsigned char *works, uint32_t from)
{
    for (uint32_t i = 0; i < rules->wall_count; i++)
        if (works[rules->walls[i]] > from)
            return works[rules->walls[i]];
    return CDN_WALL_NONE;
}

/* ---- telling ---- */

static const struct {
    const char *one, *several;
} words[CDN_FAULTS] = {
#define FAULT_WORDS(name, word, one, several) [CDN_FAULT_##name] = {(one), (several)},
    CDN_FAULT_MAP(FAULT_WORDS)
#undef FAULT_WORDS
};

static const char *wall_word(uint32_t wall)
{
    return wall < CDN_WALL_NONE ? cordon_wall_str((cordon_wall)wall) : "out of service";
}

/* As snprintf() behind what is there; what does not fit is cut. */
#define APPEND(...)                                                                    \
    (at += at < size ? (size_t)snprintf(out + at, size - at, __VA_ARGS__) : 0)

const char *cdn_breaker_tell(char *out, size_t size,
                             const struct cdn_breaker_evidence *evidence)
{
    uint32_t count = evidence->counts[evidence->fault];
    size_t at = 0;

    APPEND("%" PRIu32 " %s within ", count,
           count == 1 ? words[evidence->fault].one : words[evidence->fault].several);
    if (evidence->limit.by_runs)
        APPEND("%" PRIu64 " runs", evidence->limit.window);
    else
        APPEND("%.10g s", (double)evidence->limit.window / 1e9);
    APPEND(", where %" PRIu32 " %s too many", evidence->limit.count,
           evidence->limit.count == 1 ? "is" : "are");
    for (uint32_t fault = 0; fault < CDN_FAULTS; fault++)
        if (fault != (uint32_t)evidence->fault && evidence->counts[fault])
            APPEND(", beside %" PRIu32 " %s", evidence->counts[fault],
                   evidence->counts[fault] == 1 ? words[fault].one
                                                : words[fault].several);
    APPEND("; %s -> %s; last: %s", wall_word(evidence->from), wall_word(evidence->to),
           evidence->message);
    if (evidence->decision_count)
        APPEND("; decision %s", evidence->decisions[0]);
    return out;
}
