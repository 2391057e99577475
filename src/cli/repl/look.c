/* What there is to look at: the schema, a node, some nodes, the snapshot, the limits.
 *
 * The graph is asked in Lua like anybody's, within an input's limits and as of the same time;
 * only which nodes a sample takes is read off directly. */
#include "cli/repl/repl.h"

#include <inttypes.h>
#include <string.h>

#include "base/hash.h"
#include "base/suggest.h"
#include "snapshot/snapshot.h"

enum { SAMPLE = 5, MOST_SAMPLED = 20 };

static const cordon_snapshot *need_snapshot(struct cdn_repl *repl)
{
    if (!repl->session.snapshot)
        cdn_repl_fail(repl, CDN_EXIT_USAGE, "there is no graph; :data STORE opens one");
    return repl->session.snapshot;
}

static void print_results(struct cdn_repl *repl)
{
    cordon_value results = cdn_console_results(repl->console), value;
    cordon_value_iter iter;

    cordon_value_iter_init(&iter, &results);
    while (cordon_value_next(&iter, NULL, &value))
        cdn_repl_print(repl, &value);
}

/* ---- :schema ---- */

static void property_rows(struct cdn_table *table,
                          const struct cdn_property *properties, uint32_t count,
                          int32_t time)
{
    for (uint32_t i = 0; i < count; i++) {
        cdn_table_cell(table, "  %s", properties[i].name);
        cdn_table_cell(table, "%s%s%s%s", cdn_column_type_str(properties[i].type),
                       properties[i].nullable ? ", or nil" : "",
                       properties[i].lua_string ? ", a string to Lua" : "",
                       (int32_t)i == time ? ", the edges' time" : "");
        cdn_table_cell(table, "%s", "");
    }
}

static bool wanted(const char *name, const char *one)
{
    return !*one || !strcmp(name, one);
}

static void tell_no_kind(struct cdn_repl *repl, const cordon_snapshot *snapshot,
                         const char *name, bool labels_only)
{
    struct cdn_suggest suggest;
    char hint[128];

    cdn_suggest_init(&suggest, name);
    for (uint32_t i = 0; i < snapshot->label_count; i++)
        cdn_suggest_offer(&suggest, snapshot->schema.labels[i].name);
    for (uint32_t i = 0; i < snapshot->relation_count && !labels_only; i++)
        cdn_suggest_offer(&suggest, snapshot->schema.relations[i].type);
    cdn_repl_fail(repl, CDN_EXIT_USAGE, "there is no %s '%s'%s",
                  labels_only ? "label" : "label or edge type", name,
                  cdn_suggest_text(&suggest, hint, sizeof hint));
}

void cdn_repl_schema(struct cdn_repl *repl, const char *argument)
{
    const cordon_snapshot *snapshot = need_snapshot(repl);
    struct cdn_table table;
    char count[32];
    bool found = false;

    if (!snapshot)
        return;
    cdn_table_init(&table, 3, "llr");
    cdn_table_cell(&table, "name");
    cdn_table_cell(&table, "what it is");
    cdn_table_cell(&table, "count");
    for (uint32_t i = 0; i < snapshot->label_count; i++) {
        const struct cdn_label *label = &snapshot->schema.labels[i];

        if (!wanted(label->name, argument))
            continue;
        found = true;
        cdn_table_cell(&table, "%s", label->name);
        cdn_table_cell(&table, "label, key %s",
                       label->key == CDN_KEY_INT64 ? "int64" : "string");
        cdn_table_cell(&table, "%s",
                       cdn_show_count(count, sizeof count, snapshot->labels[i].count));
        property_rows(&table, label->properties, label->property_count, -1);
    }
    for (uint32_t i = 0; i < snapshot->relation_count; i++) {
        const struct cdn_relation_schema *relation = &snapshot->schema.relations[i];

        if (!wanted(relation->type, argument))
            continue;
        found = true;
        cdn_table_cell(&table, "%s", relation->type);
        cdn_table_cell(&table, "edges, %s -> %s",
                       snapshot->schema.labels[relation->source].name,
                       snapshot->schema.labels[relation->target].name);
        cdn_table_cell(
            &table, "%s",
            cdn_show_count(count, sizeof count, snapshot->relations[i].edge_count));
        property_rows(&table, relation->properties, relation->property_count,
                      relation->time);
    }
    if (found)
        cdn_table_print(&table, repl->cli->out, repl->cli->out_color, 0);
    else
        tell_no_kind(repl, snapshot, argument, false);
    cdn_table_deinit(&table);
}

/* ---- :node ---- */

