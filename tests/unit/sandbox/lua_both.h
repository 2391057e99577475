/* Running Lua in the sandbox, and the same in a stock LuaJIT beside it.
 *
 * What a chunk returns is told as text: each value with its type, so that 1 and "1"
 * differ; a failure is "error: message", a limit "stopped: which".  The answers live
 * until the next call of the same kind. */
#ifndef CORDON_TESTS_LUA_BOTH_H
#define CORDON_TESTS_LUA_BOTH_H

#include <lauxlib.h>
#include <lualib.h>

#include "base/alloc.h"
#include "sandbox/library.h"
#include "sandbox/slot.h"
#include "support/unit.h"

#define LUA_BOTH_TEXT ((size_t)8 << 20)

struct lua_both_text {
    size_t length;
    char bytes[LUA_BOTH_TEXT];
};

struct lua_both_chunk {
    const char *source;
    size_t bytes;
    double seed;
    struct lua_both_text *out;
};

static const struct cdn_budget lua_both_budget = {.instructions = UINT64_C(20000000000),
                                                  .memory_bytes = 64u << 20,
                                                  .edges = 1000,
                                                  .output_bytes = 1 << 20,
                                                  .wall_ns = UINT64_C(200000000000)};

static inline void lua_both_add(struct lua_both_text *out, const char *bytes,
                                size_t count)
{
    ck_assert_uint_lt(out->length + count, LUA_BOTH_TEXT);
    memcpy(out->bytes + out->length, bytes, count);
    out->length += count;
    out->bytes[out->length] = '\0';
}

static inline void lua_both_value(lua_State *L, int index, struct lua_both_text *out)
{
    char number[64];
    const char *text;
    size_t bytes;

    switch (lua_type(L, index)) {
    case LUA_TNUMBER:
        snprintf(number, sizeof number, "%.17g", lua_tonumber(L, index));
        lua_both_add(out, number, strlen(number));
        break;
    case LUA_TSTRING:
        text = lua_tolstring(L, index, &bytes);
        lua_both_add(out, "'", 1);
        lua_both_add(out, text, bytes);
        lua_both_add(out, "'", 1);
        break;
    case LUA_TBOOLEAN:
        text = lua_toboolean(L, index) ? "true" : "false";
        lua_both_add(out, text, strlen(text));
        break;
    default:
        text = luaL_typename(L, index);
        lua_both_add(out, text, strlen(text));
    }
}

static inline void lua_both_results(lua_State *L, struct lua_both_text *out)
{
    for (int i = 1; i <= lua_gettop(L); i++) {
        if (i > 1)
            lua_both_add(out, " ", 1);
        lua_both_value(L, i, out);
    }
}

static inline int lua_both_entry(lua_State *L)
{
    struct lua_both_chunk *chunk = cdn_slot_host(L);

    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushnumber(L, chunk->seed);
    lua_call(L, 1, LUA_MULTRET);
    lua_both_results(L, chunk->out);
    return 0;
}

/* If set, runs in the image before the chunk is loaded, to define globals. */
static void (*lua_both_prepare)(lua_State *L);

static inline int lua_both_build(lua_State *L)
{
    struct lua_both_chunk *chunk = lua_touserdata(L, 1);

    if (lua_both_prepare)
        lua_both_prepare(L);
    cdn_library_load(L, chunk->source, chunk->bytes, "t.lua");
    lua_pushcclosure(L, lua_both_entry, 1);
    return 1;
}

/* The line of the sandbox's last failure; its answer has the message alone. */
static uint32_t lua_both_line;

/* With a budget and a seed of one's own. */
static inline const char *sandboxed_with(const char *source, size_t bytes, double seed,
                                         const struct cdn_budget *budget)
{
    static const char *const stops[] = {"none",  "instructions", "time",     "memory",
                                        "edges", "output",       "cancelled"};
    static struct lua_both_text out;
    struct lua_both_chunk chunk = {source, bytes, seed, &out};
    struct cdn_slot_config config = {
        .image_bytes = 8u << 20, .memory_bytes = 64u << 20, .scratch_bytes = 64u << 20};
    struct cdn_slot *slot;
    struct cdn_image *image;
    enum cdn_run run;
    cordon_error err;

    ck_assert_int_eq(cdn_slot_new(&slot, &config, &err), CORDON_OK);
    cdn_slot_set_host(slot, &chunk);
    out.length = 0;
    out.bytes[0] = '\0';
    ck_assert_int_eq(cdn_image_build(&image, &run, slot, lua_both_build, &chunk,
                                     &lua_both_budget, NULL, &err),
                     CORDON_OK);
    if (run == CDN_RUN_OK)
        run = cdn_slot_run(slot, image, budget, 0, NULL, 42);
    if (run != CDN_RUN_OK) {
        const char *file;
        const char *message = cdn_slot_message(slot, &file, &lua_both_line);

        if (run == CDN_RUN_STOPPED)
            message = stops[cdn_slot_meter(slot)->stop];
        out.length = 0;
        lua_both_add(&out, run == CDN_RUN_STOPPED ? "stopped: " : "error: ",
                     run == CDN_RUN_STOPPED ? 9 : 7);
        lua_both_add(&out, message, strlen(message));
    }
    cdn_image_free(image);
    cdn_slot_free(slot);
    return out.bytes;
}

