/* A bench's JSON, written and read, and two of them compared: see saved.h.
 *
 * What is read is looked up by name in msgpack made from the JSON, so that a file with more in
 * it than is known here, or in another order, is read all the same; what is there has to be
 * what it should be, since a figure that is missing would pass for one that did not grow. */
#include "cli/bench/saved.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <cordon/evaluate.h>

#include "base/alloc.h"
#include "codec/json.h"
#include "codec/json_read.h"

/* ---- writing ---- */

static double share_of(uint64_t used, uint64_t limit)
{
    return limit ? (double)used / (double)limit : 0;
}

static void write_time(struct cdn_json *json, const char *key, int64_t ms)
{
    cdn_json_key(json, key);
    if (ms == CORDON_NO_TIME)
        cdn_json_null(json);
    else
        cdn_json_int(json, ms);
}

static void write_cost(struct cdn_json *json, const struct cdn_bench_group *group,
                       unsigned cost, uint64_t limit)
{
    cdn_json_key(json, cdn_cost_words[cost]);
    cdn_json_object(json);
    for (unsigned q = 0; q < CDN_QUANTILES; q++)
        cdn_json_key_uint(json, cdn_quantile_words[q], group->quantiles[cost][q]);
    cdn_json_key_double(json, "mean", group->means[cost]);
    cdn_json_key(json, "share");
    cdn_json_object(json);
    for (unsigned q = 0; q < CDN_QUANTILES; q++)
        cdn_json_key_double(json, cdn_quantile_words[q],
                            share_of(group->quantiles[cost][q], limit));
    cdn_json_object_end(json);
    cdn_json_object_end(json);
}

static void write_group(struct cdn_json *json, const struct cdn_bench_report *report,
                        const struct cdn_bench_group *group)
{
    cdn_json_object(json);
    cdn_json_key_cstr(json, "degree", group->name);
    cdn_json_key_uint(json, "nodes", group->nodes);
    cdn_json_key_uint(json, "runs", group->runs);
    cdn_json_key(json, "outcomes");
    cdn_json_object(json);
    for (unsigned i = 0; i <= CORDON_OUTCOME_CANCELLED; i++) {
        if (group->outcomes[i])
            cdn_json_key_uint(json, cordon_outcome_kind_str((cordon_outcome_kind)i),
                              group->outcomes[i]);
    }
    cdn_json_object_end(json);
    cdn_json_key(json, "costs");
    cdn_json_object(json);
    for (unsigned cost = 0; cost < CDN_COSTS; cost++)
        write_cost(json, group, cost, report->limits[cost]);
    cdn_json_object_end(json);
    cdn_json_object_end(json);
}

static void write_change(struct cdn_json *json, const struct cdn_bench_report *report,
                         const struct cdn_bench_change *change)
{
    cdn_json_object(json);
    cdn_json_key_cstr(json, "degree", report->figures.groups[change->group].name);
    cdn_json_key_cstr(json, "cost", cdn_cost_words[change->cost]);
    cdn_json_key_cstr(json, "quantile", cdn_quantile_words[change->quantile]);
    cdn_json_key_uint(json, "before", change->before);
    cdn_json_key_uint(json, "after", change->after);
    cdn_json_key_bool(json, "regressed", change->regressed);
    cdn_json_object_end(json);
}

static void write_comparison(struct cdn_json *json,
                             const struct cdn_bench_report *report,
                             const struct cdn_bench_comparison *comparison)
{
    cdn_json_key(json, "comparison");
    cdn_json_object(json);
    cdn_json_key_cstr(json, "file", comparison->file);
    cdn_json_key_bool(json, "same_rule", comparison->same_rule);
    cdn_json_key_double(json, "threshold_percent", comparison->threshold);
    if (comparison->time_threshold >= 0)
        cdn_json_key_double(json, "time_threshold_percent", comparison->time_threshold);
    cdn_json_key_uint(json, "regressions", comparison->regressions);
    cdn_json_key(json, "changes");
    cdn_json_array(json);
    for (size_t i = 0; i < comparison->count; i++)
        write_change(json, report, &comparison->changes[i]);
    cdn_json_array_end(json);
    cdn_json_object_end(json);
}

static void write_identity(struct cdn_json *json, const struct cdn_bench_report *report)
{
    const struct cdn_bench_identity *identity = &report->identity;

    cdn_json_key_cstr(json, "rule", identity->rule);
    cdn_json_key_cstr(json, "file", report->file);
    cdn_json_key_cstr(json, "digest", identity->digest);
    cdn_json_key(json, "snapshot_id");
    if (identity->snapshot_id)
        cdn_json_hex(json, identity->snapshot_id);
    else
        cdn_json_null(json);
    cdn_json_key_uint(json, "generation", report->generation);
    cdn_json_key_cstr(json, "tier", report->tier);
    cdn_json_key(json, "workload");
    cdn_json_hex(json, identity->workload);
    cdn_json_key(json, "sample");
    cdn_json_object(json);
    cdn_json_key_cstr(json, "label", identity->label[0] ? identity->label : NULL);
    cdn_json_key_uint(json, "seed", identity->seed);
    cdn_json_key_uint(json, "per_class", identity->per_class);
    cdn_json_object_end(json);
    write_time(json, "now", identity->now_ms);
    write_time(json, "as_of", identity->as_of_ms);
}

