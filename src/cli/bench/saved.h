/* One bench whole, as JSON, and what another that was saved so says beside it.
 *
 * The text that `--format json` prints is the text that `--save` writes and `--compare`
 * reads.  Two benches can be compared where they asked the same of the same data: the rule's
 * name, the snapshot's identity and a digest of every request are equal.  The rule's text may
 * differ, which is what comparing is for.
 *
 *     {"schema_version": 1, "kind": "cordon-bench", "rule": "fan_out", "file": "fan_out.lua",
 *      "digest": "64 hexadecimal digits", "snapshot_id": "16", "generation": 1,
 *      "workload": "16", "sample": {"label": "Account", "seed": 0, "per_class": 200},
 *      "now": 1767960000000, "as_of": null, "rounds": 5, "warmup": 1,
 *      "limits": {"instructions": 1000000, ...},
 *      "groups": [{"degree": "10-99", "nodes": 4120, "runs": 200, "outcomes": {"ok": 200},
 *                  "costs": {"instructions": {"p50": 310, ..., "max": 402, "mean": 318.4,
 *                                             "share": {"p50": 0.00031, ...}}, ...}}, ...],
 *      "dearest": {"node": "Account:17", "degree": 1202, "cost": "edges", "used": 1204,
 *                  "limit": 100000}} */
#ifndef CDN_CLI_BENCH_SAVED_H
#define CDN_CLI_BENCH_SAVED_H

#include <stdio.h>

#include <cordon/rule.h>

#include "base/buf.h"
#include "base/hash.h"
#include "cli/bench/figures.h"

#define CDN_BENCH_SCHEMA_VERSION 1
#define CDN_BENCH_MAX_SAVED      (1024u * 1024u) /* bytes; a longer file is refused */

/* What both sides of a comparison have. */
struct cdn_bench_identity {
    char rule[CORDON_RULE_MAX_NAME_BYTES + 1];
    char digest[2 * CDN_CONTENT_HASH_BYTES + 1]; /* of the rule's source */
    uint64_t snapshot_id;                        /* 0: none */
    uint64_t workload;                           /* digest of all requests, in order */
    char label[CDN_SCHEMA_MAX_NAME + 1];         /* sampled; "": given requests */
    uint64_t seed;
    uint64_t per_class; /* 0: given requests */
    int64_t now_ms;     /* CORDON_NO_TIME: each request's own */
    int64_t as_of_ms;   /* CORDON_NO_TIME: none */
};

struct cdn_bench_report {
    struct cdn_bench_identity identity;
    const char *file;
    const char *tier; /* the weakest wall that it ran behind, "inproc" */
    uint64_t generation;
    uint64_t rounds;
    uint64_t warmup;
    uint64_t limits[CDN_COSTS];
    struct cdn_bench_figures figures;
    /* the run that came nearest to a limit, time aside */
    char dearest[160]; /* "Account:17"; "": there is no run, or it has no subject */
    uint64_t dearest_degree;
    enum cdn_cost dearest_cost;
    uint64_t dearest_used;
    char fault[512]; /* of the first run that did not end well; "" */
};

struct cdn_bench_saved {
    struct cdn_bench_identity identity;
    struct cdn_bench_figures figures; /* names and quantiles alone */
};

/* Read a saved bench; whatever the bytes are.
 *
 * Ownership: out's, until cdn_figures_deinit(&out->figures), on failure too.
 * Errors:    CORDON_E_DATA that names the place, CORDON_E_NOMEM. */
cordon_status cdn_bench_read(struct cdn_bench_saved *out, const char *text,
                             size_t bytes, cordon_error *err);

/* One quantile of one cost that is not what it was. */
struct cdn_bench_change {
    uint32_t group; /* of the report */
    enum cdn_cost cost;
    enum cdn_quantile quantile;
    uint64_t before, after;
    bool regressed; /* by more than was allowed */
};

struct cdn_bench_comparison {
    const char *file;
    double threshold;      /* per cent that a deterministic cost may grow */
    double time_threshold; /* the same of time's p50, p90 and p99; < 0: not compared */
    struct cdn_bench_change *changes;
    size_t count;
    size_t regressions;
    bool same_rule; /* its text, that is */
};

/* Compare; `thresholds` of `out` are set before.
 *
 * Ownership: out->changes are the caller's to cdn_free().
 * Errors:    CORDON_E_DATA they did not ask the same: says what differs; CORDON_E_NOMEM. */
cordon_status cdn_bench_compare(struct cdn_bench_comparison *out,
                                const struct cdn_bench_report *report,
                                const struct cdn_bench_saved *saved, cordon_error *err);

/* Append the text above, with "comparison" where there is one. */
void cdn_bench_json(struct cdn_buf *out, const struct cdn_bench_report *report,
                    const struct cdn_bench_comparison *comparison, bool pretty);

/* For people, and as Go's benchmarks are written (benchstat reads that). */
void cdn_bench_show(FILE *to, bool color, const struct cdn_bench_report *report,
                    const struct cdn_bench_comparison *comparison, bool all_changes);
void cdn_bench_show_go(FILE *to, const struct cdn_bench_report *report);

#endif
