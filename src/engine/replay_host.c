/* Answers read out of a record, and given again.
 *
 * The record is hostile: each length is checked by the pull reader, what is not of its type is
 * left out, and the answers are looked through from the first to the last, which is as long as
 * a record may be, once a call. */
#include "engine/replay_host.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/pack.h"
#include "engine/engine.h"
#include "rule/functions.h"

/* ---- reading ---- */

static bool same(const struct cdn_audit_text *a, const struct cdn_audit_text *b)
{
    return a->bytes == b->bytes && !memcmp(a->at, b->at, a->bytes);
}

/* One more in an array that grows. */
static void *more(void **items, size_t *count, size_t *room, size_t bytes)
{
    if (*count == *room) {
        size_t wanted = *room ? 2 * *room : 16;
        void *grown = cdn_realloc_array(*items, wanted, bytes);

        if (!grown)
            return NULL;
        *items = grown;
        *room = wanted;
    }
    return (char *)*items + (*count)++ * bytes;
}

/* 16 hexadecimal digits. */
static bool take_hash(uint64_t *out, const unsigned char **at, const unsigned char *end)
{
    cordon_value value;

    *out = 0;
    if (!cdn_unpack_head(&value, at, end) || value.type != CORDON_STRING ||
        value.length != 16)
        return false;
    for (int i = 0; i < 16; i++) {
        char digit = value.as.string[i];
        int part = digit >= '0' && digit <= '9'   ? digit - '0'
                   : digit >= 'a' && digit <= 'f' ? digit - 'a' + 10
                                                  : -1;

        if (part < 0)
            return false;
        *out = *out << 4 | (uint64_t)part;
    }
    return true;
}

static bool take_answer(struct cdn_replay_answer *out, const unsigned char **at,
                        const unsigned char *end)
{
    struct cdn_audit_field field;
    uint32_t pairs;
    bool hash = false;

    if (!cdn_audit_map_begin(at, end, &pairs))
        return false;
    for (; pairs; pairs--) {
        const unsigned char *from;

        if (!cdn_audit_map_key(&field, at, end))
            return false;
        from = *at;
        if (cdn_audit_text_is(&field.key, "arguments")) {
            hash = take_hash(&out->arguments, at, end);
            if (!hash)
                return false;
            continue;
        }
        if (!cdn_unpack_skip(at, end))
            return false;
        if (cdn_audit_text_is(&field.key, "error")) {
            cordon_value text;

            if (!cdn_unpack_head(&text, &from, end) || text.type != CORDON_STRING)
                return false;
            out->failed = true;
            out->data = (struct cdn_audit_text){text.as.string, text.length};
        } else if (cdn_audit_text_is(&field.key, "result")) {
            out->data =
                (struct cdn_audit_text){(const char *)from, (size_t)(*at - from)};
        }
    }
    return hash;
}

static cordon_status take_answers(struct cdn_replay_host *host,
                                  const struct cdn_audit_text *function, bool *ok,
                                  const unsigned char **at, const unsigned char *end)
{
    cordon_value list;

    *ok = cdn_unpack_head(&list, at, end) && list.type == CORDON_ARRAY;
    for (uint32_t i = 0; *ok && i < list.length; i++) {
        struct cdn_replay_answer answer = {.function = *function};
        struct cdn_replay_answer *kept;

        *ok = take_answer(&answer, at, end);
        if (!*ok)
            break;
        kept = more((void **)&host->answers, &host->answer_count, &host->answer_room,
                    sizeof answer);
        if (!kept)
            return CORDON_E_NOMEM;
        *kept = answer;
    }
    return CORDON_OK;
}

/* One function's {cost answers}. */
static cordon_status take_function(struct cdn_replay_host *host,
                                   const struct cdn_audit_text *name, bool *ok,
                                   const unsigned char **at, const unsigned char *end)
{
    struct cdn_replay_cost cost = {.function = *name};
    struct cdn_audit_field field;
    struct cdn_replay_cost *kept;
    cordon_status status = CORDON_OK;
    uint32_t pairs = 0;

    *ok = cdn_audit_map_begin(at, end, &pairs);
    for (; *ok && pairs && !status; pairs--) {
        cordon_value value;

        *ok = cdn_audit_map_key(&field, at, end);
        if (*ok && cdn_audit_text_is(&field.key, "answers")) {
            status = take_answers(host, name, ok, at, end);
        } else if (*ok && cdn_audit_text_is(&field.key, "cost")) {
            *ok = cdn_unpack_head(&value, at, end) && value.type == CORDON_INTEGER &&
                  value.as.integer >= 0;
            cost.cost = *ok ? (uint64_t)value.as.integer : 0;
        } else {
            *ok = *ok && cdn_audit_value_skip(at, end);
        }
    }
    if (status)
        return status;
    kept =
        more((void **)&host->costs, &host->cost_count, &host->cost_room, sizeof cost);
    if (!kept)
        return CORDON_E_NOMEM;
    *kept = cost;
    return CORDON_OK;
}