void cdn_bench_json(struct cdn_buf *out, const struct cdn_bench_report *report,
                    const struct cdn_bench_comparison *comparison, bool pretty)
{
    struct cdn_json json;

    cdn_json_init(&json, out, pretty);
    cdn_json_object(&json);
    cdn_json_key_uint(&json, "schema_version", CDN_BENCH_SCHEMA_VERSION);
    cdn_json_key_cstr(&json, "kind", "cordon-bench");
    write_identity(&json, report);
    cdn_json_key_uint(&json, "rounds", report->rounds);
    cdn_json_key_uint(&json, "warmup", report->warmup);
    cdn_json_key(&json, "limits");
    cdn_json_object(&json);
    for (unsigned cost = 0; cost < CDN_COSTS; cost++)
        cdn_json_key_uint(&json, cdn_cost_words[cost], report->limits[cost]);
    cdn_json_object_end(&json);
    cdn_json_key(&json, "groups");
    cdn_json_array(&json);
    for (size_t i = 0; i < report->figures.count; i++)
        write_group(&json, report, &report->figures.groups[i]);
    cdn_json_array_end(&json);
    if (report->dearest[0]) {
        cdn_json_key(&json, "dearest");
        cdn_json_object(&json);
        cdn_json_key_cstr(&json, "node", report->dearest);
        cdn_json_key_uint(&json, "degree", report->dearest_degree);
        cdn_json_key_cstr(&json, "cost", cdn_cost_words[report->dearest_cost]);
        cdn_json_key_uint(&json, "used", report->dearest_used);
        cdn_json_key_uint(&json, "limit", report->limits[report->dearest_cost]);
        cdn_json_object_end(&json);
    }
    if (report->fault[0])
        cdn_json_key_cstr(&json, "fault", report->fault);
    if (comparison)
        write_comparison(&json, report, comparison);
    cdn_json_object_end(&json);
}

/* ---- reading ---- */

static cordon_status not_a(cordon_error *err, const char *where, const char *key,
                           const char *right)
{
    return cdn_error_set(err, CORDON_E_DATA,
                         "%s%s must be %s; cordon bench --save "
                         "writes such a file",
                         where, key, right);
}

static cordon_status take_text(char *out, size_t size, const cordon_value *map,
                               const char *where, const char *key, cordon_error *err)
{
    cordon_value value;

    if (!cordon_value_get(&value, map, key) || value.type != CORDON_STRING ||
        value.length >= size || memchr(value.as.string, '\0', value.length))
        return not_a(err, where, key, "a short text");
    memcpy(out, value.as.string, value.length);
    out[value.length] = '\0';
    return CORDON_OK;
}

static cordon_status take_count(uint64_t *out, const cordon_value *map,
                                const char *where, const char *key, cordon_error *err)
{
    cordon_value value;

    if (!cordon_value_get(&value, map, key) || value.type != CORDON_INTEGER ||
        value.as.integer < 0)
        return not_a(err, where, key, "a whole number from 0");
    *out = (uint64_t)value.as.integer;
    return CORDON_OK;
}

static cordon_status take_hex(uint64_t *out, const cordon_value *map, const char *key,
                              bool optional, cordon_error *err)
{
    static const char digits[] = "0123456789abcdef";
    cordon_value value;
    bool good = cordon_value_get(&value, map, key);

    *out = 0;
    if (good && optional && value.type == CORDON_NIL)
        return CORDON_OK;
    good = good && value.type == CORDON_STRING && value.length == 16;
    for (uint32_t i = 0; good && i < 16; i++) {
        const char *digit =
            value.as.string[i] ? strchr(digits, value.as.string[i]) : NULL;

        good = digit != NULL;
        if (good)
            *out = *out << 4 | (uint64_t)(digit - digits);
    }
    return good ? CORDON_OK : not_a(err, "", key, "16 hexadecimal digits");
}

static cordon_status take_time(int64_t *out, const cordon_value *map, const char *key,
                               cordon_error *err)
{
    cordon_value value;

    *out = CORDON_NO_TIME;
    if (!cordon_value_get(&value, map, key) ||
        (value.type != CORDON_NIL && value.type != CORDON_INTEGER))
        return not_a(err, "", key, "a time in milliseconds, or null");
    if (value.type == CORDON_INTEGER)
        *out = value.as.integer;
    return CORDON_OK;
}

