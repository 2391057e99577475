/* What to know about the figures of a backtest before they are believed.
 *
 * The worst is what leaks the future: edges are cut at each event's time, but a column of
 * nodes has one value, today's, unless the schema says that it never changes; and an edge
 * without a time is there from the beginning. */
#include "cli/backtest/report.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "base/time.h"
#include "snapshot/snapshot.h"

CDN_PRINTF(3, 4)
static void caveat(struct cdn_backtest *test, bool warn, const char *format, ...)
{
    char text[CORDON_ERROR_MESSAGE_BYTES];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (warn)
        cdn_cli_warn(test->cli, "%s", text);
    cdn_buf_append(&test->caveats, text, strlen(text) + 1);
    test->caveat_count++;
}

/* ---- what a rule reads ---- */

/* Add "Account.country" to a list of names; the rest of a long one is left out. */
static void list(char *out, size_t size, const char *kind, const char *property)
{
    size_t used = strlen(out);

    if (used + strlen(kind) + (property ? strlen(property) : 0) + 8 > size) {
        if (used + 5 < size && (used < 3 || strcmp(out + used - 3, "...") != 0))
            snprintf(out + used, size - used, ", ...");
        return;
    }
    snprintf(out + used, size - used, "%s%s%s%s", used ? ", " : "", kind,
             property ? "." : "", property ? property : "");
}

static void list_columns(char *out, size_t size, const struct cdn_names *names,
                         const struct cdn_name_kind *kind,
                         const struct cdn_label *label)
{
    for (uint32_t p = 0; p < names->property_count; p++) {
        int32_t at;

        if (!((kind->properties >> p) & 1))
            continue;
        at = cdn_properties_find(label->properties, label->property_count,
                                 names->properties[p]);
        if (at >= 0 && !label->properties[at].immutable)
            list(out, size, kind->name, names->properties[p]);
    }
}

static bool is_timeless(const struct cdn_schema *schema, const char *type)
{
    for (uint32_t r = 0; r < schema->relation_count; r++) {
        if (!strcmp(schema->relations[r].type, type))
            return schema->relations[r].time < 0;
    }
    return false;
}

static void check_reads(struct cdn_backtest *test, const struct cdn_side *side,
                        const struct cdn_schema *schema)
{
    const struct cdn_names *names = &side->rule->names;
    char columns[400] = "", edges[200] = "";

    for (uint32_t k = 0; k < names->kind_count; k++) {
        const struct cdn_name_kind *kind = &names->kinds[k];
        int32_t label = cdn_schema_label(schema, kind->name);

        if (label >= 0)
            list_columns(columns, sizeof(columns), names, kind, &schema->labels[label]);
        else if (is_timeless(schema, kind->name))
            list(edges, sizeof(edges), kind->name, NULL);
    }
    if (columns[0])
        caveat(test, true,
               "%s reads columns of nodes that have no history: %s. Every event sees "
               "today's value, which leaks the future; if a column never changes, name "
               "it in its label's `immutable` (cordon check --explain CRD104)",
               side->title, columns);
    if (edges[0])
        caveat(
            test, false,
            "%s reads edges without a time: %s. They are there at every event's time, "
            "even if they came later",
            side->title, edges);
}

/* ---- what the corpus is like ---- */

static void check_events(struct cdn_backtest *test)
{
    uint64_t timeless = 0, early = 0;
    char count[40], from[40];

    for (size_t i = 0; i < test->corpus.count; i++) {
        int64_t at = test->corpus.events[i].at_ms;

        timeless += at == CORDON_NO_TIME;
        early += at != CORDON_NO_TIME && test->graph_first_ms != CORDON_NO_TIME &&
                 at < test->graph_first_ms;
    }
    if (timeless)
        caveat(
            test, true,
            "%s events have no time and are asked about as of %s: the rule sees what "
            "happened after them",
            cdn_show_count(count, sizeof(count), timeless),
            cdn_time_format(from, sizeof(from), test->sides[0].ask.last_ms));
    if (early)
        caveat(
            test, true,
            "%s events are from before the graph's first edge (%s): the rule sees no "
            "edge there",
            cdn_show_count(count, sizeof(count), early),
            cdn_time_format(from, sizeof(from), test->graph_first_ms));
    if (test->last_ms != CORDON_NO_TIME && test->graph_last_ms != CORDON_NO_TIME &&
        test->last_ms > test->graph_last_ms)
        caveat(
            test, false,
            "the last events are later than the graph's last edge (%s): what happened "
            "in between is not in it",
            cdn_time_format(from, sizeof(from), test->graph_last_ms));
    if (test->later)
        caveat(test, false, "%s events are later than --as-of and left out",
               cdn_show_count(count, sizeof(count), test->later));
    if (test->sampled_from)
        caveat(test, false,
               "a sample of %s of %s events; the intervals say how far off "
               "it may be",
               cdn_show_count(count, sizeof(count), test->corpus.count),
               cdn_show_count(from, sizeof(from), test->sampled_from));
}

