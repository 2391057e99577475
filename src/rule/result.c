/* What evaluate returned: checked against the contract and written into the outcome.
 *
 * All of this runs inside the rule's own protected call and under its budgets, since it
 * reads the rule's tables.  Reads are raw: no metamethod of the rule's runs here.  Bytes go
 * into the outcome's buffer up to the output budget; the first that does not fit is the
 * limit `output`.  What breaks the contract is no Lua error: it is noted, with the path of
 * the fault, and the outcome becomes invalid_result.
 *
 * The keys of the encoded map are in byte order, and a map declared by `returns` is written
 * field by field in its declared (byte) order, so equal results have equal bytes. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <lauxlib.h>

#include "base/suggest.h"
#include "base/utf8.h"
#include "rule/image.h"
#include "rule/param.h"
#include "sandbox/transfer.h"

/* In byte order: the order they are encoded in. */
static const char *const keys[] = {"decision", "new_edges",     "output", "reasons",
                                   "score",    "updated_nodes", NULL};
enum { DECISION, NEW_EDGES, OUTPUT, REASONS, SCORE, UPDATED_NODES, KEYS };
enum { WALKED = 32 }; /* keys of a table between two charges */

struct taking {
    lua_State *L;
    struct cdn_rule_host *host;
    cordon_outcome *outcome;
    struct cdn_packer packer;
    int around; /* maps that are open where a value is written */
};

#define refuse(taking, ...) (cdn_outcome_explain((taking)->outcome, __VA_ARGS__), false)

static const char *word_for(lua_State *L, int index)
{
    switch (lua_type(L, index)) {
    case LUA_TNIL:
        return "nil";
    case LUA_TBOOLEAN:
        return "a boolean";
    case LUA_TNUMBER:
        return "a number";
    case LUA_TSTRING:
        return "a string";
    case LUA_TTABLE:
        return "a table";
    case LUA_TFUNCTION:
        return "a function";
    case LUA_TTHREAD:
        return "a coroutine";
    case LUA_TLIGHTUSERDATA:
        return "a node or edge";
    default:
        return "an object of the graph's";
    }
}

/* The output budget is gone once something did not fit.                   [-0, +0, e] */
CDN_RAISES static void check_room(struct taking *taking)
{
    if (taking->packer.failed)
        cdn_meter_raise(taking->L, CDN_STOP_OUTPUT);
}

/* The unknown key of a table that is first in byte order; one that is no string goes before
 * all.  The order a table is walked in says nothing, so all of it is walked. */
struct unknown {
    const char *odd;   /* what a key is that is no string; NULL: all are */
    const char *least; /* its table keeps it alive */
    size_t bytes;
};

static void offer_unknown(struct unknown *unknown, const char *key, size_t bytes)
{
    size_t common = bytes < unknown->bytes ? bytes : unknown->bytes;
    int order = unknown->least ? memcmp(key, unknown->least, common) : -1;

    if (order < 0 || (!order && bytes < unknown->bytes)) {
        unknown->least = key;
        unknown->bytes = bytes;
    }
}

static void offer_odd(struct unknown *unknown, const char *what)
{
    if (!unknown->odd || strcmp(what, unknown->odd) < 0)
        unknown->odd = what;
}

/* False: there is none.  Else `out` names it. */
static bool name_unknown(const struct unknown *unknown, char *out, size_t size)
{
    if (unknown->odd)
        snprintf(out, size, "(a key that is %s)", unknown->odd);
    else if (unknown->least)
        cdn_escape(out, size, unknown->least, unknown->bytes);
    return unknown->odd || unknown->least;
}

/* ---- the scalars ---- */

