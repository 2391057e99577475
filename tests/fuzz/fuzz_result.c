/* Values across the wall, both ways.
 *
 * In: parameters as msgpack of whatever bytes, as built values, and as JSON.  They are refused
 * with a message, or the rule sees what was given: what it sends back is compared with it.
 *
 * Out: a rule builds a Lua value as the bytes tell it (tables shared, nested, cyclic, with odd
 * keys, metatables, functions, NaN, bytes that are no UTF-8, many elements) and returns it
 * as `output` or in another place of the result.  It is refused with a message, or decodes
 * in full, is written again to the same bytes, and is what the rule itself says of it.
 *
 * The first byte chooses which way, the second the output budget and the rule. */
#include <inttypes.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/request.h"
#include "support/fixture.h"
#include "trial.h"
#include "support/value_rewrite.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MOST_BYTES 65536

static const char *const returns[] = {
    "",
    "returns = 'any?',",
    "returns = 'list',",
    "returns = 'map?',",
    "returns = { a = 'integer', b = 'string?', c = 'list?', d = 'map?' },",
};
enum { MAKERS = sizeof returns / sizeof *returns, PLACES = 7 };

static struct trial trial;
static struct trial_rule taker, makers[MAKERS];
static struct cdn_budget budget = {.instructions = 60000,
                                   .memory_bytes = TRIAL_MEMORY_BYTES,
                                   .edges = 100,
                                   .nodes = 100,
                                   .hops = 4,
                                   .wall_ns = UINT64_C(20000000000)};

/* Load a rule from a file here, with `returns` where it says RETURNS. */
static void load(struct trial_rule *rule, const char *name, const char *with)
{
    static char text[16384], source[16384];
    char path[512];
    cordon_error err = {0};
    FILE *file;
    char *mark;
    size_t bytes;

    snprintf(path, sizeof path, CORDON_SOURCE_DIR "/tests/fuzz/%s", name);
    file = fopen(path, "rb");
    answer_require(file != NULL, path);
    bytes = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[bytes] = '\0';
    mark = strstr(text, "RETURNS");
    if (mark)
        bytes = (size_t)snprintf(source, sizeof source, "%.*s%s%s", (int)(mark - text),
                                 text, with, mark + strlen("RETURNS"));
    trial_load(rule, &trial, mark ? source : text, bytes, name);
    for (unsigned slot = 0; slot < TRIAL_SLOTS; slot++)
        answer_require(trial_build(rule, &trial, slot, &err), err.message);
}

static void start(void)
{
    trial_init(&trial);
    load(&taker, "result_taker.lua", "");
    for (int i = 0; i < MAKERS; i++)
        load(&makers[i], "result_maker.lua", returns[i]);
}

/* ---- what holds of every result ---- */

static void check_again(const cordon_outcome *outcome)
{
    static unsigned char bytes[MOST_BYTES];
    cordon_builder again;
    cordon_value value;
    const void *result;
    size_t size;

    result = cordon_outcome_result(outcome, &size);
    answer_require(!cordon_value_parse(&value, result, size, NULL), "a result is read");
    cordon_builder_init(&again, bytes, sizeof bytes);
    value_rewrite(&again, &value);
    answer_require(cordon_builder_ok(&again) && again.length == size &&
                       !memcmp(bytes, result, size),
                   "a result is written again to the same bytes");
}

static bool ask(const struct trial_rule *rule, const void *params, size_t bytes)
{
    cordon_request request = CORDON_REQUEST_INIT;
    struct answer answer, again;

    request.params = params;
    request.params_bytes = bytes;
    request.now_ms = CDN_BANK_T;
    trial_ask(&answer, &trial, 0, rule, &budget, &request);
    if (bytes % 4 < 2) {
        bool elsewhere = bytes % 4 == 1;

        trial_ask(&again, &trial, elsewhere, rule, &budget, &request);
        answer_compare(&answer, &again,
                       elsewhere ? "in another sandbox" : "asked again");
        if (elsewhere) /* this one's result is looked at */
            trial_ask(&again, &trial, 0, rule, &budget, &request);
    }
    if (getenv("CORDON_FUZZ_SHOW"))
        fprintf(stderr, "%d %s %s: %s\n", (int)answer.status,
                cordon_outcome_kind_str(answer.kind), cordon_budget_str(answer.limit),
                answer.message);
    if (answer.status != CORDON_OK) {
        answer_require(answer.status == CORDON_E_INVALID,
                       "a request is refused as such");
        return false;
    }
    if (answer.kind != CORDON_OUTCOME_OK)
        return false;
    check_again(trial.outcome);
    return true;
}

/* ---- in ---- */