static void check_side(struct cdn_backtest *test, const struct cdn_side *side)
{
    const struct cdn_measures *measures = &side->measures;
    uint64_t stopped = measures->kinds[CORDON_OUTCOME_LIMIT];
    uint64_t failed = measures->judged - measures->kinds[CORDON_OUTCOME_OK] - stopped;
    char count[40];

    if (stopped)
        caveat(test, true,
               "%s was stopped by a limit on %s events; there its fallback decides",
               side->title, cdn_show_count(count, sizeof(count), stopped));
    if (failed)
        caveat(test, true, "%s ended in error on %s events; there its fallback decides",
               side->title, cdn_show_count(count, sizeof(count), failed));
    if (measures->limits[CORDON_BUDGET_TIME])
        caveat(
            test, false,
            "%s of them were ended by the clock, and may not be on another day",
            cdn_show_count(count, sizeof(count), measures->limits[CORDON_BUDGET_TIME]));
    if (measures->scores.count && measures->scores.count < measures->judged)
        caveat(test, false, "%s gave no score to %s events: no threshold finds them",
               side->title,
               cdn_show_count(count, sizeof(count),
                              measures->judged - measures->scores.count));
}

void cdn_backtest_caveats(struct cdn_backtest *test, const cordon_snapshot *snapshot)
{
    const struct cdn_measures *measures = &test->sides[0].measures;
    char count[40];

    for (uint32_t s = 0; s < test->side_count; s++)
        check_reads(test, &test->sides[s], &snapshot->schema);
    check_events(test);
    if (measures->kinds[CDN_VERDICT_NO_NODE])
        caveat(
            test, true,
            "%s events name a node that the graph does not have; they are in no other "
            "figure",
            cdn_show_count(count, sizeof(count), measures->kinds[CDN_VERDICT_NO_NODE]));
    if (!measures->truths[CDN_TRUTH_FRAUD] && !measures->truths[CDN_TRUTH_GOOD])
        caveat(test, true,
               "no event has a label: there is no precision and no recall. Give them "
               "with --labels FILE");
    else if (!measures->truths[CDN_TRUTH_FRAUD])
        caveat(test, true, "no event is labelled fraud: there is no recall");
    else if (!measures->truths[CDN_TRUTH_GOOD])
        caveat(test, true,
               "no event is labelled good: precision says nothing. If events without a "
               "label are good, say --unlabelled good");
    for (uint32_t s = 0; s < test->side_count; s++)
        check_side(test, &test->sides[s]);
}

void cdn_backtest_graph_times(struct cdn_backtest *test,
                              const cordon_snapshot *snapshot)
{
    test->graph_first_ms = test->graph_last_ms = CORDON_NO_TIME;
    for (uint32_t r = 0; r < snapshot->relation_count; r++) {
        const struct cdn_relation *relation = &snapshot->relations[r];
        const struct cdn_column *column;

        if (relation->schema->time < 0 || !relation->edge_count)
            continue;
        column = &relation->outgoing.columns[relation->schema->time];
        if (column->minimum > column->maximum)
            continue;
        if (test->graph_first_ms == CORDON_NO_TIME ||
            column->minimum < test->graph_first_ms)
            test->graph_first_ms = column->minimum;
        if (test->graph_last_ms == CORDON_NO_TIME ||
            column->maximum > test->graph_last_ms)
            test->graph_last_ms = column->maximum;
    }
}
