/* One worker, one file, one answer. */
#include "isolation/read.h"

#include <string.h>

#include "base/checked.h"
#include "base/clock.h"

/* What reading may take beyond the text's own time, of which a rule's is run twice. */
#define GRACE_NS UINT64_C(1000000000)
#define TABLE_NS UINT64_C(2000000000) /* config.h */

/* What comes back at most. */
#define ANSWER_BYTES (CDN_WIRE_TABLE_BYTES + CDN_WIRE_SMALL_BYTES)

/* What it says is wrong with the file; or that it says what no reading comes to. */
static cordon_status refusal(struct cdn_worker *worker, const char *file,
                             cordon_error *err)
{
    cordon_error said;
    cordon_status status = cdn_wire_get_failed(&worker->channel.in, &said);

    if (status == CORDON_E_NOMEM)
        return cdn_error_nomem(err);
    if (status != CORDON_E_RULE)
        return cdn_error_set(err, CORDON_E_DATA, "FAILED: %s",
                             status == CORDON_E_DATA ? said.message
                                                     : "its status is not right");
    return cdn_error_at(err, CORDON_E_RULE, file, said.line, said.column, "%s",
                        said.message);
}

/* Send it the file and wait for what it says.  CORDON_E_RULE is about the file; of all else the
 * worker is to blame. */
static cordon_status ask(struct cdn_worker *worker, const struct cdn_wire_read *read,
                         enum cdn_frame wanted, const char *file, cordon_error *err)
{
    uint64_t own_ns = read->what == CDN_WIRE_FILE_TABLE
                          ? TABLE_NS
                          : cdn_add_sat(read->load.wall_ns, read->load.wall_ns);
    uint64_t until_ns = cdn_add_sat(cdn_clock_ns() + GRACE_NS, own_ns);
    cordon_status status;
    uint16_t kind;

    cdn_wire_put_read(&worker->out, read);
    if (worker->out.failed)
        return cdn_error_nomem(err);
    status = cdn_channel_send(&worker->channel, CDN_FRAME_READ, worker->out.data,
                              worker->out.length, until_ns, err);
    if (!status)
        status =
            cdn_channel_receive(&kind, &worker->channel, ANSWER_BYTES, until_ns, err);
    if (status)
        return status;
    if (kind == CDN_FRAME_FAILED)
        return refusal(worker, file, err);
    if (kind != wanted)
        return cdn_error_set(err, CORDON_E_DATA, "a worker's frame out of turn");
    return CORDON_OK;
}

/* The worker was lost over the file. */
static cordon_status blame(cordon_status status, const char *file, cordon_wall wall,
                           cordon_error *err)
{
    const cordon_error why = *err;
    const char *did = "broke the protocol";

    if (status == CORDON_E_RULE || status == CORDON_E_NOMEM)
        return status;
    if (status == CORDON_E_INTERRUPTED)
        did = "did not answer";
    else if (status == CORDON_E_IO)
        did = "ended";
    return cdn_error_at(err, CORDON_E_RULE, file, 0, 0,
                        "the worker that read it behind the wall '%s' %s, and was "
                        "killed: %.400s",
                        cordon_wall_str(wall), did, why.message);
}

/* Start one that is to read the file, and ask it.  *out is NULL if there was none; else the
 * caller ends it. */
static cordon_status have_read(struct cdn_worker **out, enum cdn_wire_file what,
                               cordon_wall wall, const struct cdn_wall_options *options,
                               const char *source, size_t bytes, const char *file,
                               cordon_error *err)
{
    const struct cdn_wire_read read = {
        .what = what,
        .file = file,
        .file_bytes = strnlen(file, CORDON_ERROR_FILE_BYTES - 1),
        .source = source,
        .source_bytes = bytes,
        .load = options->load,
    };
    struct cdn_wall_options with = *options;
    cordon_status status;

    *out = NULL;
    if (bytes > CORDON_RULE_MAX_SOURCE_BYTES)
        return cdn_error_at(err, CORDON_E_RULE, file, 0, 0,
                            "the file has %zu bytes; a %s has at most %u", bytes,
                            what == CDN_WIRE_FILE_RULE ? "rule" : "set",
                            CORDON_RULE_MAX_SOURCE_BYTES);
    with.start_ns = cdn_walls[wall].start_ns;
    status = cdn_wall_start(out, wall, &with, NULL, err);
    if (status)
        return status;
    status = ask(*out, &read,
                 what == CDN_WIRE_FILE_RULE ? CDN_FRAME_CONTRACT : CDN_FRAME_TABLE,
                 file, err);
    return status ? blame(status, file, wall, err) : CORDON_OK;
}

static void end(struct cdn_worker *worker)
{
    if (worker)
        worker->end(worker);
}

cordon_status cdn_wall_read_rule(struct cdn_rule **out, cordon_wall wall,
                                 const struct cdn_wall_options *options,
                                 const char *source, size_t bytes, const char *file,
                                 struct cdn_findings *findings, cordon_error *err)
{
    struct cdn_contract *contract = NULL;
    uint64_t image_bytes = 0;
    struct cdn_worker *worker;
    cordon_error own;
    cordon_status status;

    *out = NULL;
    if (!err)
        err = &own;
    status =
        have_read(&worker, CDN_WIRE_FILE_RULE, wall, options, source, bytes, file, err);
    if (!status) {
        status =
            cdn_wire_get_contract(&contract, &image_bytes, &worker->channel.in, err);
        if (status)
            status = blame(status, file, wall, err);
    }
    end(worker);
    if (!status)
        status = cdn_rule_judge(out, contract, source, bytes, file, findings, err);
    if (!status && (!image_bytes || image_bytes > options->load.memory_bytes)) {
        cdn_rule_free(*out);
        *out = NULL;
        status = cdn_error_set(err, CORDON_E_DATA,
                               "CONTRACT: the image's size is not right");
        status = blame(status, file, wall, err);
    }
    if (!status)
        (*out)->image_bytes = (size_t)image_bytes;
    cdn_contract_free(contract);
    return status;
}

cordon_status cdn_wall_read_table(struct cdn_buf *out, cordon_wall wall,
                                  const struct cdn_wall_options *options,
                                  const char *source, size_t bytes, const char *file,
                                  cordon_error *err)
{
    struct cdn_worker *worker;
    cordon_error own;
    cordon_status status;

    if (!err)
        err = &own;
    status = have_read(&worker, CDN_WIRE_FILE_TABLE, wall, options, source, bytes, file,
                       err);
    if (!status) {
        status = cdn_wire_get_table(out, &worker->channel.in, err);
        if (status)
            status = blame(status, file, wall, err);
    }
    end(worker);
    return status;
}