static bool as_double(double *out, const cordon_value *value)
{
    if (value->type == CORDON_INTEGER)
        *out = (double)value->as.integer;
    else if (value->type == CORDON_NUMBER)
        *out = value->as.number;
    return value->type == CORDON_INTEGER || value->type == CORDON_NUMBER;
}

/* Is what came back what was given?  Durations and timestamps may have been text. */
static bool same(const cordon_value *given, const cordon_value *back)
{
    cordon_value_iter one, two;
    cordon_value left, right;
    double a, b;

    if (as_double(&a, given))
        return as_double(&b, back) && (a == b || (a != a && b != b));
    switch (given->type) {
    case CORDON_NIL:
        return back->type == CORDON_NIL;
    case CORDON_BOOLEAN:
        return back->type == CORDON_BOOLEAN && given->as.boolean == back->as.boolean;
    case CORDON_STRING:
        return as_double(&b, back) ||
               (back->type == CORDON_STRING && back->length == given->length &&
                !memcmp(back->as.string, given->as.string, given->length));
    case CORDON_ARRAY:
        if (back->type != CORDON_ARRAY || back->length != given->length)
            return false;
        cordon_value_iter_init(&one, given);
        cordon_value_iter_init(&two, back);
        while (cordon_value_next(&one, NULL, &left) &&
               cordon_value_next(&two, NULL, &right)) {
            if (!same(&left, &right))
                return false;
        }
        return true;
    case CORDON_INTEGER:
    case CORDON_NUMBER:
    case CORDON_MAP:
    default:
        return false;
    }
}

static void give(const void *params, size_t bytes)
{
    cordon_value map, key, value, output, back;
    cordon_value_iter iter;
    char name[16];

    budget.output_bytes = MOST_BYTES;
    if (!ask(&taker, params, bytes))
        return;
    answer_require(!cordon_value_parse(&map, params, bytes, NULL),
                   "what was accepted decodes");
    output = cordon_outcome_output(trial.outcome);
    cordon_value_iter_init(&iter, &map);
    while (cordon_value_next(&iter, &key, &value)) {
        answer_require(key.type == CORDON_STRING && key.length < sizeof name,
                       "what was accepted has names");
        memcpy(name, key.as.string, key.length);
        name[key.length] = '\0';
        if (!cordon_value_get(&back, &output, name))
            back = (cordon_value){.type = CORDON_NIL};
        answer_require(same(&value, &back), "the rule sees what was given");
    }
}

struct reader {
    const uint8_t *at, *end;
};

static uint8_t byte(struct reader *in)
{
    return in->at < in->end ? *in->at++ : 0;
}

static void build_value(cordon_builder *out, struct reader *in, int depth)
{
    static const double doubles[] = {0.5,    -0.0,   1e308,  HUGE_VAL, -HUGE_VAL,
                                     5e-324, 0x1p53, 0x1p63, 0x1p64,   3.0};
    static const char *const texts[] = {
        "24h", "1d12h", "250ms", "2026-11-24T02:29:00Z", "one", "two", "",
        "-1h", "1.5h",  "1e999h"};
    unsigned kind = byte(in);
    int64_t integer = 0;

    switch (kind % (depth < 4 ? 10 : 8)) {
    case 0:
        cordon_builder_nil(out);
        return;
    case 1:
        cordon_builder_boolean(out, byte(in) % 2);
        return;
    case 2:
        cordon_builder_integer(out, (int64_t)byte(in) - 100);
        return;
    case 3:
        for (int i = 0; i < 8; i++)
            integer = (int64_t)((uint64_t)integer << 8 | byte(in));
        cordon_builder_integer(out, integer);
        return;
    case 4:
        cordon_builder_number(out, doubles[byte(in) % 10]);
        return;
    case 5:
        cordon_builder_number(out, byte(in) % 8 ? (double)byte(in) / 8 : (double)NAN);
        return;
    case 6:
        cordon_builder_string(out, texts[kind / 10 % 10],
                              strlen(texts[kind / 10 % 10]));
        return;
    case 7:
        kind = byte(in) % 64;
        if (kind > (size_t)(in->end - in->at))
            kind = (unsigned)(in->end - in->at);
        cordon_builder_string(out, (const char *)in->at, kind);
        in->at += kind;
        return;
    default:
        kind = byte(in) % 12;
        cordon_builder_array(out, kind);
        while (kind-- > 0)
            build_value(out, in, depth + 1);
    }
}

