/* One rule: the contract it returned, checked and copied out of Lua.
 *
 * A rule is loaded once in a slot of its loader to read its contract, then built as an
 * image in each slot that runs it.  A struct cdn_rule is immutable and shared. */
#ifndef CDN_RULE_RULE_H
#define CDN_RULE_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cordon/rule.h>
#include <cordon/value.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/hash.h"
#include "graph/names.h"
#include "sandbox/slot.h"

#define CDN_RULE_MAX_PARAMS    64
#define CDN_RULE_MAX_DECISIONS 16
#define CDN_RULE_MAX_RETURNS   64
#define CDN_RULE_MAX_WORD      64
#define CDN_RULE_MAX_FUNCTIONS 32

enum cdn_param_type {
    CDN_PARAM_BOOLEAN,
    CDN_PARAM_INTEGER,
    CDN_PARAM_NUMBER,
    CDN_PARAM_STRING,
    CDN_PARAM_DURATION,  /* text such as "24h"; the rule sees milliseconds */
    CDN_PARAM_TIMESTAMP, /* ISO text or ms since 1970; the rule sees milliseconds */
    CDN_PARAM_LIST       /* of `element` */
};

struct cdn_param {
    char name[CDN_RULE_MAX_WORD + 1];
    enum cdn_param_type type;
    enum cdn_param_type element; /* of a list */
    bool required;               /* must be given; else its default stands, or nil */
    bool has_min, has_max;
    double min, max;         /* of numbers; of a string's or list's length */
    char *description;       /* NULL: none */
    unsigned char *fallback; /* the default, msgpack; NULL: none */
    size_t fallback_bytes;
    cordon_value fallback_value; /* the default as the rule sees it; nil: none */
    uint32_t choice_count;       /* `choices` of a string parameter */
    char **choices;
};

/* A field of `output` or the type of all of it: boolean integer number string list map any. */
struct cdn_return {
    char name[CDN_RULE_MAX_WORD + 1];
    char type[16];
    bool optional; /* declared with a trailing "?" */
};

struct cdn_rule {
    char name[CORDON_RULE_MAX_NAME_BYTES + 1];
    char *description; /* or NULL */
    char *owner;       /* or NULL */
    uint32_t tag_count;
    char **tags;
    char *file; /* as given at load */
    char *source;
    size_t source_bytes;
    unsigned char hash[CDN_CONTENT_HASH_BYTES]; /* of the source */
    uint64_t contract_hash;                     /* of what the file returned */
    struct cdn_names names;
    uint32_t param_count;
    struct cdn_param *params; /* sorted by name */
    uint32_t decision_count;
    char decisions[CDN_RULE_MAX_DECISIONS]
                  [CDN_RULE_MAX_WORD + 1]; /* least severe first */
    int32_t fallback;                      /* number of the decision; -1: "none" */
    uint32_t return_count;
    struct cdn_return *returns; /* sorted by name */
    bool returns_map;           /* `returns` was given as a map of fields */
    char returns_type[16];      /* or as one type: "any" if not given */
    bool returns_optional;      /* `output` may be left out */
    struct cdn_budget limits;   /* what it declares; 0: not declared */
    uint32_t function_count;
    char (*functions)[CDN_RULE_MAX_WORD + 1]; /* of the host's that it may call */
    uint32_t functions_line;                  /* where they are listed; 0: unknown */
    uint32_t evaluate_line; /* where it stands, or the nearest known; 0: unknown */
    size_t image_bytes;     /* measured at load */
};

/* One fault of a rule's contract. */
struct cdn_finding {
    uint32_t line; /* 0: not known */
    char message[512];
};

struct cdn_findings {
    uint32_t count;
    struct cdn_finding *items; /* by line, those without one last */
};

/* Load: tokens, compile, run the chunk, check the contract, build the image once to measure
 * it.  Every fault of the contract is reported in `findings` (may be NULL; else it must be
 * empty, and is the caller's to deinit whatever comes back), the first in err; a chunk that
 * did not get as far as a contract is in err alone.  `budget`:
 * what the chunk may use while it loads.
 * Errors: CORDON_E_RULE, CORDON_E_NOMEM. */
cordon_status cdn_rule_load(struct cdn_rule **out, struct cdn_slot *slot,
                            const char *source, size_t bytes, const char *file,
                            const struct cdn_budget *budget,
                            struct cdn_findings *findings, cordon_error *err);
/* The same of a contract that was read already, by whomever: check it, and no more.  What it
 * says of itself need not be true, but the rule is one that could be; its `image_bytes` are the
 * caller's to fill in.  The contract's fields are put in order.
 * Errors: as cdn_rule_load(). */
struct cdn_contract;
cordon_status cdn_rule_judge(struct cdn_rule **out, struct cdn_contract *contract,
                             const char *source, size_t bytes, const char *file,
                             struct cdn_findings *findings, cordon_error *err);
void cdn_rule_free(struct cdn_rule *rule);
void cdn_findings_deinit(struct cdn_findings *findings);

/* Build the rule's image in a slot. */
cordon_status cdn_rule_image(struct cdn_image **out, const struct cdn_rule *rule,
                             struct cdn_slot *slot, const struct cdn_budget *budget,
                             cordon_error *err);

#endif
