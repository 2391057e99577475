/* One evaluation for a reader's eyes: what was decided, why, and what it cost.
 *
 *     fan_in_mule  Account:17
 *       decision  review
 *       score     0.83
 *       reasons   - 24 payers within 24 h
 *       output    payers: 24
 *
 * Everything that came out of a rule is escaped. */
#include "cli/eval.h"

#include <inttypes.h>
#include <string.h>

#define LABEL 10 /* width of the left column */

struct page {
    FILE *to;
    bool color;
};

static void label(const struct page *page, const char *name)
{
    fprintf(page->to, "  %s%-*s%s", cdn_style(page->color, CDN_STYLE_DIM), LABEL, name,
            cdn_style_end(page->color));
}

static void text(const struct page *page, const char *bytes, size_t count)
{
    char shown[1024];

    fputs(cdn_escape(shown, sizeof(shown), bytes, count), page->to);
}

/* Words that rule authors use, by how serious they sound; an unknown word is bold. */
static enum cdn_style decision_style(const char *decision)
{
    static const struct {
        const char *word;
        enum cdn_style style;
    } words[] = {{"allow", CDN_STYLE_GREEN},  {"approve", CDN_STYLE_GREEN},
                 {"accept", CDN_STYLE_GREEN}, {"pass", CDN_STYLE_GREEN},
                 {"ok", CDN_STYLE_GREEN},     {"clear", CDN_STYLE_GREEN},
                 {"trust", CDN_STYLE_GREEN},  {"review", CDN_STYLE_YELLOW},
                 {"flag", CDN_STYLE_YELLOW},  {"hold", CDN_STYLE_YELLOW},
                 {"alert", CDN_STYLE_YELLOW}, {"challenge", CDN_STYLE_YELLOW},
                 {"watch", CDN_STYLE_YELLOW}, {"deny", CDN_STYLE_RED},
                 {"block", CDN_STYLE_RED},    {"reject", CDN_STYLE_RED},
                 {"refuse", CDN_STYLE_RED},   {"distrust", CDN_STYLE_RED}};

    for (size_t i = 0; i < CDN_COUNT(words); i++) {
        if (!strcmp(decision, words[i].word))
            return words[i].style;
    }
    return CDN_STYLE_BOLD;
}

static void show_decision(const struct page *page, const cordon_outcome *outcome)
{
    const char *decision = cordon_outcome_decision(outcome);
    bool ok = cordon_outcome_get_kind(outcome) == CORDON_OUTCOME_OK;

    label(page, "decision");
    if (decision) {
        fputs(cdn_style(page->color, decision_style(decision)), page->to);
        text(page, decision, strlen(decision));
        fputs(cdn_style_end(page->color), page->to);
    } else {
        fputs("none", page->to);
    }
    if (!ok && !decision)
        fputs("  (the rule's fallback is \"none\": it is yours to decide)", page->to);
    else if (cordon_outcome_is_fallback(outcome))
        fputs("  (the rule's declared fallback stands in)", page->to);
    fputc('\n', page->to);
}

/* ---- values ---- */

static bool is_scalar(const cordon_value *value)
{
    return (value->type != CORDON_ARRAY && value->type != CORDON_MAP) ||
           value->length == 0;
}

static void show_scalar(const struct page *page, const cordon_value *value)
{
    switch (value->type) {
    case CORDON_NIL:
        fputs("nil", page->to);
        break;
    case CORDON_BOOLEAN:
        fputs(value->as.boolean ? "true" : "false", page->to);
        break;
    case CORDON_INTEGER:
        fprintf(page->to, "%" PRId64, value->as.integer);
        break;
    case CORDON_NUMBER:
        fprintf(page->to, "%.10g", value->as.number);
        break;
    case CORDON_STRING:
        text(page, value->as.string, value->length);
        break;
    case CORDON_ARRAY:
        fputs("(none)", page->to);
        break;
    case CORDON_MAP:
        fputs("(empty)", page->to);
        break;
    }
}

static bool all_scalar(const cordon_value *array)
{
    cordon_value_iter iter;
    cordon_value item;

    cordon_value_iter_init(&iter, array);
    while (cordon_value_next(&iter, NULL, &item)) {
        if (!is_scalar(&item))
            return false;
    }
    return true;
}

static void show_value(const struct page *page, const cordon_value *value,
                       unsigned indent);

/* What follows "key:" or "-": on the same line if it is small or a list's element, else a
 * block below. */