static void give_built(struct reader *in)
{
    static const char *const names[] = {"b",  "i",  "n",  "s",  "c", "d", "t",   "li",
                                        "ls", "lb", "ln", "ld", "x", "",  "code"};
    static unsigned char bytes[MOST_BYTES];
    unsigned count = byte(in) % 13;
    cordon_builder out;

    cordon_builder_init(&out, bytes, sizeof bytes);
    cordon_builder_map(&out, count);
    while (count-- > 0) {
        const char *name = names[byte(in) % (sizeof names / sizeof *names)];

        cordon_builder_string(&out, name, strlen(name));
        build_value(&out, in, 0);
    }
    if (cordon_builder_ok(&out))
        give(bytes, out.length);
}

static void give_json(struct reader *in)
{
    struct cdn_request request = {0};
    cordon_error err = {0};

    if (cdn_request_parse(&request, (const char *)in->at, (size_t)(in->end - in->at),
                          &err))
        answer_require(err.message[0] != '\0', "why JSON is refused is said");
    else if (request.params.length)
        give(request.params.data, request.params.length);
    cdn_request_deinit(&request);
}

/* ---- out ---- */

struct text {
    size_t length;
    char bytes[2 * MOST_BYTES];
};

static void add(struct text *out, const char *bytes, size_t count)
{
    if (count > sizeof out->bytes - out->length)
        count = sizeof out->bytes - out->length;
    memcpy(out->bytes + out->length, bytes, count);
    out->length += count;
}

/* As show() in the rule. */
static void show(struct text *out, const cordon_value *value)
{
    cordon_value_iter iter;
    cordon_value key, item;
    bool map = value->type == CORDON_MAP, first = true;
    char word[40];
    double number;

    if (as_double(&number, value)) {
        int bytes = snprintf(word, sizeof word, "%.17g", number + 0.0);

        add(out, number != number ? "nan" : word, number != number ? 3 : (size_t)bytes);
        return;
    }
    switch (value->type) {
    case CORDON_STRING:
        add(out, word, (size_t)snprintf(word, sizeof word, "%u:", value->length));
        add(out, value->as.string, value->length);
        return;
    case CORDON_ARRAY:
    case CORDON_MAP:
        add(out, map ? "{" : "[", 1);
        cordon_value_iter_init(&iter, value);
        while (cordon_value_next(&iter, &key, &item)) {
            if (!first)
                add(out, ",", 1);
            first = false;
            if (map) {
                show(out, &key);
                add(out, "=", 1);
            }
            show(out, &item);
        }
        add(out, map ? "}" : "]", 1);
        return;
    case CORDON_BOOLEAN:
        add(out, value->as.boolean ? "true" : "false", value->as.boolean ? 4 : 5);
        return;
    case CORDON_NIL:
    case CORDON_INTEGER:
    case CORDON_NUMBER:
    default:
        add(out, "nil", 3);
    }
}

/* The rule's own words for what it returned; "" where it had none.  A node is written as a
 * map, frozen tables as what they are: those it cannot tell. */
static void check_told(void)
{
    static struct text told;
    cordon_value output = cordon_outcome_output(trial.outcome), text, value;

    if (!cordon_value_get(&text, &output, "text") || text.length == 0)
        return;
    if (!cordon_value_get(&value, &output, "value"))
        value = (cordon_value){.type = CORDON_NIL};
    if (memmem(text.as.string, text.length, "Account:", 8))
        return;
    told.length = 0;
    show(&told, &value);
    if (told.length == text.length && !memcmp(told.bytes, text.as.string, text.length))
        return;
    fprintf(stderr, "the rule says  %.*s\nthe host reads %.*s\n", (int)text.length,
            text.as.string, (int)told.length, told.bytes);
    abort();
}

static void take(struct reader *in, unsigned how)
{
    static const uint64_t outputs[] = {MOST_BYTES - 1024, 4096, 256, 40};
    static unsigned char bytes[MOST_BYTES];
    unsigned place = how % PLACES;
    cordon_builder out;

    budget.output_bytes = outputs[how / 64];
    cordon_builder_init(&out, bytes, sizeof bytes);
    cordon_builder_map(&out, 2);
    cordon_builder_string(&out, "code", 4);
    cordon_builder_string(&out, (const char *)in->at, (size_t)(in->end - in->at));
    cordon_builder_string(&out, "place", 5);
    cordon_builder_integer(&out, place);
    if (!cordon_builder_ok(&out))
        return;
    if (ask(&makers[place == 6 ? how / PLACES % MAKERS : 0], bytes, out.length) &&
        !place)
        check_told();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reader in = {data, data + size};
    unsigned way, how;

    if (!trial.outcome)
        start();
    if (size < 2)
        return 0;
    way = byte(&in) % 8;
    how = byte(&in);
    if (way == 0)
        give(in.at, (size_t)(in.end - in.at));
    else if (way == 1)
        give_json(&in);
    else if (way == 2)
        give_built(&in);
    else
        take(&in, how);
    if (how % 8 == 0)
        trial_check(&trial, 0);
    return 0;
}
