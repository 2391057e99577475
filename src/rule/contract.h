/* The contract a chunk returned, as msgpack, and the check of it.
 *
 * The table is copied out of Lua field by field (read.c), maybe by a worker behind a wall
 * (isolation/wire_contract.c), and checked here, outside any Lua call, where memory may be held
 * and every fault can be gathered. */
#ifndef CDN_RULE_CONTRACT_H
#define CDN_RULE_CONTRACT_H

#include "rule/rule.h"

#define CDN_CONTRACT_MAX_FIELDS   64
#define CDN_CONTRACT_MAX_FINDINGS 100
#define CDN_CONTRACT_BYTES        ((size_t)256 * 1024) /* of all its values */

/* One field of the returned table, `evaluate` aside. */
struct cdn_contract_field {
    char key[CDN_RULE_MAX_WORD + 1]; /* cut if longer */
    size_t offset, bytes;            /* in `packed` */
    char fault[256];                 /* why it could not be copied out; else "" */
};

struct cdn_contract {
    unsigned char *packed; /* room for CDN_CONTRACT_BYTES */
    size_t packed_bytes;
    uint32_t count;
    struct cdn_contract_field fields[CDN_CONTRACT_MAX_FIELDS];
    const char *returned; /* the type of what the chunk returned, if it is no table */
    const char *evaluate; /* the type of `evaluate`; NULL: there is none */
    const char *odd_key;  /* the type of a key that is no string; NULL: none */
    bool too_many;
};

/* An empty one; NULL: out of memory. */
struct cdn_contract *cdn_contract_new(void);
void cdn_contract_free(struct cdn_contract *contract); /* NULL is nothing to free */

/* Read what a file says of itself: tokens, compile, run the chunk in the slot, copy the table.
 * `budget`: what it may use.
 * Ownership: *out is the caller's, cdn_contract_free() it.
 * Errors: CORDON_E_RULE, CORDON_E_NOMEM. */
cordon_status cdn_contract_read(struct cdn_contract **out, struct cdn_slot *slot,
                                const char *source, size_t bytes, const char *file,
                                const struct cdn_budget *budget, cordon_error *err);

/* The name of a Lua type, as `returned`, `evaluate` and `odd_key` have it; NULL: none is called
 * so.  It is a constant. */
const char *cdn_contract_type(const char *name, size_t bytes);

/* Of all that was read, its fields in order: equal for equal contracts. */
uint64_t cdn_contract_hash(const struct cdn_contract *contract);

/* Where the check stands; for params.c as well. */
struct cdn_check {
    struct cdn_rule *rule;
    const struct cdn_contract *contract;
    struct cdn_findings findings;
    bool nomem;
    size_t searched; /* bytes of source, for lines */
};

/* Note a fault of the field that `path` (up to the first NULL) leads to; "params.window: "
 * is put before the text. */
struct cdn_path {
    const char *keys[4];
};
#define CDN_PATH(...) (&(const struct cdn_path){{__VA_ARGS__}})
void cdn_check_fault(struct cdn_check *check, const struct cdn_path *path,
                     const char *format, ...) CDN_PRINTF(3, 4);
/* The same for a message that begins with its path. */
void cdn_check_say(struct cdn_check *check, const struct cdn_path *path,
                   const char *message);

/* The line that the keys lead to (locate.h).  Each search is a pass over the source: 0, not
 * known, once a rule of many fields and much source has had its share. */
uint32_t cdn_check_line(struct cdn_check *check, const char *const *keys,
                        uint32_t depth);

/* Fill check->rule (source, file and hash aside) from check->contract. */
void cdn_contract_check(struct cdn_check *check);
/* Its `params`. */
void cdn_contract_params(struct cdn_check *check, const cordon_value *params);

/* A map, or the empty list that an empty table looks like.  Faults otherwise. */
bool cdn_check_map(struct cdn_check *check, const struct cdn_path *path,
                   const cordon_value *value, const char *example);
/* A key as text: false, with a fault, if it is no identifier of at most
 * CDN_RULE_MAX_WORD bytes.  `out` holds CDN_RULE_MAX_WORD + 1. */
bool cdn_check_key(struct cdn_check *check, const struct cdn_path *path,
                   const cordon_value *key, char *out);
/* A string copied to the heap; NULL with a fault if it is none (or out of memory). */
char *cdn_check_text(struct cdn_check *check, const struct cdn_path *path,
                     const cordon_value *value);
/* The number of a word in a list ended by NULL; -1 with a fault that suggests one. */
int cdn_check_word(struct cdn_check *check, const struct cdn_path *path,
                   const cordon_value *value, const char *const *words,
                   const char *what);
/* Fault: an unknown field `key` where `known` (ended by NULL) are the fields. */
void cdn_check_unknown(struct cdn_check *check, const struct cdn_path *path,
                       const char *key, const char *const *known);

#endif
