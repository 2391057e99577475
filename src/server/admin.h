/* What handlers share that list or change what an operator looks after: bodies with named
 * fields, who changes something and on what it was decided, lists in pages.
 *
 * A function that returns bool has answered the request where it returns false. */
#ifndef CDN_SERVER_ADMIN_H
#define CDN_SERVER_ADMIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cordon/registry.h>
#include <cordon/value.h>

#include "base/buf.h"
#include "server/exchange.h"

/* ---- bodies ---- */

enum cdn_field_type {
    CDN_FIELD_TEXT,   /* a cordon_value, of type string */
    CDN_FIELD_COUNT,  /* a uint64_t */
    CDN_FIELD_NUMBER, /* a double, finite */
    CDN_FIELD_ANY     /* a cordon_value */
};

/* One field a map may have.  null is as if it were not there. */
struct cdn_field {
    const char *name;
    enum cdn_field_type type;
    void *out;  /* stays as it is where the field is not there */
    bool given; /* set where it is */
};

/* Read `map`, which `where` calls in messages ("guard"; "": the body).  A field that is not
 * among those is refused, with the one that may have been meant. */
bool cdn_fields_read(struct cdn_exchange *x, const cordon_value *map, const char *where,
                     struct cdn_field *fields, size_t count);
/* The same of the body, which may be missing, and is then as if it were {}. */
bool cdn_fields_body(struct cdn_exchange *x, struct cdn_field *fields, size_t count);

/* A text as a string with a NUL in `out`; `what` names it in messages. */
bool cdn_field_copy(struct cdn_exchange *x, char *out, size_t size, const char *what,
                    const cordon_value *text);

/* ---- objects of the registry ---- */

/* Is there one? */
bool cdn_admin_has_registry(struct cdn_exchange *x);
/* How args[0] stands. */
bool cdn_admin_standing(cordon_standing *out, struct cdn_exchange *x);

/* ---- changes ---- */

struct cdn_admin_change {
    cordon_change change; /* what it points to is of the exchange, or: */
    char reason[CORDON_REGISTRY_MAX_REASON_BYTES + 1];
};

/* Who changes something, why (the body's `reason`, which may be NULL, or the header X-Reason),
 * whether for show (?dry_run=true), and on which revision it was decided (If-Match), where
 * `current` is what it is now: another one is answered with 412. */
bool cdn_admin_change(struct cdn_admin_change *out, struct cdn_exchange *x,
                      const cordon_value *reason, uint64_t current);
/* If-Match alone, of anything that counts its revisions; *must receives whether there was one. */
bool cdn_admin_match(bool *must, struct cdn_exchange *x, uint64_t current);
/* ETag: "REVISION" */
void cdn_admin_etag(struct cdn_exchange *x, uint64_t revision);

/* After a change that worked: have the engine stand as the registry says before it is told, and
 * answer with the standing. */
void cdn_admin_changed(struct cdn_exchange *x, const struct cdn_admin_change *change);

/* ---- whether a version may decide ---- */

/* The cases that came with it are run on the snapshot that is served (codec/cases.h). */
struct cdn_admin_check {
    struct cdn_exchange *x;
    struct cdn_buf told; /* lines, a NUL behind each */
    uint64_t run, failed;
};

/* A cordon_check_function; ud is a struct cdn_admin_check. */
cordon_status cdn_admin_judge(void *ud, const cordon_candidate *candidate,
                              cordon_error *err);
/* Answer a change that was refused: by its cases with 422 and what differs, else as
 * cdn_exchange_fail(), with the ETag it has now. */
void cdn_admin_refused(struct cdn_exchange *x, struct cdn_admin_check *check,
                       cordon_status status, const cordon_error *err);
void cdn_admin_check_deinit(struct cdn_admin_check *check);

/* ---- lists ---- */

#define CDN_PAGE_DEFAULT 100
#define CDN_PAGE_MOST    1000

/* ?limit= and ?cursor=; cursor NULL: from the beginning. */
struct cdn_page {
    uint64_t limit;
    const char *cursor;
};
bool cdn_page_read(struct cdn_page *out, struct cdn_exchange *x);
/* The cursor as a number; 0: none was given. */
bool cdn_page_number(uint64_t *out, struct cdn_exchange *x,
                     const struct cdn_page *page);
/* A number out of the path, args[index]. */
bool cdn_admin_number(uint64_t *out, struct cdn_exchange *x, size_t index,
                      const char *what, uint64_t most);

#endif
