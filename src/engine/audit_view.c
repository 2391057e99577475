/* Records read back.
 *
 * Nothing is believed: a record may come from a log that somebody else wrote.  A field that is
 * not of its type, as one that was masked may be, is left out. */
#include "engine/audit_record.h"

#include <string.h>

#include "base/pack.h"

bool cdn_audit_text_is(const struct cdn_audit_text *text, const char *word)
{
    return text->at && text->bytes == strlen(word) &&
           !memcmp(text->at, word, text->bytes);
}

bool cdn_audit_map_begin(const unsigned char **at, const unsigned char *end,
                         uint32_t *pairs)
{
    cordon_value head;

    if (!cdn_unpack_head(&head, at, end) || head.type != CORDON_MAP)
        return false;
    *pairs = head.length;
    return true;
}

bool cdn_audit_map_key(struct cdn_audit_field *out, const unsigned char **at,
                       const unsigned char *end)
{
    cordon_value head;

    if (!cdn_unpack_head(&head, at, end) || head.type != CORDON_STRING || *at == end)
        return false;
    out->key = (struct cdn_audit_text){head.as.string, head.length};
    out->value = *at;
    return true;
}

static bool take_text(struct cdn_audit_text *out, const unsigned char **at,
                      const unsigned char *end)
{
    cordon_value value;

    if (!cdn_unpack_head(&value, at, end) || value.type != CORDON_STRING)
        return false;
    *out = (struct cdn_audit_text){value.as.string, value.length};
    return true;
}

static bool take_int(int64_t *out, const unsigned char **at, const unsigned char *end)
{
    cordon_value value;

    if (!cdn_unpack_head(&value, at, end) || value.type != CORDON_INTEGER)
        return false;
    *out = value.as.integer;
    return true;
}

static bool take_count(uint64_t *out, const unsigned char **at,
                       const unsigned char *end)
{
    int64_t value = 0;
    bool ok = take_int(&value, at, end) && value >= 0;

    *out = ok ? (uint64_t)value : 0;
    return ok;
}

static bool take_bool(bool *out, const unsigned char **at, const unsigned char *end)
{
    cordon_value value;

    if (!cdn_unpack_head(&value, at, end) || value.type != CORDON_BOOLEAN)
        return false;
    *out = value.as.boolean;
    return true;
}

static bool take_hex(uint64_t *out, const unsigned char **at, const unsigned char *end)
{
    struct cdn_audit_text digits = {0};

    *out = 0;
    if (!take_text(&digits, at, end) || digits.bytes != 16)
        return false;
    for (size_t i = 0; i < 16; i++) {
        char digit = digits.at[i];
        int value = digit >= '0' && digit <= '9'   ? digit - '0'
                    : digit >= 'a' && digit <= 'f' ? digit - 'a' + 10
                                                   : -1;

        if (value < 0)
            return false;
        *out = *out << 4 | (uint64_t)value;
    }
    return true;
}

/* All of a value, as bytes. */
static bool take_raw(struct cdn_audit_text *out, const unsigned char **at,
                     const unsigned char *end)
{
    const unsigned char *from = *at;

    if (!cdn_unpack_skip(at, end))
        return false;
    *out = (struct cdn_audit_text){(const char *)from, (size_t)(*at - from)};
    return true;
}

static bool take_node(struct cdn_audit_view *out, const unsigned char **at,
                      const unsigned char *end)
{
    struct cdn_audit_field field;
    uint32_t pairs;
    bool ok = cdn_audit_map_begin(at, end, &pairs);

    for (; ok && pairs; pairs--) {
        ok = cdn_audit_map_key(&field, at, end);
        if (ok && cdn_audit_text_is(&field.key, "label"))
            ok = take_text(&out->label, at, end);
        else if (ok && cdn_audit_text_is(&field.key, "key"))
            ok = take_text(&out->key, at, end);
        else
            ok = ok && cdn_unpack_skip(at, end);
    }
    return ok;
}