/* `return node, {...}`: the node, and of each edge type its label has how many. */
static void write_question(struct cdn_buf *text, const cordon_snapshot *snapshot,
                           uint32_t label)
{
    cdn_buf_text(text, "local n = request.node return n, {");
    for (uint32_t i = 0; i < snapshot->relation_count; i++) {
        const struct cdn_relation_schema *relation = &snapshot->schema.relations[i];
        bool out = relation->source == label, in = relation->target == label;

        if (i && !strcmp(relation->type, snapshot->schema.relations[i - 1].type)) {
            out |= snapshot->schema.relations[i - 1].source == label;
            in |= snapshot->schema.relations[i - 1].target == label;
        }
        if (out)
            cdn_buf_printf(text, "{\"%s\",\"out\",n:outgoing(\"%s\"):count()},",
                           relation->type, relation->type);
        if (in)
            cdn_buf_printf(text, "{\"%s\",\"in\",n:incoming(\"%s\"):count()},",
                           relation->type, relation->type);
    }
    cdn_buf_text(text, "}");
}

/* One line for each of {{type, direction, count}, ...}. */
static void print_degrees(struct cdn_repl *repl, const cordon_value *list)
{
    cordon_value items, item, parts, type, direction, count,
        before = {.type = CORDON_NIL};
    cordon_value_iter iter;
    struct cdn_table table;
    char shown[32], number[32], was[32] = "";

    if (!cordon_value_get(&items, list, "items") || !items.length)
        return;
    cdn_table_init(&table, 3, "llr");
    cdn_table_cell(&table, "edges");
    cdn_table_cell(&table, "%s", "");
    cdn_table_cell(&table, "count");
    cordon_value_iter_init(&iter, &items);
    while (cordon_value_next(&iter, NULL, &item)) {
        if (!cordon_value_get(&parts, &item, "items") ||
            !cordon_value_at(&type, &parts, 0) ||
            !cordon_value_at(&direction, &parts, 1) ||
            !cordon_value_at(&count, &parts, 2) || type.type != CORDON_STRING ||
            count.type != CORDON_INTEGER)
            continue;
        snprintf(number, sizeof number, "%.*s%" PRId64, (int)direction.length,
                 direction.as.string, count.as.integer);
        /* a type over several label pairs comes several times, in a row */
        if (before.type == CORDON_STRING && before.length == type.length &&
            !memcmp(before.as.string, type.as.string, type.length) &&
            !strcmp(was, number))
            continue;
        before = type;
        memcpy(was, number, sizeof was);
        cdn_table_cell(&table, "%.*s", (int)type.length, type.as.string);
        cdn_table_cell(&table, "%.*s", (int)direction.length, direction.as.string);
        cdn_table_cell(&table, "%s",
                       cdn_show_count(shown, sizeof shown, (uint64_t)count.as.integer));
    }
    cdn_table_print(&table, repl->cli->out, repl->cli->out_color, 2);
    cdn_table_deinit(&table);
}

static void show_subject(struct cdn_repl *repl, const cordon_snapshot *snapshot,
                         uint32_t label)
{
    struct cdn_buf text = {0};
    cordon_value results, value;

    write_question(&text, snapshot, label);
    if (cdn_repl_ask(repl, &text)) {
        results = cdn_console_results(repl->console);
        if (repl->json) {
            print_results(repl);
        } else {
            if (cordon_value_at(&value, &results, 0))
                cdn_repl_print(repl, &value);
            if (cordon_value_at(&value, &results, 1))
                print_degrees(repl, &value);
        }
    }
    cdn_buf_deinit(&text);
}

/* Is there such a node?  Else it is told. */
static bool check_subject(struct cdn_repl *repl, const cordon_snapshot *snapshot,
                          const struct cdn_request *request, uint32_t *label)
{
    int32_t number = cdn_schema_label(&snapshot->schema, request->label);
    uint32_t node;

    if (number < 0) {
        tell_no_kind(repl, snapshot, request->label, true);
        return false;
    }
    node = cdn_snapshot_find(snapshot, (uint32_t)number,
                             (const char *)request->key.data, request->key.length);
    if (node == CDN_DAMAGED_NODE) {
        cdn_repl_fail(repl, CDN_EXIT_DATA,
                      "the snapshot is damaged; see cordon snapshot verify");
        return false;
    }
    if (node == CDN_NO_NODE) {
        cdn_repl_fail(repl, CDN_EXIT_USAGE, "no node %s:%.80s", request->label,
                      (const char *)request->key.data);
        return false;
    }
    *label = (uint32_t)number;
    return true;
}

bool cdn_repl_check_node(struct cdn_repl *repl, const struct cdn_request *request)
{
    uint32_t label;

    return !request->has_node || !repl->session.snapshot ||
           check_subject(repl, repl->session.snapshot, request, &label);
}

