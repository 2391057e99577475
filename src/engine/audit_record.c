/* Records to bytes.
 *
 * Encoding goes straight into the ring, so it needs to know beforehand what a record takes at
 * most: the texts and bytes in it, and a constant for the rest, whose worst case a test holds
 * against it. */
#include "engine/audit_record.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "base/hash.h"
#include "base/pack.h"
#include "rule/functions.h"
#include "rule/outcome.h"

/* Keys, headers, numbers and digests of a record with everything in it. */
#define FIXED_BYTES 1200
/* The same of one function that the rule lists, and of one answer. */
#define FUNCTION_BYTES (CDN_RULE_MAX_WORD + 40)
#define ANSWER_BYTES   48

static size_t text_bytes(const char *text)
{
    return text ? strlen(text) : 0;
}

static size_t key_bytes(const struct cdn_audit_record *record)
{
    return record->key_bytes ? record->key_bytes : text_bytes(record->key);
}

void cdn_audit_record_asked(struct cdn_audit_record *out, const cordon_request *request,
                            uint64_t generation, uint64_t snapshot_id,
                            int64_t timestamp_ms)
{
    out->timestamp_ms = timestamp_ms;
    out->generation = generation;
    out->snapshot_id = snapshot_id;
    out->inline_graph = request->graph != NULL;
    out->label = request->label;
    out->key = request->label ? request->key : NULL;
    out->key_bytes = request->key_bytes;
    out->params = request->params;
    out->params_bytes = request->params_bytes;
    out->now_ms = request->now_ms;
    out->as_of_ms = request->as_of_ms;
    out->seed = request->seed;
    out->principal = request->principal;
    out->traceparent = request->traceparent;
}

void cdn_audit_record_of(struct cdn_audit_record *out, const cordon_outcome *outcome,
                         const cordon_request *request, uint64_t snapshot_id,
                         int64_t timestamp_ms)
{
    *out = (struct cdn_audit_record){
        .decision_id = outcome->decision_id,
        .rule = outcome->rule,
        .source_hash = outcome->source_hash,
        .version = outcome->version,
        .variant = outcome->variant,
        .outcome = outcome->kind,
        .limit = outcome->limit,
        .decision = outcome->has_decision ? outcome->decision : NULL,
        .fallback = outcome->fallback,
        .truncated = outcome->truncated,
        .nondeterministic = outcome->nondeterministic,
        .message = outcome->message[0] ? outcome->message : NULL,
        .file = outcome->file[0] ? outcome->file : NULL,
        .line = outcome->line,
        .result = outcome->result_bytes ? outcome->result : NULL,
        .result_bytes = outcome->result_bytes,
        .reads_digest = outcome->digest,
        .usage = &outcome->usage,
    };
    cdn_audit_record_asked(out, request, outcome->generation, snapshot_id,
                           timestamp_ms);
}

static size_t calls_bytes(const struct cdn_audit_record *record)
{
    size_t bytes = (size_t)record->function_count * FUNCTION_BYTES;

    if (record->function_count && record->answers)
        bytes += record->answers->bytes + (size_t)record->answers->count * ANSWER_BYTES;
    return bytes;
}

size_t cdn_audit_record_bound(const struct cdn_audit_record *record)
{
    return FIXED_BYTES + text_bytes(record->decision_id) + text_bytes(record->rule) +
           text_bytes(record->set) + text_bytes(record->source_hash) +
           text_bytes(record->label) + key_bytes(record) + record->params_bytes +
           text_bytes(record->principal) + text_bytes(record->traceparent) +
           text_bytes(record->decision) + text_bytes(record->message) +
           text_bytes(record->file) + record->result_bytes + calls_bytes(record);
}

/* Maps whose size is not known beforehand: a header of fixed width, filled in at the end. */
struct map {
    struct cdn_packer *packer;
    size_t at;
    uint32_t pairs;
};

static struct map map_begin(struct cdn_packer *packer)
{
    static const unsigned char room[3] = {0xde, 0, 0}; /* map 16 */
    struct map map = {packer, packer->length, 0};

    cdn_pack_raw(packer, room, sizeof room);
    return map;
}

static void map_end(const struct map *map)
{
    if (map->packer->failed)
        return;
    map->packer->data[map->at + 1] = (unsigned char)(map->pairs >> 8);
    map->packer->data[map->at + 2] = (unsigned char)map->pairs;
}

static void key(struct map *map, const char *name)
{
    map->pairs++;
    cdn_pack_cstr(map->packer, name);
}

static void text(struct map *map, const char *name, const char *value)
{
    if (!value)
        return;
    key(map, name);
    cdn_pack_cstr(map->packer, value);
}

static void integer(struct map *map, const char *name, int64_t value)
{
    key(map, name);
    cdn_pack_int(map->packer, value);
}

/* A count; what no counter reaches is held at the most an integer can be. */
static void count(struct map *map, const char *name, uint64_t value)
{
    integer(map, name, value > INT64_MAX ? INT64_MAX : (int64_t)value);
}

static void boolean(struct map *map, const char *name, bool value)
{
    key(map, name);
    cdn_pack_bool(map->packer, value);
}

static void hex(struct map *map, const char *name, uint64_t value)
{
    unsigned char bytes[8];
    char digits[2 * sizeof bytes + 1];

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(value >> (56 - 8 * i));
    text(map, name, cdn_hash_hex(digits, bytes, sizeof bytes));
}