CDN_RAISES static bool take_decision(struct taking *taking, int index)
{
    const struct cdn_rule *rule = taking->host->rule;
    cordon_outcome *outcome = taking->outcome;
    struct cdn_suggest suggest;
    char word[CDN_RULE_MAX_WORD + 1], hint[128];
    const char *text;
    size_t bytes;

    if (lua_type(taking->L, index) != LUA_TSTRING)
        return refuse(taking, "decision: %s where a string is needed",
                      word_for(taking->L, index));
    text = lua_tolstring(taking->L, index, &bytes);
    for (uint32_t i = 0; i < rule->decision_count; i++) {
        if (strlen(rule->decisions[i]) == bytes &&
            !memcmp(rule->decisions[i], text, bytes)) {
            memcpy(outcome->decision, text, bytes);
            outcome->decision[bytes] = '\0';
            outcome->has_decision = true;
            cdn_pack_str(&taking->packer, text, bytes);
            return true;
        }
    }
    cdn_escape(word, sizeof word, text, bytes);
    cdn_suggest_init(&suggest, word);
    for (uint32_t i = 0; i < rule->decision_count; i++)
        cdn_suggest_offer(&suggest, rule->decisions[i]);
    return refuse(taking, "decision: '%s' is not one of the rule's decisions%s", word,
                  cdn_suggest_text(&suggest, hint, sizeof hint));
}

CDN_RAISES static bool take_score(struct taking *taking, int index)
{
    double score;

    if (lua_type(taking->L, index) != LUA_TNUMBER)
        return refuse(taking, "score: %s where a number is needed",
                      word_for(taking->L, index));
    score = lua_tonumber(taking->L, index);
    if (!isfinite(score))
        return refuse(taking, "score: %s is not a finite number",
                      isnan(score) ? "NaN"
                      : score > 0  ? "infinity"
                                   : "-infinity");
    taking->outcome->score = score;
    taking->outcome->has_score = true;
    cdn_pack_number(&taking->packer, score);
    return true;
}

CDN_RAISES static bool take_reasons(struct taking *taking, int index)
{
    cordon_outcome *outcome = taking->outcome;
    lua_State *L = taking->L;
    size_t used = 0, count, pairs = 0;

    if (lua_type(L, index) != LUA_TTABLE)
        return refuse(taking, "reasons: %s where a list of strings is needed",
                      word_for(L, index));
    if (lua_getmetatable(L, index))
        return refuse(taking, "reasons: a table with a metatable cannot be returned");
    count = lua_objlen(L, index);
    if (count > CDN_OUTCOME_MAX_REASONS)
        return refuse(taking, "reasons: more than %d; keep the ones that matter",
                      CDN_OUTCOME_MAX_REASONS);
    lua_pushnil(L);
    while (lua_next(L, index) && pairs <= count) {
        pairs++;
        lua_pop(L, 1);
    }
    lua_settop(L, index);
    if (pairs != count)
        return refuse(taking, "reasons: the keys are not 1, 2, 3 ... without a gap");
    cdn_pack_array(&taking->packer, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        const char *text;
        size_t bytes;

        lua_rawgeti(L, index, (int)i + 1);
        if (lua_type(L, -1) != LUA_TSTRING)
            return refuse(taking, "reasons[%zu]: %s where a string is needed", i + 1,
                          word_for(L, -1));
        text = lua_tolstring(L, -1, &bytes);
        if (bytes > CDN_OUTCOME_REASON_BYTES)
            return refuse(taking, "reasons[%zu]: %zu bytes; a reason has at most %d",
                          i + 1, bytes, CDN_OUTCOME_REASON_BYTES);
        if (!cdn_utf8_valid(text, bytes) || memchr(text, 0, bytes))
            return refuse(taking, "reasons[%zu]: not UTF-8 text without NUL bytes",
                          i + 1);
        cdn_pack_str(&taking->packer, text, bytes);
        outcome->reasons[i] = (uint32_t)used;
        memcpy(outcome->reason_text + used, text, bytes);
        outcome->reason_text[used + bytes] = '\0';
        used += bytes + 1;
        lua_settop(L, index);
    }
    cdn_meter_charge(L, 1 + count + used / 64);
    outcome->reason_count = (uint32_t)count;
    return true;
}

/* ---- values ---- */