static void show_item(const struct page *page, const cordon_value *item,
                      unsigned indent, bool element_of_list)
{
    cordon_value_iter iter;
    cordon_value element;
    bool first = true;

    if (is_scalar(item)) {
        fputc(' ', page->to);
        show_scalar(page, item);
    } else if (item->type == CORDON_ARRAY && item->length <= 12 && all_scalar(item)) {
        cordon_value_iter_init(&iter, item);
        while (cordon_value_next(&iter, NULL, &element)) {
            fputs(first ? " " : ", ", page->to);
            show_scalar(page, &element);
            first = false;
        }
    } else {
        if (element_of_list)
            fputc(' ', page->to);
        else
            fprintf(page->to, "\n%*s", (int)indent, "");
        show_value(page, item, indent);
    }
}

/* A block whose first line starts where the cursor is, at column `indent`. */
static void show_value(const struct page *page, const cordon_value *value,
                       unsigned indent)
{
    cordon_value_iter iter;
    cordon_value key, item;
    bool first = true;

    if (is_scalar(value)) {
        show_scalar(page, value);
        return;
    }
    cordon_value_iter_init(&iter, value);
    while (cordon_value_next(&iter, &key, &item)) {
        if (!first)
            fprintf(page->to, "\n%*s", (int)indent, "");
        first = false;
        if (value->type == CORDON_MAP) {
            show_scalar(page, &key);
            fputc(':', page->to);
        } else {
            fputc('-', page->to);
        }
        show_item(page, &item, indent + 2, value->type == CORDON_ARRAY);
    }
}

static void show_block(const struct page *page, const char *name,
                       const cordon_value *value)
{
    label(page, name);
    show_value(page, value, LABEL + 2);
    fputc('\n', page->to);
}

static void show_reasons(const struct page *page, const cordon_outcome *outcome)
{
    size_t count = cordon_outcome_reason_count(outcome);

    for (size_t i = 0; i < count; i++) {
        const char *reason = cordon_outcome_reason(outcome, i);

        label(page, i ? "" : "reasons");
        fputs("- ", page->to);
        text(page, reason, strlen(reason));
        fputc('\n', page->to);
    }
}

/* ---- cost ---- */

static void cost_row(struct cdn_table *table, const char *name, const char *used,
                     const char *limit, uint64_t part, uint64_t whole)
{
    char bar[11];
    double share = whole ? (double)part / (double)whole : 0;
    int filled = share >= 1 ? 10 : (int)(share * 10 + 0.5);

    cdn_table_cell(table, "%s", name);
    cdn_table_cell(table, "%s", used);
    if (!whole) {
        cdn_table_cell(table, "-");
        cdn_table_cell(table, "%s", "");
        cdn_table_cell(table, "%s", "");
        return;
    }
    cdn_table_cell(table, "%s", limit);
    cdn_table_cell(table, share > 0 && share < 0.001 ? "<0.1 %%" : "%.1f %%",
                   share * 100);
    for (int i = 0; i < 10; i++)
        bar[i] = i < filled ? '#' : '.';
    bar[10] = '\0';
    cdn_table_cell(table, "%s", bar);
}

static void show_usage(const struct page *page, const cordon_usage *usage)
{
    struct cdn_table table;
    char used[32], limit[32];

    cdn_table_init(&table, 5, "lrrrl");
    cdn_table_cell(&table, "cost");
    cdn_table_cell(&table, "used");
    cdn_table_cell(&table, "limit");
    cdn_table_cell(&table, "share");
    cdn_table_cell(&table, "%s", "");
    cost_row(&table, "instructions",
             cdn_show_count(used, sizeof(used), usage->instructions),
             cdn_show_count(limit, sizeof(limit), usage->instructions_limit),
             usage->instructions, usage->instructions_limit);
    cost_row(&table, "edges read", cdn_show_count(used, sizeof(used), usage->edges),
             cdn_show_count(limit, sizeof(limit), usage->edges_limit), usage->edges,
             usage->edges_limit);
    cost_row(&table, "nodes touched", cdn_show_count(used, sizeof(used), usage->nodes),
             cdn_show_count(limit, sizeof(limit), usage->nodes_limit), usage->nodes,
             usage->nodes_limit);
    cost_row(&table, "hops", cdn_show_count(used, sizeof(used), usage->hops),
             cdn_show_count(limit, sizeof(limit), usage->hops_limit), usage->hops,
             usage->hops_limit);
    cost_row(&table, "memory", cdn_show_bytes(used, sizeof(used), usage->memory_bytes),
             cdn_show_bytes(limit, sizeof(limit), usage->memory_limit_bytes),
             usage->memory_bytes, usage->memory_limit_bytes);
    cost_row(&table, "output", cdn_show_bytes(used, sizeof(used), usage->output_bytes),
             cdn_show_bytes(limit, sizeof(limit), usage->output_limit_bytes),
             usage->output_bytes, usage->output_limit_bytes);
    cost_row(&table, "time", cdn_show_ns(used, sizeof(used), usage->wall_ns),
             cdn_show_ns(limit, sizeof(limit), usage->wall_limit_ns), usage->wall_ns,
             usage->wall_limit_ns);
    cost_row(&table, "  in the graph",
             cdn_show_ns(used, sizeof(used), usage->native_ns), "", 0, 0);
    fputc('\n', page->to);
    cdn_table_print(&table, page->to, page->color, 2);
    cdn_table_deinit(&table);
}