static bool take_input(struct cdn_audit_view *out, const unsigned char **at,
                       const unsigned char *end)
{
    struct cdn_audit_field field;
    uint32_t pairs;
    int64_t seed = 0;
    bool ok = cdn_audit_map_begin(at, end, &pairs);

    for (; ok && pairs; pairs--) {
        ok = cdn_audit_map_key(&field, at, end);
        if (!ok)
            break;
        if (cdn_audit_text_is(&field.key, "node"))
            ok = take_node(out, at, end);
        else if (cdn_audit_text_is(&field.key, "now"))
            ok = take_int(&out->now_ms, at, end);
        else if (cdn_audit_text_is(&field.key, "as_of"))
            ok = take_int(&out->as_of_ms, at, end);
        else if (cdn_audit_text_is(&field.key, "params"))
            ok = take_raw(&out->params, at, end);
        else if (cdn_audit_text_is(&field.key, "seed"))
            ok = take_int(&seed, at, end);
        else
            ok = cdn_unpack_skip(at, end);
    }
    out->seed = (uint64_t)seed;
    return ok;
}

static bool take_error(struct cdn_audit_view *out, const unsigned char **at,
                       const unsigned char *end)
{
    struct cdn_audit_field field;
    uint32_t pairs;
    bool ok = cdn_audit_map_begin(at, end, &pairs);

    for (; ok && pairs; pairs--) {
        ok = cdn_audit_map_key(&field, at, end);
        if (ok && cdn_audit_text_is(&field.key, "message"))
            ok = take_text(&out->message, at, end);
        else
            ok = ok && cdn_unpack_skip(at, end);
    }
    return ok;
}

/* One of the two maps of numbers: `limits`, or else `usage`. */
static bool take_cost(cordon_usage *out, bool limits, const unsigned char **at,
                      const unsigned char *end)
{
    struct cdn_audit_field field;
    uint32_t pairs;
    bool ok = cdn_audit_map_begin(at, end, &pairs);

    for (; ok && pairs; pairs--) {
        uint64_t value = 0;

        ok = cdn_audit_map_key(&field, at, end) && take_count(&value, at, end);
#define TAKE(name, used, limit)                                                        \
    if (ok && cdn_audit_text_is(&field.key, name))                                     \
        *(limits ? &out->limit : &out->used) = value;
        CDN_AUDIT_BUDGETS(TAKE)
#undef TAKE
        if (ok && !limits && cdn_audit_text_is(&field.key, "native_ns"))
            out->native_ns = value;
        if (ok && !limits && cdn_audit_text_is(&field.key, "host_ns"))
            out->host_ns = value;
    }
    return ok;
}

static bool take_word(uint32_t *out, uint32_t words, const char *(*word)(uint32_t),
                      const unsigned char **at, const unsigned char *end)
{
    struct cdn_audit_text given = {0};

    if (!take_text(&given, at, end))
        return false;
    for (*out = 0; *out < words; (*out)++) {
        if (cdn_audit_text_is(&given, word(*out)))
            return true;
    }
    return false;
}

static const char *kind_word(uint32_t kind)
{
    return cordon_outcome_kind_str((cordon_outcome_kind)kind);
}

static const char *budget_word(uint32_t budget)
{
    return cordon_budget_str((cordon_budget)budget);
}

static bool below(const cordon_value *path, const char *prefix)
{
    size_t bytes = strlen(prefix);

    return path->length >= bytes && !memcmp(path->as.string, prefix, bytes) &&
           (path->length == bytes || path->as.string[bytes] == '/');
}

static bool take_paths(struct cdn_audit_view *out, const unsigned char **at,
                       const unsigned char *end)
{
    cordon_value list, path;
    uint32_t i;

    if (!cdn_unpack_head(&list, at, end) || list.type != CORDON_ARRAY)
        return false;
    for (i = 0; i < list.length; i++) {
        if (!cdn_unpack_head(&path, at, end) || path.type != CORDON_STRING)
            return false;
        if (below(&path, "/input"))
            out->input_masked = true;
        else if (below(&path, "/result"))
            out->result_masked = true;
        else if (below(&path, "/calls"))
            out->calls_masked = true;
        else
            out->rest_masked = true;
    }
    return true;
}

