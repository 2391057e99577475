/* The metrics of conventions the field knows, written from the tallies in one pass.
 *
 * The format wants all series of one metric together, so each metric walks all versions.
 * What every version has done is summed up once before, in a list ordered by rule and
 * version, so that equal engines give equal text.
 *
 * Cost: some microseconds a version; all of it under `writer`, which evaluations never take. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/metrics.h>
#include <cordon/version.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "engine/engine.h"
#include "sandbox/library.h"
#include "snapshot/snapshot.h"

/* One version with what it did; or what versions did that are gone from the plan. */
struct row {
    const struct cdn_plan *plan;
    const struct cdn_version *version; /* of what is gone: the live one */
    bool gone; /* counts among the rule's, and is no version's */
    struct cdn_tally sum;
};

struct rows {
    struct row *items;
    size_t count;
};

static int by_name(const void *a, const void *b)
{
    const struct row *left = a, *right = b;
    int order = strcmp(left->plan->name, right->plan->name);

    if (order)
        return order;
    if (left->gone != right->gone)
        return left->gone ? 1 : -1;
    if (left->version->number != right->version->number)
        return left->version->number < right->version->number ? -1 : 1;
    return left->version->id < right->version->id ? -1 : 1;
}

static void add_row(struct rows *rows, const struct cdn_plan *plan,
                    const struct cdn_version *version, uint32_t lanes)
{
    struct row *row = &rows->items[rows->count];

    for (size_t i = 0; i < rows->count; i++)
        if (rows->items[i].version == version && !rows->items[i].gone)
            return; /* live and shadow at once */
    *row = (struct row){.plan = plan, .version = version};
    cdn_tally_sum(&row->sum, version->tallies, lanes);
    rows->count++;
}

static bool gather(struct rows *rows, const struct cdn_state *state, uint32_t lanes)
{
    rows->items = cdn_calloc(state->version_count + state->count, sizeof *rows->items);
    if (!rows->items)
        return false;
    for (uint32_t i = 0; i <= state->mask; i++) {
        const struct cdn_plan *plan = state->plans[i];
        struct cdn_entry *entries[CDN_PLAN_MAX_ENTRIES];
        uint32_t count = plan ? cdn_plan_entries(entries, plan) : 0;

        for (uint32_t k = 0; k < count; k++)
            add_row(rows, plan, entries[k]->version, lanes);
        if (count && plan->past)
            rows->items[rows->count++] = (struct row){.plan = plan,
                                                      .version = entries[0]->version,
                                                      .gone = true,
                                                      .sum = plan->past->tally};
    }
    if (rows->count)
        qsort(rows->items, rows->count, sizeof *rows->items, by_name);
    return true;
}

/* ---- writing ---- */