void cdn_repl_node(struct cdn_repl *repl, const char *argument)
{
    const cordon_snapshot *snapshot = need_snapshot(repl);
    struct cdn_request given = {0};
    cordon_error err;
    uint32_t label;

    if (!snapshot)
        return;
    if (*argument) {
        if (cdn_request_node(&given, argument, strlen(argument), &err)) {
            cdn_repl_fail(repl, CDN_EXIT_USAGE, "%s", err.message);
        } else if (check_subject(repl, snapshot, &given, &label)) {
            struct cdn_buf key = repl->subject.key;

            memcpy(repl->subject.label, given.label, sizeof given.label);
            repl->subject.key = given.key;
            repl->subject.has_node = true;
            given.key = key;
            show_subject(repl, snapshot, label);
        }
        cdn_request_deinit(&given);
    } else if (!repl->subject.has_node) {
        cdn_repl_fail(repl, CDN_EXIT_USAGE,
                      "there is no node yet; :node LABEL:KEY, and :sample LABEL finds "
                      "some");
    } else if (check_subject(repl, snapshot, &repl->subject, &label)) {
        show_subject(repl, snapshot, label);
    }
}

/* ---- :sample ---- */

/* The keys of `count` of the label's nodes, spread over all of them by the seed. */
static void write_sample(struct cdn_buf *text, const cordon_snapshot *snapshot,
                         uint32_t number, uint64_t count, uint64_t seed)
{
    const struct cdn_label_data *label = &snapshot->labels[number];
    char room[24];

    cdn_buf_text(text, "return graph:set({");
    for (uint64_t i = 0; i < count; i++) {
        /* one of each part, so that none comes twice */
        uint64_t from = label->count * i / count, to = label->count * (i + 1) / count;
        uint64_t at = from + cdn_hash_mix(seed + 1, i) % (to > from ? to - from : 1);
        size_t bytes;
        const char *key =
            cdn_snapshot_key(snapshot, label->base + (uint32_t)at, room, &bytes);

        if (!key)
            continue;
        cdn_buf_printf(text, "graph:node(\"%s\",", label->schema->name);
        cdn_repl_quote(text, key, bytes);
        cdn_buf_text(text, "),");
    }
    cdn_buf_text(text, "})");
}

void cdn_repl_sample(struct cdn_repl *repl, const char *argument)
{
    const cordon_snapshot *snapshot = need_snapshot(repl);
    struct cdn_buf text = {0};
    char word[CDN_SCHEMA_MAX_NAME + 1] = "";
    const char *rest = argument;
    uint64_t count = SAMPLE;
    const struct cdn_option number = {"sample", 0,   CDN_OPTION_POSITIVE, &count, "",
                                      "",       NULL};
    cordon_error err;
    int32_t label;

    if (!snapshot)
        return;
    (void)cdn_repl_word(argument, word, sizeof word, &rest);
    if (word[0] >= '0' && word[0] <= '9') {
        if (cdn_option_value(&number, word, &err)) {
            cdn_repl_fail(repl, CDN_EXIT_USAGE, "%s", err.message);
            return;
        }
        word[0] = '\0';
        (void)cdn_repl_word(rest, word, sizeof word, NULL);
    }
    if (!word[0] && snapshot->label_count == 1)
        snprintf(word, sizeof word, "%s", snapshot->schema.labels[0].name);
    label = cdn_schema_label(&snapshot->schema, word);
    if (label < 0) {
        tell_no_kind(repl, snapshot, word, true);
        return;
    }
    if (count > MOST_SAMPLED) {
        cdn_cli_note(repl->cli, "at most %d are shown", MOST_SAMPLED);
        count = MOST_SAMPLED;
    }
    if (count > snapshot->labels[label].count)
        count = snapshot->labels[label].count;
    write_sample(&text, snapshot, (uint32_t)label, count, repl->session.seed);
    if (cdn_repl_ask(repl, &text))
        print_results(repl);
    cdn_buf_deinit(&text);
}

/* ---- :snapshot and :data ---- */

/* Has the store moved on? */
static void tell_newer(struct cdn_repl *repl, const cordon_snapshot *snapshot)
{
    cordon_snapshot *newest;

    if (cordon_snapshot_open(&newest, repl->session.data, NULL, NULL))
        return;
    if (cordon_snapshot_identity(newest) != cordon_snapshot_identity(snapshot))
        cdn_cli_note(repl->cli,
                     "the store has generation %" PRIu64 " now; :data goes there",
                     cordon_snapshot_generation(newest));
    cordon_snapshot_release(newest);
}

