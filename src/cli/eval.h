/* What cordon eval shows of one evaluation, shared by its two ways of writing it. */
#ifndef CDN_CLI_EVAL_H
#define CDN_CLI_EVAL_H

#include <cordon/evaluate.h>
#include <cordon/snapshot.h>

#include "base/hash.h"
#include "cli/cli.h"
#include "codec/request.h"
#include "cli/traced.h"

/* The rule all requests are judged by. */
struct cdn_eval_rule {
    const char *file;
    char name[65];
    struct cdn_buf source;
    char digest[2 * CDN_CONTENT_HASH_BYTES + 1]; /* of the source, hexadecimal */
};

/* Wall times of one request's repetitions. */
struct cdn_eval_timing {
    uint64_t count; /* 0: not asked for */
    uint64_t p50_ns;
    uint64_t p90_ns;
    uint64_t p99_ns;
};

/* One request and what came of it. */
struct cdn_eval_result {
    const struct cdn_eval_rule *rule;
    const struct cdn_request *request; /* what was asked, as far as it was understood */
    const cordon_request *call;        /* what was evaluated; NULL: it was not */
    uint64_t line;                     /* of the input; 0: from the command line */
    cordon_status status;              /* of the call, or of reading the request */
    const cordon_error *err;           /* if status is not CORDON_OK */
    const cordon_outcome *outcome;     /* if status is CORDON_OK */
    uint64_t snapshot_id;              /* 0: no snapshot */
    bool logged; /* a log has it, or what it proposes: its name is told */
    struct cdn_eval_timing timing;
    const struct cdn_traced *traced; /* NULL: nothing was asked to be traced */
    bool explain;                    /* this one */
    bool alone; /* no other follows: profile and coverage are its own */
};

/* "SUCCESS", "TIMEOUT" (the time limit) or "FAILURE". */
const char *cdn_eval_status(const struct cdn_eval_result *result);

/* Append one JSON record, the decision log's names where they apply. */
void cdn_eval_json(struct cdn_buf *out, const struct cdn_eval_result *result,
                   bool pretty);

/* Profile and coverage of all requests of a file, as one JSON record, or two fields of one
 * that is begun already. */
void cdn_eval_json_totals(struct cdn_buf *out, const struct cdn_traced *traced,
                          bool fields);

/* For people. */
void cdn_eval_show(FILE *to, bool color, const struct cdn_eval_result *result,
                   bool usage);

#endif
