/* A chunk without a graph: load, run, encode what it returned.
 *
 * The chunk's author is trusted no more than a rule's: it runs in a slot of its own
 * with the same library and meter, only with larger budgets.  The slot is made and
 * freed for each evaluation, some 200 us, since configuration is read seldom. */
#include "sandbox/config.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <lauxlib.h>

#include "sandbox/library.h"
#include "sandbox/slot.h"
#include "sandbox/transfer.h"

#define MEMORY_BYTES ((size_t)16 << 20)
#define IMAGE_BYTES  ((size_t)4 << 20)

static const struct cdn_budget budget = {
    .instructions = 10 * 1000 * 1000,
    .memory_bytes = MEMORY_BYTES,
    .edges = 0,
    .output_bytes = MEMORY_BYTES,
    .wall_ns = UINT64_C(2000000000),
};

struct evaluation {
    const char *source;
    size_t bytes;
    const char *file;
    struct cdn_packer packer;
    struct cdn_transfer transfer;
};

/* The entry: upvalue 1 is the chunk. */
CDN_RAISES static int run(lua_State *L)
{
    struct evaluation *evaluation = cdn_slot_host(L);

    lua_pushvalue(L, lua_upvalueindex(1));
    lua_call(L, 0, 1);
    if (!lua_istable(L, -1)) {
        snprintf(evaluation->transfer.error, sizeof evaluation->transfer.error,
                 "the file has to return a table; it returns %s", luaL_typename(L, -1));
        return 0;
    }
    cdn_transfer_encode(L, -1, &evaluation->transfer);
    return 0;
}

CDN_RAISES static int build(lua_State *L)
{
    struct evaluation *evaluation = lua_touserdata(L, 1);

    cdn_library_load(L, evaluation->source, evaluation->bytes, evaluation->file);
    lua_pushcclosure(L, run, 1);
    return 1;
}

static cordon_status stopped(struct cdn_slot *slot, const char *file, cordon_error *err)
{
    const struct cdn_meter *meter = cdn_slot_meter(slot);
    const char *what = "it was stopped";

    switch (meter->stop) {
    case CDN_STOP_INSTRUCTIONS:
        what = "it runs for more than 10 million instructions";
        break;
    case CDN_STOP_TIME:
        what = "it runs for more than 2 s";
        break;
    case CDN_STOP_MEMORY:
        what = "it uses more than 16 MiB of memory";
        break;
    case CDN_STOP_OUTPUT:
        what = "its table takes more than 16 MiB";
        break;
    case CDN_STOP_NONE:
    case CDN_STOP_EDGES:
    case CDN_STOP_NODES:
    case CDN_STOP_HOPS:
    case CDN_STOP_CANCELLED:
        break;
    }
    return cdn_error_at(err, CORDON_E_RULE, file, meter->stop_line, 0, "%s", what);
}

static cordon_status failed(struct cdn_slot *slot, enum cdn_run run_, const char *file,
                            cordon_error *err)
{
    const char *message;
    uint32_t line;

    if (run_ == CDN_RUN_STOPPED)
        return stopped(slot, file, err);
    message = cdn_slot_message(slot, NULL, &line);
    return cdn_error_at(err, CORDON_E_RULE, file, line, 0, "%s", message);
}

cordon_status cdn_config_evaluate(struct cdn_buf *out, const char *source, size_t bytes,
                                  const char *file, cordon_error *err)
{
    const struct cdn_slot_config config = {.image_bytes = IMAGE_BYTES,
                                           .memory_bytes = MEMORY_BYTES};
    struct evaluation evaluation = {.source = source, .bytes = bytes, .file = file};
    size_t start = out->length;
    struct cdn_slot *slot = NULL;
    struct cdn_image *image = NULL;
    enum cdn_run how;
    cordon_status status;

    cdn_pack_init_buf(&evaluation.packer, out);
    evaluation.transfer.out = &evaluation.packer;
    evaluation.transfer.root = "the table";
    status = cdn_slot_new(&slot, &config, err);
    if (status)
        goto out;
    cdn_slot_set_host(slot, &evaluation);
    status =
        cdn_image_build(&image, &how, slot, build, &evaluation, &budget, NULL, err);
    if (status)
        goto out;
    if (image)
        how = cdn_slot_run(slot, image, &budget, 0, NULL, 0);
    if (how != CDN_RUN_OK)
        status = failed(slot, how, file, err);
    else if (out->failed)
        status = cdn_error_nomem(err);
    else if (evaluation.transfer.error[0])
        status = cdn_error_at(err, CORDON_E_RULE, file, 0, 0, "%s",
                              evaluation.transfer.error);
out:
    if (status && !out->failed)
        out->length = start;
    cdn_image_free(image);
    cdn_slot_free(slot);
    return status;
}
