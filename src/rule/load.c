/* Loading a rule: from source text to a checked struct cdn_rule.
 *
 * The chunk runs once in the given slot.  Inside that protected call the table it returned
 * is written as msgpack, field by field, into memory that was taken before: nothing of the
 * host's is held across a Lua error.  All checking happens afterwards on those bytes
 * (contract.c).  Last the image is built once as a running slot would build it, which
 * proves that it can be and measures it.
 *
 * Cost: two compilations, some 200 us.  Left out: keeping the image; it belongs to this
 * slot, and rules run in others. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lua.h>

#include "base/alloc.h"
#include "base/pack.h"
#include "rule/contract.h"
#include "rule/functions.h"
#include "rule/image.h"
#include "sandbox/library.h"
#include "sandbox/tokens.h"
#include "sandbox/transfer.h"

#define CONTRACT_BYTES ((size_t)256 * 1024)

struct loading {
    const char *source;
    size_t bytes;
    const char *file;
    struct cdn_packer packer;
    struct cdn_contract contract;
};

static int nothing(lua_State *L)
{
    (void)L;
    return 0;
}

/* A type's name outlives the state it was asked of. */
static const char *type_name(int type)
{
    switch (type) {
    case LUA_TNIL:
    case LUA_TNONE:
        return "nil";
    case LUA_TBOOLEAN:
        return "boolean";
    case LUA_TNUMBER:
        return "number";
    case LUA_TSTRING:
        return "string";
    case LUA_TTABLE:
        return "table";
    case LUA_TFUNCTION:
        return "function";
    case LUA_TTHREAD:
        return "coroutine";
    default:
        return "userdata";
    }
}

/* Copy the field whose key is at -2 and value at -1.                      [-0, +0, e] */
CDN_RAISES static void copy_field(lua_State *L, struct loading *loading)
{
    struct cdn_contract *contract = &loading->contract;
    struct cdn_contract_field *field;
    struct cdn_transfer transfer = {.out = &loading->packer};
    size_t length;
    const char *key;

    if (lua_type(L, -2) != LUA_TSTRING) {
        const char *odd = type_name(lua_type(L, -2));

        /* of several the first by name: a table's own order must not be seen */
        if (!contract->odd_key || strcmp(odd, contract->odd_key) < 0)
            contract->odd_key = odd;
        return;
    }
    key = lua_tolstring(L, -2, &length);
    if (!strcmp(key, "evaluate")) {
        contract->evaluate = type_name(lua_type(L, -1));
        return;
    }
    if (contract->count == CDN_CONTRACT_MAX_FIELDS) {
        contract->too_many = true;
        return;
    }
    field = &contract->fields[contract->count];
    cdn_escape(field->key, sizeof field->key, key, length);
    field->offset = loading->packer.length;
    transfer.root = field->key;
    if (!cdn_transfer_encode(L, lua_gettop(L), &transfer)) {
        memcpy(field->fault, transfer.error, sizeof field->fault);
        field->fault[sizeof field->fault - 1] = '\0';
        loading->packer.length = field->offset;
    }
    field->bytes = loading->packer.length - field->offset;
    contract->count++;
}

/* Run the chunk and copy the table it returns.                            [-1, +1, e] */
CDN_RAISES static int read_contract(lua_State *L)
{
    struct loading *loading = lua_touserdata(L, 1);

    lua_settop(L, 0);
    cdn_functions_open_unread(L);
    cdn_library_load(L, loading->source, loading->bytes, loading->file);
    lua_call(L, 0, 1);
    if (lua_type(L, 1) != LUA_TTABLE) {
        loading->contract.returned = type_name(lua_type(L, 1));
    } else {
        lua_pushnil(L);
        while (lua_next(L, 1)) {
            copy_field(L, loading);
            cdn_meter_charge(L, 1);
            lua_settop(L, 2);
        }
    }
    lua_settop(L, 0);
    lua_pushcclosure(L, nothing, 0);
    return 1;
}

static int by_key(const void *a, const void *b)
{
    const struct cdn_contract_field *left = a, *right = b;

    return strcmp(left->key, right->key);
}

static int by_line(const void *a, const void *b)
{
    const struct cdn_finding *left = a, *right = b;
    uint32_t x = left->line - 1, y = right->line - 1; /* none: last */

    if (x != y)
        return x < y ? -1 : 1;
    return strcmp(left->message, right->message);
}

cordon_status cdn_rule_load_fault(struct cdn_slot *slot, enum cdn_run run,
                                  const char *file, cordon_error *err)
{
    const struct cdn_meter *meter = cdn_slot_meter(slot);
    const char *where = NULL;
    uint32_t line = 0;

    if (meter->stop == CDN_STOP_NONE && run == CDN_RUN_ERROR) {
        const char *message = cdn_slot_message(slot, &where, &line);

        return cdn_error_at(err, CORDON_E_RULE, file, line, 0, "%s", message);
    }
    line = meter->stop_line;
    switch (meter->stop) {
    case CDN_STOP_MEMORY:
        return cdn_error_at(
            err, CORDON_E_RULE, file, line, 0,
            "the file needs more memory while it loads than the %llu bytes "
            "an image may take; build large data in evaluate",
            (unsigned long long)meter->limit.memory_bytes);
    case CDN_STOP_INSTRUCTIONS:
        return cdn_error_at(
            err, CORDON_E_RULE, file, line, 0,
            "the file runs more than %llu instructions while it loads; it "
            "should only define the rule and return it",
            (unsigned long long)meter->limit.instructions);
    case CDN_STOP_TIME:
        return cdn_error_at(err, CORDON_E_RULE, file, line, 0,
                            "the file takes more than %llu ms to load; it should only "
                            "define the rule and return it",
                            (unsigned long long)(meter->limit.wall_ns / 1000000));
    case CDN_STOP_OUTPUT:
        return cdn_error_at(err, CORDON_E_RULE, file, line, 0,
                            "the table the file returns has more than %zu bytes of "
                            "contract; keep large data in a local of the file",
                            CONTRACT_BYTES);
    case CDN_STOP_NONE:
    case CDN_STOP_EDGES:
    case CDN_STOP_NODES:
    case CDN_STOP_HOPS:
    case CDN_STOP_CANCELLED:
    default:
        return cdn_error_at(err, CORDON_E_RULE, file, line, 0,
                            "the file was stopped while it loaded");
    }
}