/* A masked value may be of another type than it was: what it says is then not known. */
static bool take_field(struct cdn_audit_view *out, const struct cdn_audit_field *field,
                       const unsigned char **at, const unsigned char *end)
{
    const struct {
        const char *name;
        struct cdn_audit_text *text;
    } texts[] = {
        {"decision_id", &out->decision_id},
        {"rule", &out->rule},
        {"set", &out->set},
        {"digest", &out->digest},
        {"variant", &out->variant},
        {"requested_by", &out->requested_by},
        {"traceparent", &out->traceparent},
        {"decision", &out->decision},
        {"graph", &out->graph},
    };
    const struct cdn_audit_text *name = &field->key;
    uint64_t version = 0;
    uint32_t word = 0;
    bool ok;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (cdn_audit_text_is(name, texts[i].name))
            return take_text(texts[i].text, at, end);
    }
    if (cdn_audit_text_is(name, "timestamp"))
        return take_int(&out->timestamp_ms, at, end);
    if (cdn_audit_text_is(name, "version")) {
        ok = take_count(&version, at, end) && version <= UINT32_MAX;
        out->version = (uint32_t)version;
        return ok;
    }
    if (cdn_audit_text_is(name, "generation"))
        return take_count(&out->generation, at, end);
    if (cdn_audit_text_is(name, "snapshot_id"))
        return take_hex(&out->snapshot_id, at, end);
    if (cdn_audit_text_is(name, "reads_digest"))
        return take_hex(&out->reads_digest, at, end);
    if (cdn_audit_text_is(name, "input"))
        return take_input(out, at, end);
    if (cdn_audit_text_is(name, "outcome")) {
        ok = take_word(&word, CORDON_OUTCOME_CANCELLED + 1, kind_word, at, end);
        out->outcome = (cordon_outcome_kind)word;
        return ok;
    }
    if (cdn_audit_text_is(name, "limit")) {
        ok = take_word(&word, CORDON_BUDGET_HOPS + 1, budget_word, at, end);
        out->limit = (cordon_budget)word;
        return ok;
    }
    if (cdn_audit_text_is(name, "fallback"))
        return take_bool(&out->fallback, at, end);
    if (cdn_audit_text_is(name, "truncated"))
        return take_bool(&out->truncated, at, end);
    if (cdn_audit_text_is(name, "nondeterministic"))
        return take_bool(&out->nondeterministic, at, end);
    if (cdn_audit_text_is(name, "crashed"))
        return take_bool(&out->crashed, at, end);
    if (cdn_audit_text_is(name, "error"))
        return take_error(out, at, end);
    if (cdn_audit_text_is(name, "result"))
        return take_raw(&out->result, at, end);
    if (cdn_audit_text_is(name, "calls")) {
        out->calls.at = (const char *)*at;
        ok = cdn_audit_value_skip(at, end);
        out->calls.bytes = (size_t)((const char *)*at - out->calls.at);
        return ok;
    }
    if (cdn_audit_text_is(name, "calls_cut"))
        return take_bool(&out->calls_cut, at, end);
    if (cdn_audit_text_is(name, "usage"))
        return take_cost(&out->usage, false, at, end);
    if (cdn_audit_text_is(name, "limits"))
        return take_cost(&out->usage, true, at, end);
    if (cdn_audit_text_is(name, "erased") || cdn_audit_text_is(name, "masked"))
        return take_paths(out, at, end);
    return cdn_unpack_skip(at, end);
}

/* Each level that turns out too deep is read once more: five times at most. */
static bool skip_levels(const unsigned char **at, const unsigned char *end, int levels)
{
    const unsigned char *from = *at;
    struct cdn_audit_field field;
    cordon_value head;

    if (cdn_unpack_skip(at, end))
        return true;
    *at = from;
    if (!levels || !cdn_unpack_head(&head, at, end) ||
        (head.type != CORDON_MAP && head.type != CORDON_ARRAY))
        return false;
    for (uint32_t i = 0; i < head.length; i++) {
        if (head.type == CORDON_MAP && !cdn_audit_map_key(&field, at, end))
            return false;
        if (!skip_levels(at, end, levels - 1))
            return false;
    }
    return true;
}

bool cdn_audit_value_skip(const unsigned char **at, const unsigned char *end)
{
    return skip_levels(at, end, CDN_AUDIT_LEVELS);
}

bool cdn_audit_record_view(struct cdn_audit_view *out, const void *record, size_t bytes)
{
    const unsigned char *at = record;
    const unsigned char *end = at + bytes;
    struct cdn_audit_field field;
    uint32_t pairs;

    *out = (struct cdn_audit_view){.as_of_ms = CORDON_NO_TIME};
    if (!cdn_audit_map_begin(&at, end, &pairs))
        return false;
    for (; pairs; pairs--) {
        const unsigned char *value;

        if (!cdn_audit_map_key(&field, &at, end))
            return false;
        value = at;
        if (take_field(out, &field, &at, end))
            continue;
        at = value; /* not of its type, as a masked value is: left out */
        if (!cdn_audit_value_skip(&at, end))
            return false;
    }
    return at == end && out->rule.at && out->decision_id.at;
}