static inline const char *sandboxed(const char *source)
{
    return sandboxed_with(source, strlen(source), 0, &lua_both_budget);
}

/* The same chunk in a state with every stock library. */
static inline const char *stock_with(const char *source, size_t bytes, double seed)
{
    static struct lua_both_text out;
    lua_State *L = luaL_newstate();
    const char *message;
    int failed;

    ck_assert_ptr_nonnull(L);
    luaL_openlibs(L);
    luaL_dostring(L, "jit.off()");
    out.length = 0;
    out.bytes[0] = '\0';
    lua_settop(L, 0);
    failed = luaL_loadbuffer(L, source, bytes, "@t.lua");
    if (!failed) {
        lua_pushnumber(L, seed);
        failed = lua_pcall(L, 1, LUA_MULTRET, 0);
    }
    if (!failed) {
        lua_both_results(L, &out);
    } else {
        message = lua_tostring(L, -1);
        lua_both_add(&out, "error: ", 7);
        lua_both_add(&out, message ? message : "?", strlen(message ? message : "?"));
    }
    lua_close(L);
    return out.bytes;
}

static inline const char *stock(const char *source)
{
    return stock_with(source, strlen(source), 0);
}

/* A table of chunks and what the sandbox answers, as a loop test. */
struct lua_case {
    const char *source;
    const char *answer; /* the beginning of it, if it ends with "..." */
};

static inline void check_case(const struct lua_case *one)
{
    const char *answer = sandboxed(one->source);
    size_t length = strlen(one->answer);

    if (length > 3 && strcmp(one->answer + length - 3, "...") == 0)
        ck_assert_msg(strncmp(answer, one->answer, length - 3) == 0,
                      "%s\n  answers %s\n  not     %s", one->source, answer,
                      one->answer);
    else
        ck_assert_msg(strcmp(answer, one->answer) == 0,
                      "%s\n  answers %s\n  not     %s", one->source, answer,
                      one->answer);
}

/* The text of a file of this folder. */
static inline const char *read_source(const char *name, size_t *bytes)
{
    static char source[1 << 16];
    char path[512];
    FILE *file;

    snprintf(path, sizeof path, CORDON_SOURCE_DIR "/tests/unit/sandbox/%s", name);
    file = fopen(path, "rb");
    ck_assert_ptr_nonnull(file);
    *bytes = fread(source, 1, sizeof source, file);
    fclose(file);
    ck_assert_uint_lt(*bytes, sizeof source);
    return source;
}

/* Run a file of this folder with `seed` in stock LuaJIT. */
static inline const char *stock_file(const char *name, double seed)
{
    size_t bytes;
    const char *source = read_source(name, &bytes);

    return stock_with(source, bytes, seed);
}

/* Run a file of this folder with `seed` in both and compare what it returns, text of
 * several lines, line by line. */
static inline void compare_with_stock(const char *name, double seed)
{
    const char *mine, *theirs, *source;
    size_t bytes, line = 1;

    source = read_source(name, &bytes);
    theirs = stock_with(source, bytes, seed);
    mine = sandboxed_with(source, bytes, seed, &lua_both_budget);
    ck_assert_uint_gt(strlen(theirs), 100);
    while (*mine || *theirs) {
        size_t a = strcspn(mine, "\n"), b = strcspn(theirs, "\n");

        ck_assert_msg(a == b && memcmp(mine, theirs, a) == 0,
                      "%s, seed %g, line %zu\n  sandbox: %.*s\n  stock:   %.*s", name,
                      seed, line, (int)a, mine, (int)b, theirs);
        mine += a + (mine[a] == '\n');
        theirs += b + (theirs[b] == '\n');
        line++;
    }
}

#endif