/* Make the rule of what the chunk returned. */
static cordon_status checked(struct cdn_rule *rule, struct loading *loading,
                             struct cdn_findings *findings, cordon_error *err)
{
    struct cdn_check check = {.rule = rule, .contract = &loading->contract};
    cordon_status status = CORDON_OK;

    if (loading->contract.count)
        qsort(loading->contract.fields, loading->contract.count,
              sizeof loading->contract.fields[0], by_key);
    cdn_contract_check(&check);
    if (check.nomem) {
        status = cdn_error_nomem(err);
        cdn_findings_deinit(&check.findings);
    } else if (check.findings.count) {
        qsort(check.findings.items, check.findings.count, sizeof *check.findings.items,
              by_line);
        status = cdn_error_at(err, CORDON_E_RULE, loading->file,
                              check.findings.items[0].line, 0, "%s",
                              check.findings.items[0].message);
    }
    if (findings)
        *findings = check.findings;
    else
        cdn_findings_deinit(&check.findings);
    return status;
}

static cordon_status keep_source(struct cdn_rule *rule, const char *source,
                                 size_t bytes, const char *file)
{
    rule->source = cdn_alloc(bytes + 1);
    rule->file = cdn_strdup(file);
    if (!rule->source || !rule->file)
        return CORDON_E_NOMEM;
    memcpy(rule->source, source, bytes);
    rule->source[bytes] = '\0';
    rule->source_bytes = bytes;
    cdn_hash_content(rule->hash, source, bytes);
    return CORDON_OK;
}

cordon_status cdn_rule_load(struct cdn_rule **out, struct cdn_slot *slot,
                            const char *source, size_t bytes, const char *file,
                            const struct cdn_budget *budget,
                            struct cdn_findings *findings, cordon_error *err)
{
    cordon_error own;
    cordon_status status;
    struct loading *loading = NULL;
    struct cdn_image *image = NULL;
    struct cdn_rule *rule = NULL;
    enum cdn_run run = CDN_RUN_OK;
    struct cdn_budget reading = *budget;

    *out = NULL;
    if (!err)
        err = &own;
    if (bytes > CORDON_RULE_MAX_SOURCE_BYTES) {
        status = cdn_error_at(err, CORDON_E_RULE, file, 0, 0,
                              "the file has %zu bytes; a rule has at most %u", bytes,
                              CORDON_RULE_MAX_SOURCE_BYTES);
        return status;
    }
    status = cdn_tokens_check(source, bytes, file, err);
    if (status)
        return status;
    loading = cdn_calloc(1, sizeof *loading);
    rule = cdn_calloc(1, sizeof *rule);
    if (loading)
        loading->contract.packed = cdn_alloc(CONTRACT_BYTES);
    if (!loading || !rule || !loading->contract.packed ||
        keep_source(rule, source, bytes, file)) {
        status = cdn_error_nomem(err);
        goto out;
    }
    loading->source = rule->source;
    loading->bytes = bytes;
    loading->file = rule->file;
    reading.output_bytes = CONTRACT_BYTES;
    cdn_pack_init(&loading->packer, loading->contract.packed, CONTRACT_BYTES);
    cdn_library_choose(slot, source, bytes);
    status = cdn_image_build(&image, &run, slot, read_contract, loading, &reading, NULL,
                             err);
    if (status)
        goto out;
    if (!image) {
        status = cdn_rule_load_fault(slot, run, file, err);
        goto out;
    }
    cdn_image_free(image);
    image = NULL;
    status = checked(rule, loading, findings, err);
    if (status)
        goto out;
    status = cdn_rule_image(&image, rule, slot, budget, err);
    if (status)
        goto out;
    rule->image_bytes = cdn_image_bytes(image);
    *out = rule;
    rule = NULL; /* handed over */
out:
    cdn_image_free(image);
    cdn_rule_free(rule);
    if (loading)
        cdn_free(loading->contract.packed);
    cdn_free(loading);
    return status;
}

void cdn_rule_free(struct cdn_rule *rule)
{
    if (!rule)
        return;
    for (uint32_t i = 0; i < rule->param_count; i++) {
        struct cdn_param *param = &rule->params[i];

        for (uint32_t k = 0; k < param->choice_count; k++)
            cdn_free(param->choices[k]);
        cdn_free(param->choices);
        cdn_free(param->description);
        cdn_free(param->fallback);
    }
    for (uint32_t i = 0; i < rule->tag_count; i++)
        cdn_free(rule->tags[i]);
    cdn_free(rule->tags);
    cdn_free(rule->params);
    cdn_free(rule->returns);
    cdn_free(rule->functions);
    cdn_free(rule->description);
    cdn_free(rule->owner);
    cdn_free(rule->file);
    cdn_free(rule->source);
    cdn_free(rule);
}