static cordon_status take_identity(struct cdn_bench_identity *out,
                                   const cordon_value *map, cordon_error *err)
{
    cordon_value sample, label;
    cordon_status status =
        take_text(out->rule, sizeof(out->rule), map, "", "rule", err);

    if (!status)
        status = take_text(out->digest, sizeof(out->digest), map, "", "digest", err);
    if (!status)
        status = take_hex(&out->snapshot_id, map, "snapshot_id", true, err);
    if (!status)
        status = take_hex(&out->workload, map, "workload", false, err);
    if (!status)
        status = take_time(&out->now_ms, map, "now", err);
    if (!status)
        status = take_time(&out->as_of_ms, map, "as_of", err);
    if (status)
        return status;
    if (!cordon_value_get(&sample, map, "sample") || sample.type != CORDON_MAP)
        return not_a(err, "", "sample", "an object");
    status = take_count(&out->seed, &sample, "sample.", "seed", err);
    if (!status)
        status = take_count(&out->per_class, &sample, "sample.", "per_class", err);
    if (!status &&
        (!cordon_value_get(&label, &sample, "label") || label.type != CORDON_NIL))
        status =
            take_text(out->label, sizeof(out->label), &sample, "sample.", "label", err);
    return status;
}

static cordon_status take_group(struct cdn_bench_group *out, const cordon_value *map,
                                uint32_t number, cordon_error *err)
{
    char where[96];
    cordon_value costs, cost;
    cordon_status status;

    snprintf(where, sizeof(where), "groups[%" PRIu32 "].", number);
    if (map->type != CORDON_MAP)
        return cdn_error_set(err, CORDON_E_DATA,
                             "groups[%" PRIu32 "] must be an object", number);
    status = take_text(out->name, sizeof(out->name), map, where, "degree", err);
    if (status)
        return status;
    if (!cordon_value_get(&costs, map, "costs") || costs.type != CORDON_MAP)
        return not_a(err, where, "costs", "an object");
    for (unsigned i = 0; i < CDN_COSTS && !status; i++) {
        snprintf(where, sizeof(where), "groups[%" PRIu32 "].costs.", number);
        if (!cordon_value_get(&cost, &costs, cdn_cost_words[i]) ||
            cost.type != CORDON_MAP)
            return not_a(err, where, cdn_cost_words[i], "an object");
        snprintf(where, sizeof(where), "groups[%" PRIu32 "].costs.%s.", number,
                 cdn_cost_words[i]);
        for (unsigned q = 0; q < CDN_QUANTILES && !status; q++)
            status = take_count(&out->quantiles[i][q], &cost, where,
                                cdn_quantile_words[q], err);
    }
    return status;
}

static cordon_status take_groups(struct cdn_bench_figures *out, const cordon_value *map,
                                 cordon_error *err)
{
    cordon_value groups, item;
    cordon_value_iter iter;
    cordon_status status = CORDON_OK;

    if (!cordon_value_get(&groups, map, "groups") || groups.type != CORDON_ARRAY ||
        groups.length > CDN_SAMPLE_CLASSES + 1)
        return not_a(err, "", "groups", "a list of at most 22 objects");
    out->groups = cdn_calloc(groups.length, sizeof(*out->groups));
    if (!out->groups)
        return cdn_error_nomem(err);
    cordon_value_iter_init(&iter, &groups);
    while (!status && cordon_value_next(&iter, NULL, &item)) {
        status = take_group(&out->groups[out->count], &item, (uint32_t)out->count, err);
        out->count += !status;
    }
    return status;
}

static cordon_status read_packed(struct cdn_bench_saved *out,
                                 const struct cdn_buf *packed, cordon_error *err)
{
    cordon_value map, kind;
    uint64_t version = 0;
    cordon_status status = cordon_value_parse(&map, packed->data, packed->length, err);

    if (status)
        return status;
    if (map.type != CORDON_MAP || !cordon_value_get(&kind, &map, "kind") ||
        kind.type != CORDON_STRING || kind.length != strlen("cordon-bench") ||
        memcmp(kind.as.string, "cordon-bench", kind.length))
        return cdn_error_set(err, CORDON_E_DATA,
                             "it is no saved bench: its \"kind\" is not "
                             "\"cordon-bench\"");
    status = take_count(&version, &map, "", "schema_version", err);
    if (!status && version != CDN_BENCH_SCHEMA_VERSION)
        return cdn_error_set(err, CORDON_E_DATA,
                             "it has schema_version %" PRIu64
                             ", and this cordon reads %d; save it again",
                             version, CDN_BENCH_SCHEMA_VERSION);
    if (!status)
        status = take_identity(&out->identity, &map, err);
    if (!status)
        status = take_groups(&out->figures, &map, err);
    return status;
}

