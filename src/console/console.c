/* The console's state between inputs, and one input: see console.h.
 *
 * The entry function of every image is the same one.  It finds the input in host memory,
 * compiles it, calls it, and writes what it gave and what globals there are into buffers that
 * were made before, so that nothing is held across a Lua error.  Compiling is not charged:
 * it is no part of what a rule would do.  Only then is the new image taken.
 *
 * What edge sets remember of a run (cdn_graph_run.memo) is numbered; the count goes on from
 * input to input, so that a set that was kept never takes another run's for its own. */
#include "console/console.h"

#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>
#include <lua.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/hash.h"
#include "console/names.h"
#include "console/show.h"
#include "graph/manual.h"
#include "rule/image.h"
#include "rule/run.h"
#include "sandbox/library.h"
#include "sandbox/tokens.h"

enum {
    SHOWN_BYTES = 1 << 20,
    GLOBALS = 256,           /* listed at the most */
    GLOBALS_WALKED = 1 << 16 /* looked at for that */
};

#define TRANSCRIPT_BYTES ((size_t)CORDON_RULE_MAX_SOURCE_BYTES)
#define TRANSCRIPT_NAME  "repl"

struct cdn_console {
    struct cdn_rule_host host; /* first: what the slot's functions find */
    struct cdn_rule rule;      /* what an input is run as */
    cordon_snapshot *snapshot;
    struct cdn_slot *slot;
    struct cdn_image *image;
    struct cdn_binding *binding;
    struct cdn_buf left_out;
    struct cdn_buf transcript;
    struct cdn_buf chunk; /* the input on its lines of the transcript */
    uint32_t lines;       /* of the transcript */
    uint32_t first;       /* of the input */
    uint32_t memo_count;
    uint64_t random;
    bool begun; /* random is of this console, not of a request */
    unsigned char *shown;
    struct cdn_packer packer;
    uint32_t results;
    size_t global_count;
    struct cdn_console_global globals[GLOBALS];
    size_t spare_count;
    struct cdn_console_global spare[GLOBALS]; /* of the input that runs */
};

/* ---- inside a run ---- */

static const char *type_of(lua_State *L, int index)
{
    const char *receiver = cdn_show_receiver(L, index);

    return receiver ? receiver : lua_typename(L, lua_type(L, index));
}

/* Is it a name of the library, which every rule has? */
static bool is_given(const char *name)
{
    static const char *const tables[] = {"string",  "table",     "math",
                                         "bit",     "coroutine", "graph",
                                         "request", "_G",        "_VERSION"};

    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        if (!strcmp(name, tables[i]))
            return true;
    }
    return cdn_manual_find("", name) != NULL;
}

/* List the globals in the table at index.                                  [-0, +0, e] */
CDN_RAISES static void list_globals(lua_State *L, int index,
                                    struct cdn_console *console)
{
    console->spare_count = 0;
    lua_pushnil(L);
    for (uint32_t i = 0; i < GLOBALS_WALKED && lua_next(L, index); i++) {
        struct cdn_console_global *global = &console->spare[console->spare_count];
        size_t bytes;
        const char *name;

        cdn_meter_walk(L, i);
        if (lua_type(L, -2) != LUA_TSTRING)
            goto next;
        name = lua_tolstring(L, -2, &bytes);
        if (bytes >= sizeof global->name || strlen(name) != bytes || is_given(name) ||
            console->spare_count == GLOBALS)
            goto next;
        memcpy(global->name, name, bytes + 1);
        global->type = type_of(L, lua_gettop(L));
        console->spare_count++;
    next:
        lua_pop(L, 1);
    }
    lua_settop(L, index);
}

/* Compile the input.                                                       [-0, +1, e] */
CDN_RAISES static void load_input(lua_State *L, const struct cdn_console *console)
{
    const char *text = (const char *)console->chunk.data;
    size_t bytes = console->chunk.length;
    cordon_error err;

    if (cdn_tokens_check(text, bytes, TRANSCRIPT_NAME, &err) != CORDON_OK) {
        lua_pushfstring(L, "%s:%d: %s", err.file, (int)err.line, err.message);
        lua_error(L);
    }
    if (luaL_loadbufferx(L, text, bytes, "@" TRANSCRIPT_NAME, "t") != 0)
        lua_error(L);
    cdn_meter_see_constants(L);
}

/* Upvalue 1: pairs, as the library has it; 2: the globals. */
CDN_RAISES static int entry(lua_State *L)
{
    struct cdn_console *console = (struct cdn_console *)cdn_slot_host(L);
    struct cdn_show show = {.out = &console->packer, .left = CDN_SHOW_VALUES};
    int count;

    console->host.graph.memo_count = console->memo_count;
    lua_pushvalue(L, lua_upvalueindex(1));
    show.pairs = 1;
    load_input(L, console);
    lua_call(L, 0, LUA_MULTRET);
    count = lua_gettop(L) - 1;
    luaL_checkstack(L, 16, "what an input gives");
    for (int i = 0; i < count && i < CDN_SHOW_ITEMS; i++) {
        cdn_show_value(L, 2 + i, &show);
        console->results++;
    }
    lua_settop(L, 1);
    lua_pushvalue(L, lua_upvalueindex(2));
    list_globals(L, 2, console);
    console->memo_count = console->host.graph.memo_count;
    return 0;
}