cordon_status cdn_replay_host_take(struct cdn_replay_host *host,
                                   const struct cdn_audit_view *view, cordon_error *err)
{
    const unsigned char *at = (const unsigned char *)view->calls.at;
    const unsigned char *end = at ? at + view->calls.bytes : at;
    struct cdn_audit_field field;
    cordon_status status = CORDON_OK;
    uint32_t pairs = 0;
    bool ok;

    host->answer_count = host->cost_count = 0;
    host->missed[0] = '\0';
    ok = at && cdn_audit_map_begin(&at, end, &pairs);
    for (; ok && pairs && !status; pairs--) {
        ok = cdn_audit_map_key(&field, &at, end);
        if (ok)
            status = take_function(host, &field.key, &ok, &at, end);
    }
    host->whole = ok && !view->calls_cut;
    return status ? cdn_error_nomem(err) : CORDON_OK;
}

/* ---- answering ---- */

/* The next answer to this that nobody has had; or if all were had, the last. */
static struct cdn_replay_answer *find(struct cdn_replay_host *host,
                                      const struct cdn_audit_text *function,
                                      uint64_t arguments)
{
    struct cdn_replay_answer *last = NULL;

    for (size_t i = 0; i < host->answer_count; i++) {
        struct cdn_replay_answer *answer = &host->answers[i];

        if (answer->arguments != arguments || !same(&answer->function, function))
            continue;
        last = answer;
        if (!answer->taken)
            break;
    }
    return last;
}

/* Does the record list the function? */
static const struct cdn_replay_cost *listed(const struct cdn_replay_host *host,
                                            const struct cdn_audit_text *function)
{
    for (size_t i = 0; i < host->cost_count; i++)
        if (same(&host->costs[i].function, function))
            return &host->costs[i];
    return NULL;
}

static cordon_status miss(struct cdn_replay_host *host,
                          const struct cdn_audit_text *function, cordon_error *err)
{
    const char *why = !host->whole ? "not all answers are in the record"
                      : listed(host, function)
                          ? "it was asked what it was not asked then"
                          : "it was not called then";

    if (!host->missed[0])
        (void)snprintf(host->missed, sizeof host->missed, "host.%.*s: %s",
                       (int)function->bytes, function->at, why);
    return cdn_error_set(err, CORDON_E_NOTFOUND, "%s", why);
}

static cordon_status answer_call(void *ud, const cordon_call *call,
                                 const cordon_value *arguments, cordon_builder *result,
                                 cordon_error *err)
{
    struct cdn_replay_host *host = ud;
    const struct cdn_audit_text function = {call->function->name,
                                            strlen(call->function->name)};
    struct cdn_replay_answer *found = find(host, &function, call->arguments);
    bool again = found && found->taken;

    (void)arguments;
    /* what only a candidate may do: the same text asks once for each answer */
    if (!found || (again && !host->candidate))
        return miss(host, &function, err);
    found->taken = true;
    if (found->failed)
        return cdn_error_set(err, CORDON_E_INVALID, "%.*s", (int)found->data.bytes,
                             found->data.at);
    if (found->data.bytes > result->size)
        return miss(host, &function, err);
    if (found->data.bytes)
        memcpy(result->data, found->data.at, found->data.bytes);
    result->length = found->data.bytes;
    return CORDON_OK;
}

cordon_function cdn_replay_host_function(struct cdn_replay_host *host)
{
    cordon_function function = CORDON_FUNCTION_INIT;

    function.body = answer_call;
    function.ud = host;
    function.flags = CORDON_FUNCTION_PURE; /* it is now */
    return function;
}

void cdn_replay_host_begin(struct cdn_replay_host *host, cordon_engine *engine)
{
    for (size_t i = 0; i < host->answer_count; i++)
        host->answers[i].taken = false;
    host->missed[0] = '\0';
    for (uint32_t i = 0; i < engine->function_count; i++) {
        struct cdn_host_function *function = &engine->functions[i];
        const struct cdn_audit_text name = {function->name, strlen(function->name)};
        const struct cdn_replay_cost *cost = listed(host, &name);

        if (cost)
            function->cost = cost->cost;
    }
}

const char *cdn_replay_host_missed(const struct cdn_replay_host *host)
{
    return host->missed[0] ? host->missed : NULL;
}

void cdn_replay_host_deinit(struct cdn_replay_host *host)
{
    cdn_free(host->answers);
    cdn_free(host->costs);
    *host = (struct cdn_replay_host){0};
}