static void head(struct cdn_buf *out, const char *name, const char *type,
                 const char *help)
{
    cdn_buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void plain(struct cdn_buf *out, const char *name, const char *type,
                  const char *help, uint64_t value)
{
    head(out, name, type, help);
    cdn_buf_printf(out, "%s %" PRIu64 "\n", name, value);
}

/* Seconds of so many ns, without losing a digit. */
static void seconds(struct cdn_buf *out, uint64_t ns)
{
    cdn_buf_printf(out, "%" PRIu64 ".%09" PRIu64 "\n", ns / 1000000000,
                   ns % 1000000000);
}

static void evaluations(struct cdn_buf *out, const struct rows *rows)
{
    head(out, "cordon_evaluations_total", "counter",
         "Evaluations by how they ended; what was shed is not among them.");
    for (size_t i = 0; i < rows->count; i++)
        for (uint32_t v = 0; v < CDN_TALLY_VARIANTS; v++)
            for (uint32_t k = 0; k < CDN_TALLY_OUTCOMES; k++) {
                const struct row *row = &rows->items[i];
                uint64_t count = row->sum.outcomes[v][k];

                if (row->gone ||
                    (!count && (v != CORDON_VARIANT_LIVE || k != CORDON_OUTCOME_OK)))
                    continue;
                cdn_buf_printf(out,
                               "cordon_evaluations_total{rule=\"%s\",version=\"%u\","
                               "variant=\"%s\","
                               "outcome=\"%s\"} %" PRIu64 "\n",
                               row->plan->name, row->version->number,
                               cordon_variant_str((cordon_variant)v),
                               cordon_outcome_kind_str((cordon_outcome_kind)k), count);
            }
}

/* Of one rule's versions in turn; a histogram's series is a rule and a variant, so that
 * those of several versions are added up. */
static size_t same_rule(const struct rows *rows, size_t from)
{
    size_t to = from + 1;

    while (to < rows->count && rows->items[to].plan == rows->items[from].plan)
        to++;
    return to;
}

static void durations_of(struct cdn_buf *out, const struct rows *rows, size_t from,
                         size_t to, uint32_t variant)
{
    const char *rule = rows->items[from].plan->name;
    const char *word = cordon_variant_str((cordon_variant)variant);
    uint64_t buckets[CDN_TALLY_TIMES] = {0}, passed = 0, sum = 0, all = 0;

    for (size_t i = from; i < to; i++) {
        sum += rows->items[i].sum.times_ns[variant];
        for (uint32_t k = 0; k < CDN_TALLY_TIMES; k++) {
            buckets[k] += rows->items[i].sum.times[variant][k];
            all += rows->items[i].sum.times[variant][k];
        }
    }
    if (!all)
        return;
    for (uint32_t k = 0; k < CDN_TALLY_TIMES - 1; k++) {
        passed += buckets[k];
        cdn_buf_printf(out,
                       "cordon_evaluation_duration_seconds_bucket{rule=\"%s\",variant="
                       "\"%s\",le=\"%g\"} %" PRIu64 "\n",
                       rule, word, (double)cdn_tally_times_ns[k] / 1e9, passed);
    }
    cdn_buf_printf(out,
                   "cordon_evaluation_duration_seconds_bucket{rule=\"%s\",variant="
                   "\"%s\",le=\"+Inf\"} %" PRIu64 "\n",
                   rule, word, all);
    cdn_buf_printf(
        out, "cordon_evaluation_duration_seconds_sum{rule=\"%s\",variant=\"%s\"} ",
        rule, word);
    seconds(out, sum);
    cdn_buf_printf(out,
                   "cordon_evaluation_duration_seconds_count{rule=\"%s\",variant="
                   "\"%s\"} %" PRIu64 "\n",
                   rule, word, all);
}

static void durations(struct cdn_buf *out, const struct rows *rows)
{
    head(out, "cordon_evaluation_duration_seconds", "histogram",
         "From entry to return.");
    for (size_t from = 0, to; from < rows->count; from = to) {
        to = same_rule(rows, from);
        for (uint32_t v = 0; v < CDN_TALLY_VARIANTS; v++)
            durations_of(out, rows, from, to, v);
    }
}

static void memory(struct cdn_buf *out, const struct rows *rows)
{
    static const char name[] = "cordon_evaluation_memory_peak_bytes";

    head(out, name, "histogram", "Peak memory of an evaluation beyond its image.");
    for (size_t from = 0, to; from < rows->count; from = to) {
        const char *rule = rows->items[from].plan->name;
        uint64_t buckets[CDN_TALLY_MEMORY] = {0}, passed = 0, sum = 0, all = 0;

        to = same_rule(rows, from);
        for (size_t i = from; i < to; i++) {
            sum += rows->items[i].sum.memory_bytes;
            for (uint32_t k = 0; k < CDN_TALLY_MEMORY; k++) {
                buckets[k] += rows->items[i].sum.memory[k];
                all += rows->items[i].sum.memory[k];
            }
        }
        for (uint32_t k = 0; k < CDN_TALLY_MEMORY - 1; k++) {
            passed += buckets[k];
            cdn_buf_printf(out,
                           "%s_bucket{rule=\"%s\",le=\"%" PRIu64 "\"} %" PRIu64 "\n",
                           name, rule, cdn_tally_memory_bytes[k], passed);
        }
        cdn_buf_printf(out,
                       "%s_bucket{rule=\"%s\",le=\"+Inf\"} %" PRIu64
                       "\n%s_sum{rule=\"%s\"} %" PRIu64
                       "\n%s_count{rule=\"%s\"} %" PRIu64 "\n",
                       name, rule, all, name, rule, sum, name, rule, all);
    }
}

/* A counter of each rule, all versions added up. */
static void by_rule(struct cdn_buf *out, const struct rows *rows, const char *name,
                    const char *label, size_t offset)
{
    for (size_t from = 0, to; from < rows->count; from = to) {
        uint64_t sum = 0;

        to = same_rule(rows, from);
        for (size_t i = from; i < to; i++)
            sum += *(const uint64_t *)(const void *)((const char *)&rows->items[i].sum +
                                                     offset);
        cdn_buf_printf(out, "%s{rule=\"%s\"%s} %" PRIu64 "\n", name,
                       rows->items[from].plan->name, label, sum);
    }
}

/* Of rules that list functions of the host's. */
static void host_time(struct cdn_buf *out, const struct rows *rows)
{
    static const char name[] = "cordon_host_function_seconds_total";

    head(out, name, "counter", "Time in functions of the host's.");
    for (size_t from = 0, to; from < rows->count; from = to) {
        uint64_t sum = 0;
        bool lists = false;

        to = same_rule(rows, from);
        for (size_t i = from; i < to; i++) {
            sum += rows->items[i].sum.host_ns;
            lists = lists || rows->items[i].version->rule->function_count;
        }
        if (!lists)
            continue;
        cdn_buf_printf(out, "%s{rule=\"%s\"} ", name, rows->items[from].plan->name);
        seconds(out, sum);
    }
}

static void costs(struct cdn_buf *out, const struct rows *rows)
{
    head(out, "cordon_instructions_total", "counter",
         "Instructions used, native work included.");
    by_rule(out, rows, "cordon_instructions_total", "",
            offsetof(struct cdn_tally, instructions));
    head(out, "cordon_graph_reads_total", "counter", "What was read of the graph.");
    by_rule(out, rows, "cordon_graph_reads_total", ",kind=\"edges\"",
            offsetof(struct cdn_tally, edges));
    by_rule(out, rows, "cordon_graph_reads_total", ",kind=\"nodes\"",
            offsetof(struct cdn_tally, nodes));
    host_time(out, rows);
}

static void limits(struct cdn_buf *out, const struct rows *rows)
{
    head(out, "cordon_limit_exceeded_total", "counter",
         "Evaluations that a budget stopped.");
    for (size_t from = 0, to; from < rows->count; from = to) {
        to = same_rule(rows, from);
        for (uint32_t k = 1; k < CDN_TALLY_BUDGETS; k++) {
            uint64_t sum = 0;

            for (size_t i = from; i < to; i++)
                sum += rows->items[i].sum.limits[k];
            if (sum)
                cdn_buf_printf(out,
                               "cordon_limit_exceeded_total{rule=\"%s\",kind=\"%s\"} "
                               "%" PRIu64 "\n",
                               rows->items[from].plan->name,
                               cordon_budget_str((cordon_budget)k), sum);
        }
    }
}

static void tightened(struct cdn_buf *out, const struct rows *rows)
{
    head(out, "cordon_limit_tightened_total", "counter",
         "Of those stopped by a budget, by one that load had lowered.");
    by_rule(out, rows, "cordon_limit_tightened_total", "",
            offsetof(struct cdn_tally, tightened));
}

/* Versions may declare other decisions: each row counts by its own words. */
static void decisions(struct cdn_buf *out, const struct rows *rows)
{
    head(out, "cordon_decisions_total", "counter", "Decisions, fallbacks among them.");
    for (size_t from = 0, to; from < rows->count; from = to) {
        to = same_rule(rows, from);
        for (size_t i = from; i < to; i++) {
            const struct cdn_rule *rule = rows->items[i].version->rule;

            for (uint32_t k = 0; k < rule->decision_count && !rows->items[i].gone; k++)
                if (rows->items[i].sum.decisions[k])
                    cdn_buf_printf(out,
                                   "cordon_decisions_total{rule=\"%s\",version=\"%u\","
                                   "decision=\"%s\"} %" PRIu64 "\n",
                                   rule->name, rows->items[i].version->number,
                                   rule->decisions[k], rows->items[i].sum.decisions[k]);
        }
    }
}

static void shadows(struct cdn_buf *out, const struct rows *rows)
{
    head(out, "cordon_shadow_mismatch_total", "counter",
         "Shadows that decided otherwise than what decided.");
    for (size_t i = 0; i < rows->count; i++)
        if (rows->items[i].sum.compared && !rows->items[i].gone)
            cdn_buf_printf(
                out,
                "cordon_shadow_mismatch_total{rule=\"%s\",version=\"%u\"} %" PRIu64
                "\n",
                rows->items[i].plan->name, rows->items[i].version->number,
                rows->items[i].sum.mismatches);
}

static void rollouts(struct cdn_buf *out, const cordon_engine *engine,
                     const struct rows *rows)
{
    static const char *const trips[] = {
#define WORD(name, word) word,
        CDN_TRIP_MAP(WORD)
#undef WORD
    };

    head(out, "cordon_rollout_ratio", "gauge",
         "The share of subjects that versions in a rollout take.");
    for (size_t from = 0, to; from < rows->count; from = to) {
        const struct cdn_plan *plan = rows->items[from].plan;
        uint32_t taken = 0;

        to = same_rule(rows, from);
        for (uint32_t i = 0; i < plan->choice_count; i++)
            taken += plan->choices[i].below - plan->choices[i].from;
        if (plan->choice_count)
            cdn_buf_printf(out, "cordon_rollout_ratio{rule=\"%s\"} %g\n", plan->name,
                           (double)taken / CDN_PLAN_WHOLE);
    }
    head(out, "cordon_rollout_aborts_total", "counter",
         "Rollouts that a guard ended, by what it found.");
    for (uint32_t i = CDN_TRIP_NONE + 1; i < CDN_TRIPS; i++)
        cdn_buf_printf(out, "cordon_rollout_aborts_total{reason=\"%s\"} %" PRIu64 "\n",
                       trips[i], engine->aborts[i]);
}

static void breaker_trips(struct cdn_buf *out, const struct rows *rows)
{
    static const char name[] = "cordon_breaker_trips_total";

    head(out, name, "counter",
         "Breakers that tripped: to a stronger wall, or out of service.");
    by_rule(out, rows, name, ",action=\"wall\"", offsetof(struct cdn_tally, trips[0]));
    by_rule(out, rows, name, ",action=\"pause\"", offsetof(struct cdn_tally, trips[1]));
}

/* One tier's part of a histogram of times. */
static void tier_times(struct cdn_buf *out, const char *name, cordon_wall tier,
                       const uint64_t buckets[CDN_TALLY_TIMES], uint64_t sum_ns)
{
    const char *word = cordon_wall_str(tier);
    uint64_t passed = 0;

    for (uint32_t k = 0; k < CDN_TALLY_TIMES - 1; k++) {
        passed += buckets[k];
        cdn_buf_printf(out, "%s_bucket{tier=\"%s\",le=\"%g\"} %" PRIu64 "\n", name,
                       word, (double)cdn_tally_times_ns[k] / 1e9, passed);
    }
    passed += buckets[CDN_TALLY_TIMES - 1];
    cdn_buf_printf(out, "%s_bucket{tier=\"%s\",le=\"+Inf\"} %" PRIu64 "\n", name, word,
                   passed);
    cdn_buf_printf(out, "%s_sum{tier=\"%s\"} ", name, word);
    seconds(out, sum_ns);
    cdn_buf_printf(out, "%s_count{tier=\"%s\"} %" PRIu64 "\n", name, word, passed);
}

/* What the workers behind each wall do; `walls` is of those that something is known of. */
struct behind {
    uint32_t count;
    cordon_wall walls[CDN_WALLS];
    struct cdn_crews_stats stats[CDN_WALLS];
};

static bool known(const struct cdn_crews_stats *stats)
{
    return stats->busy || stats->idle || stats->starting || stats->leaving ||
           stats->waits_ns || stats->starts_ns || stats->failures;
}

static void look_behind(struct behind *behind, const cordon_engine *engine)
{
    behind->count = 0;
    for (int wall = CORDON_WALL_PROCESS; engine->workers && wall < CDN_WALLS; wall++) {
        struct cdn_crews_stats *stats = &behind->stats[behind->count];

        cdn_crews_stats(stats, engine->workers, (cordon_wall)wall);
        behind->walls[behind->count] = (cordon_wall)wall;
        behind->count += known(stats);
    }
}

/* Only callers that had to wait are in it: the others did not, for no time at all. */
static void waits(struct cdn_buf *out, cordon_engine *engine,
                  const struct behind *behind)
{
    static const char name[] = "cordon_pool_wait_seconds";
    uint64_t buckets[CDN_TALLY_TIMES], sum;

    pthread_mutex_lock(&engine->waiting);
    memcpy(buckets, engine->waits, sizeof buckets);
    sum = engine->waits_ns;
    pthread_mutex_unlock(&engine->waiting);
    head(out, name, "histogram",
         "Time that callers waited for a sandbox, or evaluations for a worker.");
    tier_times(out, name, CORDON_WALL_INPROC, buckets, sum);
    for (uint32_t i = 0; i < behind->count; i++)
        tier_times(out, name, behind->walls[i], behind->stats[i].waits,
                   behind->stats[i].waits_ns);
}

static void builds(struct cdn_buf *out, const cordon_engine *engine,
                   const struct behind *behind)
{
    static const char name[] = "cordon_state_create_duration_seconds";
    uint64_t buckets[CDN_TALLY_TIMES] = {0}, sum = 0;

    for (uint32_t i = 0; i < engine->lane_count; i++) {
        const struct cdn_lane *lane = &engine->lanes[i];

        sum += __atomic_load_n(&lane->builds_ns, __ATOMIC_RELAXED);
        for (uint32_t k = 0; k < CDN_TALLY_TIMES; k++)
            buckets[k] += __atomic_load_n(&lane->builds[k], __ATOMIC_RELAXED);
    }
    head(
        out, name, "histogram",
        "Building a rule's image in a sandbox, which a request only copies; starting a "
        "worker.");
    tier_times(out, name, CORDON_WALL_INPROC, buckets, sum);
    for (uint32_t i = 0; i < behind->count; i++)
        tier_times(out, name, behind->walls[i], behind->stats[i].starts,
                   behind->stats[i].starts_ns);
}

static void workers(struct cdn_buf *out, const struct behind *behind)
{
    for (uint32_t i = 0; i < behind->count; i++) {
        const struct cdn_crews_stats *stats = &behind->stats[i];
        const struct {
            const char *word;
            uint32_t count;
        } states[] = {{"busy", stats->busy},
                      {"idle", stats->idle},
                      {"starting", stats->starting},
                      {"ending", stats->leaving}};

        for (size_t k = 0; k < sizeof states / sizeof *states; k++)
            cdn_buf_printf(out, "cordon_pool_states{tier=\"%s\",state=\"%s\"} %u\n",
                           cordon_wall_str(behind->walls[i]), states[k].word,
                           states[k].count);
    }
}

/* Why workers ended, and how often none could be started. */
static void endings(struct cdn_buf *out, const struct behind *behind)
{
    head(out, "cordon_pool_ends_total", "counter", "Workers that ended, by why.");
    for (uint32_t i = 0; i < behind->count; i++)
        for (uint32_t k = 0; k < CDN_ENDS; k++)
            if (behind->stats[i].ends[k])
                cdn_buf_printf(out,
                               "cordon_pool_ends_total{tier=\"%s\",reason=\"%s\"} "
                               "%" PRIu64 "\n",
                               cordon_wall_str(behind->walls[i]),
                               cdn_end_str((enum cdn_end)k), behind->stats[i].ends[k]);
    head(out, "cordon_pool_start_failures_total", "counter",
         "Workers that could not be started.");
    for (uint32_t i = 0; i < behind->count; i++)
        cdn_buf_printf(out,
                       "cordon_pool_start_failures_total{tier=\"%s\"} %" PRIu64 "\n",
                       cordon_wall_str(behind->walls[i]), behind->stats[i].failures);
}

/* A bundle is a text, of a rule or of a set, from the registry or from the host. */
static void bundles(struct cdn_buf *out, const cordon_engine *engine)
{
    head(out, "cordon_bundle_load_total", "counter",
         "Texts of rules and sets that were to be loaded.");
    cdn_buf_printf(out,
                   "cordon_bundle_load_total{result=\"ok\"} %" PRIu64 "\n"
                   "cordon_bundle_load_total{result=\"error\"} %" PRIu64 "\n",
                   engine->bundles.loads, engine->bundles.refusals);
    if (!engine->bundles.loads)
        return;
    head(out, "cordon_bundle_last_success_timestamp_seconds", "gauge",
         "When the last text was loaded.");
    cdn_buf_printf(
        out, "cordon_bundle_last_success_timestamp_seconds %" PRId64 ".%03" PRId64 "\n",
        engine->bundles.loaded_ms / 1000, engine->bundles.loaded_ms % 1000);
}

static void pool(struct cdn_buf *out, cordon_engine *engine)
{
    struct behind behind;
    uint32_t used = 0;
    uint64_t interrupted = 0;

    for (uint32_t i = 0; i < engine->lane_count; i++) {
        used += atomic_load(&engine->lanes[i].leased);
        interrupted += __atomic_load_n(&engine->lanes[i].interrupted, __ATOMIC_RELAXED);
    }
    look_behind(&behind, engine);
    head(out, "cordon_pool_states", "gauge", "Sandboxes and workers by what they do.");
    cdn_buf_printf(out,
                   "cordon_pool_states{tier=\"inproc\",state=\"busy\"} %u\n"
                   "cordon_pool_states{tier=\"inproc\",state=\"idle\"} %u\n",
                   used, engine->lane_count - used);
    workers(out, &behind);
    head(out, "cordon_pool_waiting", "gauge", "Callers that wait for a sandbox.");
    cdn_buf_printf(out, "cordon_pool_waiting %u\n", atomic_load(&engine->waiters));
    waits(out, engine, &behind);
    builds(out, engine, &behind);
    endings(out, &behind);
    plain(out, "cordon_pool_interruptions_total", "counter",
          "Runs interrupted for one of higher priority.", interrupted);
    head(out, "cordon_quota_rejected_total", "counter",
         "Requests refused before they ran.");
    cdn_buf_printf(out,
                   "cordon_quota_rejected_total{reason=\"overloaded\"} %lu\n"
                   "cordon_quota_rejected_total{reason=\"busy\"} %lu\n"
                   "cordon_quota_rejected_total{reason=\"quota\"} %lu\n",
                   atomic_load(&engine->shed), atomic_load(&engine->lapsed),
                   atomic_load(&engine->over_quota));
}

static void state_of(struct cdn_buf *out, const cordon_engine *engine,
                     const struct cdn_state *state)
{
    plain(out, "cordon_rules", "gauge", "Rules and sets in service.", state->count);
    plain(out, "cordon_registry_sequence", "counter",
          "The registry's change that the rules stand at.", engine->seen.sequence);
    if (!state->snapshot)
        return;
    plain(out, "cordon_snapshot_generation", "gauge", "The generation in service.",
          cordon_snapshot_generation(state->snapshot));
    head(out, "cordon_snapshot_age_seconds", "gauge",
         "Time since the generation was taken into service.");
    cdn_buf_printf(out, "cordon_snapshot_age_seconds ");
    seconds(out, cdn_clock_ns() - engine->moved_ns);
}

static void audit(struct cdn_buf *out, const cordon_engine *engine)
{
    cordon_audit_stats stats = CORDON_AUDIT_STATS_INIT;
    cordon_audit *log = atomic_load(&engine->audit);

    if (!log || cordon_audit_get_stats(&stats, log, NULL))
        return;
    head(out, "cordon_log_queue_depth", "gauge", "Records that wait to be written.");
    cdn_buf_printf(out, "cordon_log_queue_depth{sink=\"audit\"} %" PRIu64 "\n",
                   stats.recorded - stats.written);
    head(out, "cordon_log_dropped_total", "counter", "Records that were lost.");
    cdn_buf_printf(out, "cordon_log_dropped_total{sink=\"audit\"} %" PRIu64 "\n",
                   stats.dropped);
}

cordon_status cordon_engine_metrics(char *text, size_t size, size_t *bytes,
                                    cordon_engine *engine, cordon_error *err)
{
    const struct cdn_state *state;
    cordon_status status = CORDON_OK;
    struct cdn_buf out = {0};
    struct rows rows = {0};

    if (!engine || !bytes || (!text && size))
        return cdn_error_set(err, CORDON_E_INVALID,
                             "cordon_engine_metrics: no %s; it must not be NULL",
                             !engine  ? "engine"
                             : !bytes ? "bytes"
                                      : "text");
    head(&out, "cordon_build_info", "gauge", "What the library was built from.");
    cdn_buf_printf(&out,
                   "cordon_build_info{version=\"%s\",luajit=\"%s\",commit=\"%s\"} 1\n",
                   cordon_version(), cdn_library_luajit(), CORDON_COMMIT);
    pthread_mutex_lock(&engine->writer);
    state = atomic_load(&engine->state);
    if (gather(&rows, state, engine->lane_count)) {
        evaluations(&out, &rows);
        durations(&out, &rows);
        limits(&out, &rows);
        if (engine->options.tighten)
            tightened(&out, &rows);
        costs(&out, &rows);
        memory(&out, &rows);
        decisions(&out, &rows);
        shadows(&out, &rows);
        rollouts(&out, engine, &rows);
        breaker_trips(&out, &rows);
        pool(&out, engine);
        bundles(&out, engine);
        state_of(&out, engine, state);
        audit(&out, engine);
    } else {
        status = CORDON_E_NOMEM;
    }
    pthread_mutex_unlock(&engine->writer);
    if (status || out.failed) {
        status = cdn_error_nomem(err);
    } else {
        *bytes = out.length;
        if (out.length < size)
            memcpy(text, out.data, out.length + 1);
        else
            status = cdn_error_set(err, CORDON_E_DATA,
                                   "the metrics take %zu bytes, %zu were given",
                                   out.length + 1, size);
    }
    cdn_free(rows.items);
    cdn_buf_deinit(&out);
    return status;
}