CDN_RAISES static int build(lua_State *L)
{
    const struct cdn_console *console = lua_touserdata(L, 1);

    lua_settop(L, 0);
    cdn_graph_open(L, &console->rule.names);
    lua_setglobal(L, "graph");
    cdn_request_open(L, &console->rule);
    lua_setglobal(L, "request");
    lua_getglobal(L, "pairs");
    lua_pushvalue(L, LUA_GLOBALSINDEX);
    lua_pushcclosure(L, entry, 2);
    return 1;
}

/* ---- life ---- */

static cordon_status build_image(struct cdn_console *console,
                                 const struct cdn_slot_config *config,
                                 cordon_error *err)
{
    const struct cdn_budget budget = {.instructions = UINT64_C(1) << 32,
                                      .memory_bytes = config->image_bytes,
                                      .edges = 1,
                                      .output_bytes = 1,
                                      .wall_ns = UINT64_C(60000000000),
                                      .nodes = 1,
                                      .hops = 1};
    enum cdn_run run = CDN_RUN_OK;
    cordon_status status;

    cdn_library_choose(console->slot, NULL, 0);
    status = cdn_image_build(&console->image, &run, console->slot, build, console,
                             &budget, NULL, err);
    if (!status && !console->image)
        status = cdn_error_set(err, CORDON_E_INVALID,
                               "image_bytes: %zu are too few for the library alone",
                               config->image_bytes);
    return status;
}

cordon_status cdn_console_new(struct cdn_console **out, cordon_snapshot *snapshot,
                              const struct cdn_console_config *config,
                              cordon_error *err)
{
    struct cdn_console *console = cdn_calloc(1, sizeof *console);
    struct cdn_slot_config slot = {.image_bytes = (size_t)16 << 20,
                                   .memory_bytes = (size_t)64 << 20};
    cordon_status status;

    *out = NULL;
    if (!console)
        return cdn_error_nomem(err);
    if (config && config->image_bytes)
        slot.image_bytes = config->image_bytes;
    if (config && config->memory_bytes)
        slot.memory_bytes = config->memory_bytes;
    console->rule.fallback = -1;
    memcpy(console->rule.name, TRANSCRIPT_NAME, sizeof TRANSCRIPT_NAME);
    console->snapshot = snapshot ? cordon_snapshot_retain(snapshot) : NULL;
    console->shown = cdn_alloc(SHOWN_BYTES);
    console->rule.file = cdn_strdup(TRANSCRIPT_NAME);
    if (!console->shown || !console->rule.file) {
        status = cdn_error_nomem(err);
        goto out;
    }
    cdn_pack_init(&console->packer, console->shown, SHOWN_BYTES);
    status = cdn_slot_new(&console->slot, &slot, err);
    if (status)
        goto out;
    cdn_slot_set_host(console->slot, &console->host);
    status = cdn_console_names(&console->rule.names, &console->left_out, snapshot, err);
    if (!status)
        status = cdn_binding_new(&console->binding, &console->rule.names, snapshot,
                                 &cdn_grant_everything, err);
    if (!status)
        status = build_image(console, &slot, err);
out:
    if (status)
        cdn_console_free(console);
    else
        *out = console;
    return status;
}

void cdn_console_free(struct cdn_console *console)
{
    if (!console)
        return;
    cdn_image_free(console->image);
    cdn_binding_free(console->binding);
    cdn_slot_free(console->slot);
    cordon_snapshot_release(console->snapshot);
    cdn_buf_deinit(&console->left_out);
    cdn_buf_deinit(&console->transcript);
    cdn_buf_deinit(&console->chunk);
    cdn_free(console->rule.file);
    cdn_free(console->shown);
    cdn_free(console);
}

/* ---- one input ---- */

