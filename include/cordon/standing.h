/* What a registry (registry.h) tells: how an object stands, what a version is, and what a
 * change did.  Plain data in the caller's storage; set struct_size before it is filled. */
#ifndef CORDON_STANDING_H
#define CORDON_STANDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cordon/error.h>
#include <cordon/outcome.h>
#include <cordon/rule.h>
#include <cordon/wall.h>

#define CORDON_REGISTRY_MAX_VARIANTS       8
#define CORDON_REGISTRY_MAX_SHADOWS        4
#define CORDON_REGISTRY_MAX_TRUSTS         32
#define CORDON_REGISTRY_MAX_AUTHOR_BYTES   128
#define CORDON_REGISTRY_MAX_REASON_BYTES   1000
#define CORDON_REGISTRY_MAX_FILE_BYTES     255
#define CORDON_REGISTRY_MAX_EVIDENCE_BYTES 2000
#define CORDON_REGISTRY_MAX_CASES_BYTES    (1024u * 1024u)
/* Shares of requests are counted in basis points: 10,000 are all of them. */
#define CORDON_WHOLE 10000u

typedef enum cordon_object_kind {
    CORDON_OBJECT_RULE = 1,
    CORDON_OBJECT_SET
} cordon_object_kind;

/* X(name, number, word) */
#define CORDON_STANDING_MAP(X)                                                         \
    X(INACTIVE, 1, "inactive") /* no version was ever activated */                     \
    X(ACTIVE, 2, "active")                                                             \
    X(PAUSED, 3, "paused") /* does not decide until it is resumed */                   \
    X(KILLED, 4, "killed") /* does not decide until a version is activated */

typedef enum cordon_object_state {
#define CORDON_STANDING_ENUM(name, number, word) CORDON_STANDING_##name = (number),
    CORDON_STANDING_MAP(CORDON_STANDING_ENUM)
#undef CORDON_STANDING_ENUM
} cordon_object_state;

/* X(name, number, word): what a change did. */
#define CORDON_ACTION_MAP(X)                                                           \
    X(PUSH, 1, "push")                                                                 \
    X(ACTIVATE, 2, "activate")                                                         \
    X(ROLLBACK, 3, "rollback")                                                         \
    X(PAUSE, 4, "pause")                                                               \
    X(RESUME, 5, "resume")                                                             \
    X(KILL, 6, "kill")                                                                 \
    X(ROLLOUT, 7, "rollout")                                                           \
    X(PROMOTE, 8, "promote")                                                           \
    X(ABORT, 9, "abort")                                                               \
    X(SHADOW, 10, "shadow")                                                            \
    X(TRUST, 11, "trust")           /* an operator's: less between it and the host */  \
    X(QUARANTINE, 12, "quarantine") /* more */                                         \
    X(TRIP, 13, "trip") /* the breaker's: a stronger wall, or out of service */

typedef enum cordon_action {
#define CORDON_ACTION_ENUM(name, number, word) CORDON_ACTION_##name = (number),
    CORDON_ACTION_MAP(CORDON_ACTION_ENUM)
#undef CORDON_ACTION_ENUM
} cordon_action;

/* A version that decides for a share of the requests, by hash of rule and subject. */
typedef struct cordon_rollout_variant {
    uint32_t version;
    cordon_variant kind; /* CORDON_VARIANT_CANARY, of which there is one, or _ARM */
    uint32_t share;      /* basis points */
} cordon_rollout_variant;

/* A version that runs beside the one that decides, and never does. */
typedef struct cordon_rollout_shadow {
    uint32_t version;
    uint32_t sample; /* basis points of the requests it runs for */
} cordon_rollout_shadow;

/* When a rollout ends by itself: as soon as a variant has `min_samples` and one of the
 * others is passed.  0 in one of these: that is not looked at. */
typedef struct cordon_guard {
    uint64_t min_samples;  /* at least 1 */
    double max_error_rate; /* outcomes error and invalid_result, of all, 0 to 1 */
    double max_limit_rate; /* outcomes limit, of all, 0 to 1 */
    double
        max_p99_ratio; /* 99th percentile of the cost to that of the active version */
    double max_drift;  /* largest change of one decision's share, 0 to 1 */
} cordon_guard;