static void show_timing(const struct page *page, const struct cdn_eval_timing *timing)
{
    char count[32], p50[32], p90[32], p99[32];

    label(page, "timing");
    fprintf(page->to, "p50 %s, p90 %s, p99 %s over %s runs\n",
            cdn_show_ns(p50, sizeof(p50), timing->p50_ns),
            cdn_show_ns(p90, sizeof(p90), timing->p90_ns),
            cdn_show_ns(p99, sizeof(p99), timing->p99_ns),
            cdn_show_count(count, sizeof(count), timing->count));
}

/* ---- what went wrong ---- */

/* The message without the place it names, which stands before it already. */
static void placeless(char *out, size_t size, const cordon_outcome *outcome)
{
    char place[CORDON_ERROR_FILE_BYTES + 16];
    char *at;

    snprintf(out, size, "%s", cordon_outcome_message(outcome));
    snprintf(place, sizeof(place), " at %s:%" PRIu32, cordon_outcome_file(outcome),
             cordon_outcome_line(outcome));
    at = strstr(out, place);
    if (at && (at[strlen(place)] == ';' || !at[strlen(place)]))
        memmove(at, at + strlen(place), strlen(at + strlen(place)) + 1);
}

static void show_fault(const struct page *page, const struct cdn_eval_result *result)
{
    const cordon_outcome *outcome = result->outcome;
    char message[2 * CORDON_ERROR_MESSAGE_BYTES];
    const struct cdn_diagnostic diagnostic = {
        .severity = cordon_outcome_kind_str(cordon_outcome_get_kind(outcome)),
        .file = cordon_outcome_file(outcome),
        .line = cordon_outcome_line(outcome),
        .message = message,
        .source = (const char *)result->rule->source.data,
        .source_bytes = result->rule->source.length,
    };

    placeless(message, sizeof(message), outcome);
    cdn_diagnostic_print(page->to, page->color, &diagnostic);
}

static void show_subject(const struct page *page, const struct cdn_eval_result *result)
{
    const struct cdn_request *request = result->request;

    fprintf(page->to, "%s%s%s", cdn_style(page->color, CDN_STYLE_BOLD),
            result->rule->name, cdn_style_end(page->color));
    if (request->has_node) {
        fputs("  ", page->to);
        text(page, request->label, strlen(request->label));
        fputc(':', page->to);
        text(page, (const char *)request->key.data, request->key.length);
    }
    if (result->line)
        fprintf(page->to, "%s  line %" PRIu64 "%s",
                cdn_style(page->color, CDN_STYLE_DIM), result->line,
                cdn_style_end(page->color));
    fputc('\n', page->to);
}

void cdn_eval_show(FILE *to, bool color, const struct cdn_eval_result *result,
                   bool usage)
{
    const struct page page = {to, color};
    const cordon_outcome *outcome = result->outcome;
    cordon_value output, nodes, edges;
    double score;

    show_subject(&page, result);
    if (result->status) {
        struct cdn_diagnostic diagnostic = {.severity = "error",
                                            .message = result->err->message};

        cdn_diagnostic_print(to, color, &diagnostic);
        return;
    }
    if (cordon_outcome_get_kind(outcome) != CORDON_OUTCOME_OK)
        show_fault(&page, result);
    show_decision(&page, outcome);
    if (cordon_outcome_score(outcome, &score)) {
        label(&page, "score");
        fprintf(to, "%.6g\n", score);
    }
    show_reasons(&page, outcome);
    output = cordon_outcome_output(outcome);
    nodes = cordon_outcome_updated_nodes(outcome);
    edges = cordon_outcome_new_edges(outcome);
    if (output.type != CORDON_NIL)
        show_block(&page, "output", &output);
    if (nodes.length)
        show_block(&page, "proposes", &nodes);
    if (edges.length)
        show_block(&page, nodes.length ? "" : "proposes", &edges);
    if (cordon_outcome_truncated(outcome)) {
        label(&page, "note");
        fputs("a traversal was cut by limit(), latest(), largest() or the like\n", to);
    }
    if (result->timing.count)
        show_timing(&page, &result->timing);
    if (usage)
        show_usage(&page, cordon_outcome_usage(outcome));
    if (result->explain) {
        fputc('\n', to);
        cdn_explain_show(to, color, result->traced);
    }
}