/* Put the input at the transcript's end, and into `chunk` on the same lines. */
static cordon_status write_down(struct cdn_console *console, const char *text,
                                size_t bytes, bool expression, cordon_error *err)
{
    static const unsigned char newlines[64] = {
        '\n', '\n', '\n', '\n', '\n', '\n', '\n', '\n', '\n', '\n', '\n', '\n', '\n',
        '\n', '\n', '\n', '\n', '\n', '\n', '\n', '\n', '\n', '\n', '\n', '\n', '\n',
        '\n', '\n', '\n', '\n', '\n', '\n', '\n', '\n', '\n', '\n', '\n', '\n', '\n',
        '\n', '\n', '\n', '\n', '\n', '\n', '\n', '\n', '\n', '\n', '\n', '\n', '\n',
        '\n', '\n', '\n', '\n', '\n', '\n', '\n', '\n', '\n', '\n', '\n', '\n'};
    struct cdn_buf *transcript = &console->transcript;
    uint32_t left;

    if (bytes > CDN_CONSOLE_INPUT_BYTES)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "the input has %zu bytes; one has at most %zu", bytes,
                             CDN_CONSOLE_INPUT_BYTES);
    if (transcript->length + console->lines + bytes + 1 > TRANSCRIPT_BYTES) {
        cdn_buf_clear(transcript);
        console->lines = 0;
    }
    console->first = console->lines + 1;
    cdn_buf_clear(&console->chunk);
    for (left = console->lines; left && !console->chunk.failed;) {
        uint32_t some = left < sizeof newlines ? left : (uint32_t)sizeof newlines;

        cdn_buf_append(&console->chunk, newlines, some);
        left -= some;
    }
    if (expression)
        cdn_buf_text(&console->chunk, "return ");
    cdn_buf_append(&console->chunk, text, bytes);
    if (!console->chunk.failed && cdn_buf_reserve(transcript, bytes + 2)) {
        cdn_buf_append(transcript, text, bytes);
        cdn_buf_append(transcript, "\n", 1);
    }
    if (console->chunk.failed || transcript->failed) {
        console->chunk.failed = transcript->failed = false;
        return cdn_error_nomem(err);
    }
    for (size_t i = 0; i < bytes; i++)
        console->lines += text[i] == '\n';
    console->lines++;
    console->rule.source = (char *)transcript->data;
    console->rule.source_bytes = transcript->length;
    cdn_hash_content(console->rule.hash, transcript->data, transcript->length);
    return CORDON_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct cdn_console_global *)a)->name,
                  ((const struct cdn_console_global *)b)->name);
}

/* Make what the run left the state of the next one. */
static cordon_status keep(cordon_outcome *outcome, struct cdn_console *console,
                          cordon_error *err)
{
    struct cdn_image *image;
    cordon_status status = cdn_image_take(&image, console->slot, err);

    if (status)
        return status;
    if (!image) {
        outcome->kind = CORDON_OUTCOME_LIMIT;
        outcome->limit = CORDON_BUDGET_MEMORY;
        cdn_outcome_explain(outcome,
                            "memory: more would be kept for the next inputs than there "
                            "is room for; set to nil what is not needed");
        return CORDON_OK;
    }
    cdn_image_free(console->image);
    console->image = image;
    console->random = *cdn_slot_random(console->slot);
    console->begun = true;
    memcpy(console->globals, console->spare, sizeof console->globals);
    console->global_count = console->spare_count;
    if (console->global_count)
        qsort(console->globals, console->global_count, sizeof *console->globals,
              by_name);
    return CORDON_OK;
}

cordon_status cdn_console_run(cordon_outcome *outcome, struct cdn_console *console,
                              const char *text, size_t bytes, bool expression,
                              const struct cdn_budget *budget,
                              const cordon_request *request, cordon_error *err)
{
    cordon_request own = *request;
    struct cdn_rule_call call = {.rule = &console->rule,
                                 .image = console->image,
                                 .slot = console->slot,
                                 .host = &console->host,
                                 .snapshot = console->snapshot,
                                 .binding = console->binding,
                                 .request = &own,
                                 .trace = request->trace,
                                 .budget = *budget,
                                 .entered_ns = cdn_clock_ns()};
    cordon_status status = write_down(console, text, bytes, expression, err);

    if (status)
        return status;
    own.params = NULL;
    if (console->begun)
        own.seed = console->random;
    console->results = 0;
    cdn_pack_init(&console->packer, console->shown,
                  budget->output_bytes < SHOWN_BYTES ? (size_t)budget->output_bytes
                                                     : SHOWN_BYTES);
    status = cdn_rule_run(outcome, &call, err);
    if (!status && cordon_outcome_get_kind(outcome) == CORDON_OUTCOME_OK) {
        outcome->usage.output_bytes = console->packer.length;
        if (console->packer.failed) {
            outcome->kind = CORDON_OUTCOME_LIMIT;
            outcome->limit = CORDON_BUDGET_OUTPUT;
            cdn_outcome_explain(outcome,
                                "output: what is shown takes more than %zu bytes; ask "
                                "for less, or raise limits.output",
                                console->packer.size);
        } else {
            status = keep(outcome, console, err);
        }
    }
    if (status || cordon_outcome_get_kind(outcome) != CORDON_OUTCOME_OK)
        console->results = 0;
    return status;
}

/* ---- what it left ---- */

cordon_value cdn_console_results(const struct cdn_console *console)
{
    return (cordon_value){.type = CORDON_ARRAY,
                          .length = console->results,
                          .as.items = console->shown,
                          .end = console->shown + console->packer.length};
}

const char *cdn_console_transcript(const struct cdn_console *console, size_t *bytes,
                                   uint32_t *line)
{
    *bytes = console->transcript.length;
    *line = console->first;
    return console->transcript.data ? (const char *)console->transcript.data : "";
}

const struct cdn_console_global *cdn_console_globals(const struct cdn_console *console,
                                                     size_t *count)
{
    *count = console->global_count;
    return console->globals;
}

size_t cdn_console_kept_bytes(const struct cdn_console *console)
{
    return cdn_image_bytes(console->image);
}

const char *cdn_console_left_out(const struct cdn_console *console)
{
    return console->left_out.data ? (const char *)console->left_out.data : "";
}
