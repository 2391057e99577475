/* See harness.h. */
#include "harness.h"

#include <lauxlib.h>

#include "base/clock.h"
#include "sandbox/library.h"

void harness_names(struct cdn_names *names, const char *reads)
{
    char copy[1024];
    char *kind_save = NULL;
    cordon_error err;

    memset(names, 0, sizeof *names);
    ck_assert_uint_lt(strlen(reads), sizeof copy);
    memcpy(copy, reads, strlen(reads) + 1);
    for (char *entry = strtok_r(copy, ";", &kind_save); entry;
         entry = strtok_r(NULL, ";", &kind_save)) {
        char *save = NULL;
        char *kind = strtok_r(entry, ": ", &save);

        ck_assert_int_eq(cdn_names_add(names, kind, NULL, &err), CORDON_OK);
        for (char *property = strtok_r(NULL, " ", &save); property;
             property = strtok_r(NULL, " ", &save))
            ck_assert_int_eq(cdn_names_add(names, kind, property, &err), CORDON_OK);
    }
    ck_assert_int_eq(cdn_names_finish(names, &err), CORDON_OK);
}

struct harness *harness_new(cordon_snapshot *snapshot, const char *reads)
{
    struct harness *harness = calloc(1, sizeof *harness);
    struct cdn_slot_config config = {
        .image_bytes = 1u << 20, .memory_bytes = 64u << 20, .scratch_bytes = 64u << 20};
    cordon_error err;

    ck_assert_ptr_nonnull(harness);
    harness->snapshot = snapshot;
    harness_names(&harness->names, reads);
    if (cdn_binding_new(&harness->binding, &harness->names, snapshot,
                        &cdn_grant_everything, &err))
        ck_abort_msg("binding: %s", err.message);
    ck_assert_int_eq(cdn_slot_new(&harness->slot, &config, &err), CORDON_OK);
    harness->run.snapshot = snapshot;
    harness->run.binding = harness->binding;
    harness->run.names = &harness->names;
    harness->run.as_of_ms = INT64_MAX;
    harness->run.memo = &harness->memo;
    harness->budget = (struct cdn_budget){.nodes = UINT64_C(1) << 40,
                                          .hops = 1000,
                                          .instructions = UINT64_C(1) << 40,
                                          .memory_bytes = 60u << 20,
                                          .edges = UINT64_C(1) << 40,
                                          .output_bytes = 1u << 20,
                                          .wall_ns = UINT64_C(600000000000)};
    cdn_slot_set_host(harness->slot, harness);
    return harness;
}

void harness_free(struct harness *harness)
{
    cdn_slot_free(harness->slot);
    cdn_binding_free(harness->binding);
    cordon_snapshot_release(harness->snapshot);
    free(harness);
}

struct job {
    struct harness *harness;
    const char *source;
};

static int entry(lua_State *L)
{
    struct harness *harness = cdn_slot_host(L);
    size_t length = 0;

    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushvalue(L, lua_upvalueindex(2));
    lua_pushnumber(L, (lua_Number)CDN_BANK_T);
    lua_pushnumber(L, (lua_Number)CDN_BANK_HOUR);
    lua_call(L, 3, LUA_MULTRET);
    for (int i = 1; i <= lua_gettop(L); i++) {
        const char *text;
        size_t bytes;

        cdn_tostring(L, i);
        text = lua_tolstring(L, -1, &bytes);
        if (length + bytes + 2 > sizeof harness->result)
            return luaL_error(L, "result too long");
        if (i > 1)
            harness->result[length++] = ' ';
        memcpy(harness->result + length, text, bytes);
        length += bytes;
        lua_pop(L, 1);
    }
    harness->result[length] = '\0';
    return 0;
}

static int body_in_c(lua_State *L)
{
    struct harness *harness = cdn_slot_host(L);

    return harness->body(L);
}

static int build(lua_State *L)
{
    struct job *job = lua_touserdata(L, 1);

    if (job->source) {
        cdn_library_load(L, job->source, strlen(job->source), "t.lua");
        lua_call(L, 0, 1);
    } else {
        lua_pushcfunction(L, body_in_c);
    }
    cdn_graph_open(L, &job->harness->names);
    lua_pushcclosure(L, entry, 2);
    return 1;
}

static const char *run(struct harness *harness, const char *source)
{
    static const char *const stops[] = {"none",      "instructions", "time",
                                        "memory",    "edges",        "output",
                                        "cancelled", "nodes",        "hops"};
    struct job job = {.harness = harness, .source = source};
    struct cdn_budget load = harness->budget;
    struct cdn_image *image;
    enum cdn_run how;
    cordon_error err;

    load.instructions = UINT64_C(1) << 40;
    load.memory_bytes = 60u << 20;
    harness->result[0] = '\0';
    ck_assert_int_eq(
        cdn_image_build(&image, &how, harness->slot, build, &job, &load, NULL, &err),
        CORDON_OK);
    if (how == CDN_RUN_OK) {
        harness->run.digest = 0;
        harness->run.truncated = false;
        harness->run.damaged = false;
        harness->run.timing = (struct cdn_timing){0};
        how = cdn_slot_run(harness->slot, image, &harness->budget, 0, NULL, 1);
        cdn_image_free(image);
    }
    if (how == CDN_RUN_ERROR)
        (void)snprintf(harness->result, sizeof harness->result, "error: %s",
                       cdn_slot_message(harness->slot, NULL, NULL));
    if (how == CDN_RUN_STOPPED)
        (void)snprintf(harness->result, sizeof harness->result, "stopped: %s",
                       stops[cdn_slot_meter(harness->slot)->stop]);
    return harness->result;
}

const char *harness_run(struct harness *harness, const char *body)
{
    size_t size = strlen(body) + 64;
    char *source = malloc(size);
    const char *result;

    ck_assert_ptr_nonnull(source);
    (void)snprintf(source, size, "return function(graph, T, H) %s end", body);
    result = run(harness, source);
    free(source);
    return result;
}

const char *harness_call(struct harness *harness, lua_CFunction body, void *ud)
{
    harness->body = body;
    harness->ud = ud;
    return run(harness, NULL);
}

const struct cdn_meter *harness_meter(const struct harness *harness)
{
    return cdn_slot_meter(harness->slot);
}
