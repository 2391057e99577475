/* One case of the corpus: what its files say, asking for it, and comparing answers. */
#ifndef CORDON_TESTS_ATTACK_CASE_H
#define CORDON_TESTS_ATTACK_CASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cordon/engine.h>
#include <cordon/evaluate.h>
#include <cordon/outcome.h>

#include "attack/measure.h"

#define RESULT_MAX  4096
#define HIDDEN_MAX  4
#define HOSTILE     "hostile"
#define PATIENCE_NS UINT64_C(10000000000) /* where time is not what is attacked */

/* What `expect` says. */
struct expectation {
    char outcome[64]; /* "ok", "limit", "error", "invalid_result", "load" ... */
    char detail[256]; /* which limit, or a part of the message */
    char node[64];    /* the account that is asked about; "": there is no graph */
    char principal
        [64]; /* whose grant it has, of the class's policy.lua; "": the host's */
    char hidden[HIDDEN_MAX][32]; /* what neither result nor message may hold */
    unsigned hidden_count;
    int64_t as_of_ms;
    enum { EITHER, WHOLE, TRUNCATED } truncated; /* what the outcome must say */
    cordon_limits limits;
    bool is_long; /* it takes some hundred milliseconds */
};

/* What an evaluation came to, kept to be compared. */
struct answer {
    cordon_status status;
    cordon_outcome_kind kind;
    cordon_budget limit;
    uint64_t digest;
    bool truncated;
    size_t result_bytes;
    unsigned char result[RESULT_MAX];
    char decision[64];
    char message[1024];
    cordon_usage usage;
};

struct attack {
    char path[1024], name[512];
    struct expectation expect;
    cordon_engine *engine;
    cordon_outcome *outcome;
    cordon_trace *trace;  /* evaluations are traced; NULL: they are not */
    struct excess excess; /* the worst of all hostile runs */
    struct growth growth;
    uint64_t patience_ns; /* 0: PATIENCE_NS */
    uint64_t load_ns;     /* what the latest load of the hostile rule took */
    char failure[2048];   /* the first one; "": none */
};

/* Note what is wrong, unless something is noted already.  Returns false. */
bool attack_fail(struct attack *attack, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Read `expect` in the case's folder. */
bool attack_read_expectation(struct attack *attack);

/* Does the case say that its rule loads? */
bool attack_loads(const struct attack *attack);

/* Load `file` of `folder` as the rule `name`, which must end with `wanted`. */
bool attack_load(struct attack *attack, const char *folder, const char *file,
                 const char *name, cordon_status wanted, cordon_error *err);

/* Give an engine the policy in the folder above the case, if the case has a principal. */
bool attack_set_policy(struct attack *attack, cordon_engine *engine);

/* Ask `rule`; what the hostile one cost goes into the case's excess too. */
void attack_evaluate(struct attack *attack, const char *rule,
                     const cordon_limits *limits, struct answer *answer);

/* Is the second answer the first one again?  Where the clock ended it: the outcome. */
bool attack_same(struct attack *attack, const char *what, const struct answer *first,
                 const struct answer *second);

/* Does nothing in the trace tell what the case says is hidden? */
bool attack_trace_hides(struct attack *attack);

/* Did it end as `expect` says, with a usage record that holds together? */
bool attack_as_expected(struct attack *attack, const struct answer *answer);

#endif