static void encode_input(struct cdn_packer *packer,
                         const struct cdn_audit_record *record)
{
    struct map input = map_begin(packer);

    if (record->label) {
        struct map node;

        key(&input, "node");
        node = map_begin(packer);
        text(&node, "label", record->label);
        key(&node, "key");
        cdn_pack_str(packer, record->key ? record->key : "", key_bytes(record));
        map_end(&node);
    }
    integer(&input, "now", record->now_ms);
    if (record->as_of_ms != CORDON_NO_TIME)
        integer(&input, "as_of", record->as_of_ms);
    if (record->params_bytes) {
        key(&input, "params");
        cdn_pack_raw(packer, record->params, record->params_bytes);
    }
    if (record->seed)
        integer(&input, "seed", (int64_t)record->seed);
    map_end(&input);
}

static void encode_cost(struct map *map, const cordon_usage *usage)
{
    struct map inner;

    key(map, "usage");
    inner = map_begin(map->packer);
#define USED(name, used, limit) count(&inner, name, usage->used);
    CDN_AUDIT_BUDGETS(USED)
#undef USED
    count(&inner, "native_ns", usage->native_ns);
    if (usage->host_ns)
        count(&inner, "host_ns", usage->host_ns);
    map_end(&inner);
    key(map, "limits");
    inner = map_begin(map->packer);
#define LIMIT(name, used, limit) count(&inner, name, usage->limit);
    CDN_AUDIT_BUDGETS(LIMIT)
#undef LIMIT
    map_end(&inner);
}

static void encode_outcome(struct map *map, const struct cdn_audit_record *record)
{
    text(map, "outcome", cordon_outcome_kind_str(record->outcome));
    if (record->limit != CORDON_BUDGET_NONE)
        text(map, "limit", cordon_budget_str(record->limit));
    text(map, "decision", record->decision);
    boolean(map, "fallback", record->fallback);
    boolean(map, "truncated", record->truncated);
    if (record->nondeterministic)
        boolean(map, "nondeterministic", true);
    if (record->crashed)
        boolean(map, "crashed", true);
    if (record->message) {
        struct map error;

        key(map, "error");
        error = map_begin(map->packer);
        text(&error, "message", record->message);
        text(&error, "file", record->file);
        if (record->line)
            integer(&error, "line", record->line);
        map_end(&error);
    }
    if (record->result_bytes) {
        key(map, "result");
        cdn_pack_raw(map->packer, record->result, record->result_bytes);
    }
    hex(map, "reads_digest", record->reads_digest);
}

static void encode_answer(struct cdn_packer *packer, const struct cdn_answer *answer)
{
    struct map map = map_begin(packer);

    hex(&map, "arguments", answer->arguments);
    if (answer->failed) {
        key(&map, "error");
        cdn_pack_str(packer, (const char *)answer->data, answer->bytes);
    } else if (answer->bytes) {
        key(&map, "result");
        cdn_pack_raw(packer, answer->data, answer->bytes);
    }
    map_end(&map);
}

/* A function's answers: counted in one walk, written in another. */
static void encode_answers(struct cdn_packer *packer, const struct cdn_answers *answers,
                           uint32_t function)
{
    struct cdn_answer answer;
    uint32_t at = 0, of_it = 0;

    while (answers && cdn_answers_next(&answer, answers, &at))
        of_it += answer.function == function;
    cdn_pack_array(packer, of_it);
    for (at = 0; of_it && cdn_answers_next(&answer, answers, &at);) {
        if (answer.function != function)
            continue;
        encode_answer(packer, &answer);
        of_it--;
    }
}

/* Behind all else: what a mask met above tells audit_mask.c whether they may stay. */
static void encode_calls(struct map *map, const struct cdn_audit_record *record)
{
    struct map calls;

    key(map, "calls");
    calls = map_begin(map->packer);
    for (uint32_t i = 0; i < record->function_count; i++) {
        struct map function;

        key(&calls, record->functions[i]->name);
        function = map_begin(map->packer);
        count(&function, "cost", record->functions[i]->cost);
        key(&function, "answers");
        encode_answers(map->packer, record->answers, i);
        map_end(&function);
    }
    map_end(&calls);
    if (record->answers && record->answers->cut)
        boolean(map, "calls_cut", true);
}

size_t cdn_audit_record_encode(void *out, size_t size,
                               const struct cdn_audit_record *record)
{
    struct cdn_packer packer;
    struct map map;

    cdn_pack_init(&packer, out, size);
    map = map_begin(&packer);
    text(&map, "decision_id", record->decision_id);
    integer(&map, "timestamp", record->timestamp_ms);
    text(&map, "rule", record->rule);
    text(&map, "set", record->set);
    integer(&map, "version", record->version);
    text(&map, "digest", record->source_hash);
    text(&map, "variant", cordon_variant_str(record->variant));
    count(&map, "generation", record->generation);
    if (record->snapshot_id)
        hex(&map, "snapshot_id", record->snapshot_id);
    if (record->inline_graph)
        text(&map, "graph", "inline");
    text(&map, "requested_by", record->principal);
    text(&map, "traceparent", record->traceparent);
    key(&map, "input");
    encode_input(&packer, record);
    encode_outcome(&map, record);
    if (record->usage)
        encode_cost(&map, record->usage);
    if (record->function_count)
        encode_calls(&map, record);
    map_end(&map);
    return packer.failed ? 0 : packer.length;
}