/* Encode the value at index; what it is called goes into messages.        [-0, +0, e] */
CDN_RAISES static bool encode(struct taking *taking, int index, const char *root,
                              bool empty_is_map)
{
    struct cdn_transfer transfer = {.out = &taking->packer,
                                    .handle = cdn_graph_encode_handle,
                                    .root = root,
                                    .empty_is_map = empty_is_map,
                                    .around = taking->around};

    if (!cdn_transfer_encode(taking->L, index, &transfer))
        return refuse(taking, "%s", transfer.error);
    check_room(taking);
    return true;
}

/* Is the string at index UTF-8?                                           [-0, +0, e] */
CDN_RAISES static bool is_text(lua_State *L, int index)
{
    size_t bytes;
    const char *text = lua_tolstring(L, index, &bytes);

    cdn_meter_charge(L, bytes / 32);
    return cdn_utf8_valid(text, bytes);
}

/* Does the value at index fit the type word?  Tables are looked at once encoded. */
CDN_RAISES static bool take_typed(struct taking *taking, int index, const char *root,
                                  const char *type)
{
    lua_State *L = taking->L;
    size_t offset = taking->packer.length;
    int got = lua_type(L, index);
    /* the words of `returns` differ in their first letter */
    bool list = type[0] == 'l';
    bool map = type[0] == 'm';
    bool any = type[0] == 'a';
    bool fits = any;
    const unsigned char *at;
    cordon_value head;

    if (type[0] == 'b')
        fits = got == LUA_TBOOLEAN;
    else if (type[0] == 's')
        fits = got == LUA_TSTRING;
    else if (type[0] == 'n' || type[0] == 'i')
        fits = got == LUA_TNUMBER;
    else if (list || map)
        fits = got == LUA_TTABLE || (map && got == LUA_TLIGHTUSERDATA);
    if (fits && got == LUA_TNUMBER && !any) {
        double number = lua_tonumber(L, index);

        if (!isfinite(number))
            return refuse(taking, "%s: %s is not a finite number", root,
                          isnan(number) ? "NaN" : "infinity");
        if (type[0] == 'i' &&
            (number != trunc(number) || fabs(number) > CDN_RULE_EXACT))
            return refuse(
                taking, "%s: %.15g is not an integer within 2^53, as returns declares",
                root, number);
    }
    if (!fits)
        return refuse(taking, "%s: %s where returns declares %s", root,
                      word_for(L, index), type);
    if (type[0] == 's' && !is_text(L, index))
        return refuse(taking, "%s: not UTF-8 text, which returns declares", root);
    if (got == LUA_TNUMBER && !any) { /* as encode would, at a third of the cost */
        cdn_meter_charge(L, 1);
        cdn_pack_number(&taking->packer, lua_tonumber(L, index));
        check_room(taking);
        return true;
    }
    if (!encode(taking, index, root, map))
        return false;
    at = taking->packer.data + offset;
    if ((list || map) &&
        cdn_unpack_head(&head, &at, taking->packer.data + taking->packer.length) &&
        head.type != (list ? CORDON_ARRAY : CORDON_MAP))
        return refuse(taking, "%s: a %s where returns declares a %s", root,
                      list ? "map" : "list", type);
    return true;
}

static bool is_return(const struct cdn_rule *rule, const char *key, size_t bytes)
{
    for (uint32_t i = 0; i < rule->return_count; i++)
        if (strlen(rule->returns[i].name) == bytes &&
            !memcmp(rule->returns[i].name, key, bytes))
            return true;
    return false;
}

