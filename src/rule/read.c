/* Reading a rule's contract: from source text to the table that the file returned, as bytes.
 *
 * The chunk runs once in the given slot.  Inside that protected call the table is written as
 * msgpack, field by field, into memory that was taken before: nothing of the host's is held
 * across a Lua error.  Nothing is judged here: that is done on those bytes (contract.c), by
 * whoever asked, and maybe on the other side of a wall. */
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

struct loading {
    const char *source;
    size_t bytes;
    const char *file;
    struct cdn_packer packer;
    struct cdn_contract *contract;
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
    struct cdn_contract *contract = loading->contract;
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
        loading->contract->returned = type_name(lua_type(L, 1));
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
                            CDN_CONTRACT_BYTES);
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

cordon_status cdn_contract_read(struct cdn_contract **out, struct cdn_slot *slot,
                                const char *source, size_t bytes, const char *file,
                                const struct cdn_budget *budget, cordon_error *err)
{
    struct loading loading = {.source = source, .bytes = bytes, .file = file};
    struct cdn_budget reading = *budget;
    struct cdn_image *image = NULL;
    enum cdn_run run = CDN_RUN_OK;
    cordon_status status;

    *out = NULL;
    if (bytes > CORDON_RULE_MAX_SOURCE_BYTES)
        return cdn_error_at(err, CORDON_E_RULE, file, 0, 0,
                            "the file has %zu bytes; a rule has at most %u", bytes,
                            CORDON_RULE_MAX_SOURCE_BYTES);
    status = cdn_tokens_check(source, bytes, file, err);
    if (status)
        return status;
    loading.contract = cdn_contract_new();
    if (!loading.contract)
        return cdn_error_nomem(err);
    reading.output_bytes = CDN_CONTRACT_BYTES;
    cdn_pack_init(&loading.packer, loading.contract->packed, CDN_CONTRACT_BYTES);
    cdn_library_choose(slot, source, bytes);
    status = cdn_image_build(&image, &run, slot, read_contract, &loading, &reading,
                             NULL, err);
    if (!status && !image)
        status = cdn_rule_load_fault(slot, run, file, err);
    cdn_image_free(image);
    if (status) {
        cdn_contract_free(loading.contract);
        return status;
    }
    loading.contract->packed_bytes = loading.packer.length;
    *out = loading.contract;
    return CORDON_OK;
}