cordon_status cdn_bench_read(struct cdn_bench_saved *out, const char *text,
                             size_t bytes, cordon_error *err)
{
    struct cdn_buf packed = {0};
    cordon_status status;

    *out = (struct cdn_bench_saved){0};
    status = cdn_json_to_pack(&packed, text, bytes, err);
    if (!status)
        status = read_packed(out, &packed, err);
    cdn_buf_deinit(&packed);
    return status;
}

/* ---- comparing ---- */

static cordon_status differ(cordon_error *err, const char *what)
{
    return cdn_error_set(err, CORDON_E_DATA,
                         "it cannot be compared: it is of another %s; bench the old "
                         "rule again with --save",
                         what);
}

/* Did both ask the same?  The digest of the requests has the last word, since rules may
 * sample by what they read. */
static cordon_status check_same(const struct cdn_bench_identity *now,
                                const struct cdn_bench_identity *before,
                                cordon_error *err)
{
    char shown[2 * CORDON_RULE_MAX_NAME_BYTES];

    if (strcmp(now->rule, before->rule)) {
        cdn_escape(shown, sizeof(shown), before->rule, strlen(before->rule));
        return cdn_error_set(err, CORDON_E_DATA,
                             "it cannot be compared: it is of the rule '%s', not of "
                             "'%s'",
                             shown, now->rule);
    }
    if (now->snapshot_id != before->snapshot_id)
        return differ(err, "snapshot");
    if (strcmp(now->label, before->label))
        return differ(err, "label's nodes (--label)");
    if (now->per_class != before->per_class)
        return differ(err, "number of nodes (--sample)");
    if (now->seed != before->seed)
        return differ(err, "choice of nodes (--seed)");
    if (now->now_ms != before->now_ms)
        return differ(err, "present (--now)");
    if (now->as_of_ms != before->as_of_ms)
        return differ(err, "moment (--as-of)");
    if (now->workload != before->workload)
        return differ(err, "set of requests (nodes or parameters)");
    return CORDON_OK;
}

static const struct cdn_bench_group *find_group(const struct cdn_bench_figures *figures,
                                                const char *name)
{
    for (size_t i = 0; i < figures->count; i++) {
        if (!strcmp(figures->groups[i].name, name))
            return &figures->groups[i];
    }
    return NULL;
}

/* Output may grow with a reason's wording, and the times of a tail are the machine's. */
static bool is_compared(const struct cdn_bench_comparison *comparison, unsigned cost,
                        unsigned quantile)
{
    if (cost == CDN_COST_OUTPUT)
        return false;
    if (cost == CDN_COST_TIME)
        return comparison->time_threshold >= 0 && quantile <= CDN_QUANTILE_P99;
    return true;
}

static void compare_group(struct cdn_bench_comparison *out, uint32_t number,
                          const struct cdn_bench_group *now,
                          const struct cdn_bench_group *before)
{
    for (unsigned cost = 0; cost < CDN_COSTS; cost++) {
        double percent = cost == CDN_COST_TIME ? out->time_threshold : out->threshold;

        for (unsigned q = 0; q < CDN_QUANTILES; q++) {
            struct cdn_bench_change change = {.group = number,
                                              .cost = (enum cdn_cost)cost,
                                              .quantile = (enum cdn_quantile)q,
                                              .before = before->quantiles[cost][q],
                                              .after = now->quantiles[cost][q]};

            if (!is_compared(out, cost, q) || change.before == change.after)
                continue;
            change.regressed =
                (double)change.after > (double)change.before * (1 + percent / 100);
            out->regressions += change.regressed;
            out->changes[out->count++] = change;
        }
    }
}

cordon_status cdn_bench_compare(struct cdn_bench_comparison *out,
                                const struct cdn_bench_report *report,
                                const struct cdn_bench_saved *saved, cordon_error *err)
{
    const struct cdn_bench_figures *figures = &report->figures;
    cordon_status status = check_same(&report->identity, &saved->identity, err);

    out->changes = NULL;
    out->count = out->regressions = 0;
    out->same_rule = !strcmp(report->identity.digest, saved->identity.digest);
    if (status)
        return status;
    out->changes =
        cdn_calloc(figures->count * CDN_COSTS * CDN_QUANTILES, sizeof(*out->changes));
    if (!out->changes)
        return cdn_error_nomem(err);
    for (size_t i = 0; i < figures->count; i++) {
        const struct cdn_bench_group *before =
            find_group(&saved->figures, figures->groups[i].name);

        if (!before)
            return cdn_error_set(err, CORDON_E_DATA,
                                 "it has no group '%s', which the same requests have "
                                 "now; its file is not whole",
                                 figures->groups[i].name);
        compare_group(out, (uint32_t)i, &figures->groups[i], before);
    }
    return CORDON_OK;
}