/* Output that `returns` declares field by field. */
CDN_RAISES static bool take_fields(struct taking *taking, int index)
{
    const struct cdn_rule *rule = taking->host->rule;
    lua_State *L = taking->L;
    struct unknown unknown = {0};
    uint32_t count = 0;
    char root[CDN_RULE_MAX_WORD + 16], name[CDN_RULE_MAX_WORD + 1], hint[128];

    if (lua_type(L, index) != LUA_TTABLE)
        return refuse(taking, "output: %s where returns declares fields",
                      word_for(L, index));
    if (lua_getmetatable(L, index))
        return refuse(taking, "output: a table with a metatable cannot be returned");
    lua_pushnil(L);
    while (lua_next(L, index)) {
        size_t bytes;
        const char *key;

        cdn_meter_charge(L, 1);
        cdn_meter_walk(L, count);
        lua_pop(L, 1);
        count++;
        if (lua_type(L, -1) != LUA_TSTRING) {
            offer_odd(&unknown, word_for(L, -1));
            continue;
        }
        key = lua_tolstring(L, -1, &bytes);
        if (!is_return(rule, key, bytes))
            offer_unknown(&unknown, key, bytes);
    }
    if (name_unknown(&unknown, name, sizeof name)) {
        struct cdn_suggest suggest;

        cdn_suggest_init(&suggest, name);
        for (uint32_t i = 0; i < rule->return_count; i++)
            cdn_suggest_offer(&suggest, rule->returns[i].name);
        return refuse(taking, "output.%s: returns declares no such field%s", name,
                      cdn_suggest_text(&suggest, hint, sizeof hint));
    }
    cdn_meter_charge(L, rule->return_count);
    cdn_pack_map(&taking->packer, count);
    taking->around++;
    for (uint32_t i = 0; i < rule->return_count; i++) {
        const struct cdn_return *field = &rule->returns[i];

        snprintf(root, sizeof root, "output.%s", field->name);
        lua_pushstring(L, field->name);
        lua_rawget(L, index);
        if (lua_isnil(L, -1) && !field->optional)
            return refuse(taking, "%s: it is missing; returns declares it as %s", root,
                          field->type);
        if (!lua_isnil(L, -1)) {
            cdn_pack_cstr(&taking->packer, field->name);
            if (!take_typed(taking, lua_gettop(L), root, field->type))
                return false;
        }
        lua_settop(L, index);
    }
    taking->around--;
    return true;
}

/* updated_nodes and new_edges: a list of maps. */
CDN_RAISES static bool take_proposals(struct taking *taking, int index,
                                      const char *root)
{
    size_t offset = taking->packer.length;
    const unsigned char *end;
    cordon_value list, item;
    cordon_value_iter iter;

    if (lua_type(taking->L, index) != LUA_TTABLE)
        return refuse(taking, "%s: %s where a list of tables is needed", root,
                      word_for(taking->L, index));
    if (!encode(taking, index, root, false))
        return false;
    end = taking->packer.data + taking->packer.length;
    if (cordon_value_parse(&list, taking->packer.data + offset,
                           (size_t)(end - taking->packer.data) - offset, NULL) ||
        list.type != CORDON_ARRAY)
        return refuse(taking, "%s: a map where a list of tables is needed", root);
    cordon_value_iter_init(&iter, &list);
    for (uint32_t at = 1; cordon_value_next(&iter, NULL, &item); at++)
        if (item.type != CORDON_MAP)
            return refuse(taking, "%s[%u]: a table of named fields is needed", root,
                          at);
    return true;
}

/* ---- all of it ---- */

/* The number of a result's key; KEYS: none. */
static int key_number(const char *key, size_t bytes)
{
    for (int i = 0; i < KEYS; i++)
        if (keys[i][0] == key[0] && strlen(keys[i]) == bytes &&
            !memcmp(keys[i], key, bytes))
            return i;
    return KEYS;
}

/* Put the values of the table at `index` onto the stack behind it, in the order of `keys`,
 * nil where there is none.  Which were found: a bit each.               [-0, +KEYS, e] */
CDN_RAISES static unsigned spread(lua_State *L, int index, struct unknown *unknown)
{
    unsigned found = 0;
    uint32_t step = 0;

    lua_settop(L, index + KEYS);
    lua_pushnil(L);
    while (lua_next(L, index)) {
        size_t bytes;
        const char *key;
        int number = KEYS;

        if (++step % WALKED == 0) {
            cdn_meter_charge(L, WALKED);
            cdn_meter_walk(L, step);
        }
        if (lua_type(L, -2) == LUA_TSTRING) {
            key = lua_tolstring(L, -2, &bytes);
            number = key_number(key, bytes);
            if (number == KEYS)
                offer_unknown(unknown, key, bytes);
        } else {
            offer_odd(unknown, word_for(L, -2));
        }
        if (number == KEYS) {
            lua_pop(L, 1);
        } else {
            lua_replace(L, index + 1 + number);
            found |= 1U << number;
        }
    }
    cdn_meter_charge(L, step % WALKED);
    cdn_meter_walked(L);
    return found;
}