/* That a version of a rule is trusted less than others, whatever its versions do: which wall
 * it has at the least, and whether it is quarantined, for which a policy has a wall.  Only
 * what an operator says (cordon_registry_trust()) takes it away again. */
typedef struct cordon_trust {
    uint32_t version;  /* 0: of every version, those to come as well */
    cordon_wall wall;  /* runs behind none weaker; CORDON_WALL_INPROC: none is named */
    bool quarantined;  /* true where `wall` names none */
    uint64_t sequence; /* of the change that made it so: who, when and why */
} cordon_trust;

/* How an object stands. */
typedef struct cordon_standing {
    size_t struct_size; /* sizeof(cordon_standing) as the caller compiled it */
    char name[CORDON_RULE_MAX_NAME_BYTES + 1];
    cordon_object_kind kind;
    cordon_object_state state;
    uint32_t active;   /* the version that decides; 0: none was ever activated */
    uint32_t previous; /* what a rollback would activate; 0: nothing */
    uint32_t newest;
    uint32_t variant_count;
    cordon_rollout_variant variants[CORDON_REGISTRY_MAX_VARIANTS];
    uint32_t shadow_count;
    cordon_rollout_shadow shadows[CORDON_REGISTRY_MAX_SHADOWS];
    bool guarded;
    cordon_guard guard;
    uint64_t revision; /* sequence of the change that made it what it is */
    char
        evidence[CORDON_REGISTRY_MAX_EVIDENCE_BYTES + 1]; /* of the last abort, or "" */
    uint32_t trust_count;                                 /* by version */
    cordon_trust trusts[CORDON_REGISTRY_MAX_TRUSTS];
} cordon_standing;

/* One version of an object. */
typedef struct cordon_version_info {
    size_t struct_size; /* sizeof(cordon_version_info) as the caller compiled it */
    char name[CORDON_RULE_MAX_NAME_BYTES + 1];
    cordon_object_kind kind;
    uint32_t version;
    char source_hash[65]; /* BLAKE2b-256 of the text, hexadecimal */
    uint64_t source_bytes;
    uint64_t cases_bytes;                          /* 0: none came with it */
    int64_t time_ms;                               /* ms since 1970 UTC */
    uint64_t sequence;                             /* of the change that pushed it */
    char file[CORDON_REGISTRY_MAX_FILE_BYTES + 1]; /* as given, for messages */
    char author[CORDON_REGISTRY_MAX_AUTHOR_BYTES + 1];
    char reason[CORDON_REGISTRY_MAX_REASON_BYTES + 1];
} cordon_version_info;

/* One change, as history keeps it. */
typedef struct cordon_change_record {
    size_t struct_size; /* sizeof(cordon_change_record) as the caller compiled it */
    uint64_t sequence;  /* 1, 2, ... over the whole registry */
    int64_t time_ms;
    cordon_action action;
    cordon_object_kind kind;
    char name[CORDON_RULE_MAX_NAME_BYTES + 1];
    uint32_t from; /* the version that decided before; 0: none, or a push */
    uint32_t to;   /* the version pushed, or that decides now */
    char author[CORDON_REGISTRY_MAX_AUTHOR_BYTES + 1];
    char reason[CORDON_REGISTRY_MAX_REASON_BYTES + 1];
    char
        details[CORDON_REGISTRY_MAX_EVIDENCE_BYTES + 1]; /* settings, or the evidence */
} cordon_change_record;

#ifdef __cplusplus
extern "C" {
#endif

/* "rule", "active", "push": what commands and the server call them; static text. */
CORDON_EXPORT const char *cordon_object_kind_str(cordon_object_kind kind);
CORDON_EXPORT const char *cordon_object_state_str(cordon_object_state state);
CORDON_EXPORT const char *cordon_action_str(cordon_action action);

#ifdef __cplusplus
}
#endif

#endif