void cdn_repl_snapshot(struct cdn_repl *repl, const char *argument)
{
    const cordon_snapshot *snapshot = need_snapshot(repl);
    FILE *out = repl->cli->out;
    char nodes[32], edges[32];

    (void)argument;
    if (!snapshot)
        return;
    fputs("store       ", out);
    cdn_show_text(out, repl->session.data, strlen(repl->session.data));
    fprintf(out, "\ngeneration  %" PRIu64 ", identity %016" PRIx64 "\n",
            cordon_snapshot_generation(snapshot), cordon_snapshot_identity(snapshot));
    fprintf(out, "holds       %s nodes, %s edges\n",
            cdn_show_count(nodes, sizeof nodes, snapshot->node_count),
            cdn_show_count(edges, sizeof edges, snapshot->edge_count));
    tell_newer(repl, snapshot);
}

void cdn_repl_data(struct cdn_repl *repl, const char *argument)
{
    struct cdn_buf path = {0};
    size_t set;
    int code;

    (void)cdn_console_globals(repl->console, &set);
    cdn_buf_text(&path, *argument ? argument : repl->session.data);
    if (path.failed) {
        cdn_buf_deinit(&path);
        cdn_repl_fail(repl, CDN_EXIT_DATA, "out of memory");
        return;
    }
    code = cdn_repl_open(repl, (const char *)path.data);
    if (code) {
        cdn_buf_deinit(&path);
        repl->code = code;
        return;
    }
    cdn_buf_deinit(&repl->data_path);
    repl->data_path = path;
    if (!cdn_repl_check_node(repl, &repl->subject))
        cdn_request_clear(&repl->subject); /* else no input would run */
    if (set)
        cdn_cli_note(repl->cli, "what was set was of the other snapshot and is gone");
    cdn_repl_snapshot(repl, "");
    if (repl->rule_path.length)
        cdn_repl_reload(repl, "");
}

/* ---- :limits and :globals ---- */

void cdn_repl_limits(struct cdn_repl *repl, const char *argument)
{
    static const char *const names[] = {"online", "batch", "repl"};
    const struct cdn_budget *budget = &repl->budget;
    FILE *out = repl->cli->out;
    char shown[32], word[16];

    if (*argument) {
        size_t i = 0;

        if (!cdn_repl_word(argument, word, sizeof word, NULL))
            word[0] = '\0';
        while (i < CDN_COUNT(names) && strcmp(names[i], word) != 0)
            i++;
        if (i == CDN_COUNT(names)) {
            cdn_repl_fail(
                repl, CDN_EXIT_USAGE,
                "limits are those of online, batch or repl; :set max-edges 1e6 "
                "sets a single one");
            return;
        }
        repl->profile = (int)i + 1;
        cdn_repl_resolve_limits(repl);
    }
    fprintf(out, "an input may use (%s):\n", names[repl->profile - 1]);
    fprintf(out, "  instructions  %s\n",
            cdn_show_count(shown, sizeof shown, budget->instructions));
    fprintf(out, "  edges         %s\n",
            cdn_show_count(shown, sizeof shown, budget->edges));
    fprintf(out, "  nodes         %s\n",
            cdn_show_count(shown, sizeof shown, budget->nodes));
    fprintf(out, "  hops          %s\n",
            cdn_show_count(shown, sizeof shown, budget->hops));
    fprintf(out, "  memory        %s\n",
            cdn_show_bytes(shown, sizeof shown, budget->memory_bytes));
    fprintf(out, "  time          %s\n",
            cdn_show_ns(shown, sizeof shown, budget->wall_ns));
    fprintf(out, "kept between inputs: %s\n",
            cdn_show_bytes(shown, sizeof shown, cdn_console_kept_bytes(repl->console)));
    fputs("a rule runs within its own limits, as in production\n", out);
}

void cdn_repl_globals(struct cdn_repl *repl, const char *argument)
{
    size_t count;
    const struct cdn_console_global *globals =
        cdn_console_globals(repl->console, &count);
    struct cdn_table table;

    (void)argument;
    if (!count) {
        fputs("nothing is set\n", repl->cli->out);
        return;
    }
    cdn_table_init(&table, 2, "ll");
    cdn_table_cell(&table, "name");
    cdn_table_cell(&table, "type");
    for (size_t i = 0; i < count; i++) {
        char shown[4 * sizeof globals[i].name];

        cdn_table_cell(
            &table, "%s",
            cdn_escape(shown, sizeof shown, globals[i].name, strlen(globals[i].name)));
        cdn_table_cell(&table, "%s", globals[i].type);
    }
    cdn_table_print(&table, repl->cli->out, repl->cli->out_color, 0);
    cdn_table_deinit(&table);
}
