/* One change of one object: what every state-changing call is made of.
 *
 * A call fills an edit and gives it to cdn_registry_edit(), which in one transaction reads
 * the standing, checks the revision asked for, lets `mutate` turn the standing into what it
 * should be, and writes it with the record of the change.  So no standing is ever written
 * without its record, nor the other way round. */
#ifndef CDN_ENGINE_REGISTRY_CHANGE_H
#define CDN_ENGINE_REGISTRY_CHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include <cordon/registry.h>

#include "engine/registry_store.h"

struct cdn_edit {
    /* given */
    const char *name;
    cordon_action action;
    const cordon_change *change;
    bool may_create; /* `mutate` makes the object if it is not there */
    cordon_status (*mutate)(struct cdn_edit *edit, struct cdn_durable_txn *txn,
                            void *ud, cordon_error *err);
    void *ud;
    /* of one try, for `mutate` */
    bool exists;
    bool nothing;      /* set by it: all is as it should be, write nothing */
    uint64_t sequence; /* of this change */
    cordon_standing standing;
    cordon_change_record
        record; /* `from` and `to` are the active version before and after,
                                    unless `mutate` says otherwise */
};

/* Check what a caller says of his change.  Errors: CORDON_E_INVALID. */
cordon_status cdn_change_check(const char *function, const cordon_registry *registry,
                               const char *name, const cordon_change *change,
                               cordon_error *err);
cordon_status cdn_registry_edit(cordon_registry *registry, struct cdn_edit *edit,
                                cordon_error *err);
/* The same for what the library does by itself.  Errors: CORDON_E_INVALID the evidence is not one
 * line, or a longer one than is kept. */
cordon_status cdn_registry_edit_on(cordon_registry *registry, struct cdn_edit *edit,
                                   const char *evidence, cordon_error *err);

/* What `mutate` functions share. */

/* The version exists.  Errors: CORDON_E_NOTFOUND. */
cordon_status cdn_edit_version(const struct cdn_edit *edit, uint32_t version,
                               cordon_error *err);
/* Let a version decide: state, previous, and an end to rollout and its own shadow. */
void cdn_edit_activate(struct cdn_edit *edit, uint32_t version);
void cdn_edit_end_rollout(struct cdn_edit *edit);
void cdn_edit_end_shadow(struct cdn_edit *edit, uint32_t version);

/* Check that a version (0: the newest) may decide: it loads, and passes `check`.  *number
 * receives it.  Takes no lock.  Errors: CORDON_E_RULE, and what `check` returns. */
cordon_status cdn_candidate_check(uint32_t *number, cordon_registry *registry,
                                  const char *name, uint32_t version,
                                  cordon_check_function *check, void *ud,
                                  cordon_error *err);

#endif