CDN_RAISES static bool take_value(struct taking *taking, int key, int index)
{
    const struct cdn_rule *rule = taking->host->rule;

    switch (key) {
    case DECISION:
        return take_decision(taking, index);
    case REASONS:
        return take_reasons(taking, index);
    case SCORE:
        return take_score(taking, index);
    case OUTPUT:
        return rule->returns_map
                   ? take_fields(taking, index)
                   : take_typed(taking, index, "output", rule->returns_type);
    default:
        return take_proposals(taking, index, keys[key]);
    }
}

/* Point the outcome's views into its result. */
static void set_views(struct taking *taking, const size_t *offsets)
{
    cordon_outcome *outcome = taking->outcome;
    cordon_value *const views[KEYS] = {[OUTPUT] = &outcome->output,
                                       [NEW_EDGES] = &outcome->new_edges,
                                       [UPDATED_NODES] = &outcome->updated_nodes};

    outcome->result_bytes = taking->packer.length;
    for (int i = 0; i < KEYS; i++) {
        const unsigned char *at = outcome->result + offsets[i];

        if (views[i] && offsets[i])
            cdn_unpack_head(views[i], &at, outcome->result + outcome->result_bytes);
    }
}

CDN_RAISES static bool take(struct taking *taking, int index)
{
    const struct cdn_rule *rule = taking->host->rule;
    lua_State *L = taking->L;
    size_t offsets[KEYS] = {0};
    struct unknown unknown = {0};
    unsigned found;
    char name[CDN_RULE_MAX_WORD + 1], hint[128];

    if (lua_type(L, index) != LUA_TTABLE)
        return refuse(taking,
                      "evaluate returned %s; it returns a table, such as "
                      "{ decision = \"allow\" }",
                      word_for(L, index));
    if (lua_getmetatable(L, index))
        return refuse(taking, "a result with a metatable cannot be returned");
    found = spread(L, index, &unknown);
    if (name_unknown(&unknown, name, sizeof name)) {
        struct cdn_suggest suggest;

        cdn_suggest_init(&suggest, name);
        for (int i = 0; keys[i]; i++)
            cdn_suggest_offer(&suggest, keys[i]);
        return refuse(taking, "%s: a result has no such field%s", name,
                      suggest.best ? cdn_suggest_text(&suggest, hint, sizeof hint)
                                   : "; put it into output");
    }
    if (!(found >> OUTPUT & 1) && !rule->returns_optional)
        return refuse(taking, "output: it is missing; returns declares it");
    cdn_pack_map(&taking->packer, (uint32_t)__builtin_popcount(found));
    for (int i = 0; i < KEYS; i++) {
        if (!(found >> i & 1))
            continue;
        cdn_pack_cstr(&taking->packer, keys[i]);
        offsets[i] = taking->packer.length;
        lua_pushvalue(L, index + 1 + i);
        if (!take_value(taking, i, index + 1 + KEYS))
            return false;
        lua_settop(L, index + KEYS);
    }
    check_room(taking);
    set_views(taking, offsets);
    return true;
}

void cdn_result_take(lua_State *L, int index, struct cdn_rule_host *host)
{
    struct taking taking = {
        .L = L, .host = host, .outcome = host->outcome, .around = 1};
    uint64_t limit = cdn_meter_of(L)->limit.output_bytes;

    luaL_checkstack(L, KEYS + 8, "result");
    lua_settop(L, index);
    cdn_pack_init(&taking.packer, host->outcome->result, (size_t)limit);
    host->invalid = !take(&taking, index);
}
