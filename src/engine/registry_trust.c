/* Changing how far a rule is trusted: quarantine and trip take away, trust gives back.
 *
 * What is said stands by version, since what crashed is a text: a candidate that does must not
 * put what decides behind a wall, and a version that did is not better for another having been
 * active in between.  `version` 0 speaks of all of them.  Where there is no room for one more
 * version, what was said of each becomes, at its strongest, what is said of all: room that runs
 * out may cost speed, and never takes a wall away. */
#include "engine/registry_change.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "engine/registry.h"
#include "engine/registry_read.h"

/* ---- what stands ---- */

static uint32_t place_of(const cordon_standing *standing, uint32_t version)
{
    uint32_t at = 0;

    while (at < standing->trust_count && standing->trusts[at].version < version)
        at++;
    return at;
}

static cordon_trust *find(cordon_standing *standing, uint32_t version)
{
    uint32_t at = place_of(standing, version);

    return at < standing->trust_count && standing->trusts[at].version == version
               ? &standing->trusts[at]
               : NULL;
}

static void forget(cordon_standing *standing, uint32_t version)
{
    cordon_trust *trust = find(standing, version);

    if (!trust)
        return;
    memmove(trust, trust + 1,
            (size_t)(&standing->trusts[standing->trust_count] - (trust + 1)) *
                sizeof(*trust));
    standing->trusts[--standing->trust_count] = (cordon_trust){0};
}

static void forget_all(cordon_standing *standing)
{
    memset(standing->trusts, 0, sizeof(standing->trusts));
    standing->trust_count = 0;
}

/* All that is said of any version, said of every one. */
static void collapse(cordon_standing *standing)
{
    cordon_trust all = {0};

    for (uint32_t i = 0; i < standing->trust_count; i++) {
        if (standing->trusts[i].wall > all.wall)
            all.wall = standing->trusts[i].wall;
        all.quarantined = all.quarantined || standing->trusts[i].quarantined;
    }
    forget_all(standing);
    standing->trusts[0] = all;
    standing->trust_count = 1;
}

static bool says(const cordon_trust *trust, cordon_wall wall, bool quarantined)
{
    return trust && trust->wall >= wall && (trust->quarantined || !quarantined);
}

/* Say it of a version, beside what is said of it.  False: that is no more than there was. */
static bool strengthen(cordon_standing *standing, uint32_t version, cordon_wall wall,
                       bool quarantined, uint64_t sequence)
{
    cordon_trust *trust = find(standing, version);

    if (says(trust, wall, quarantined) || says(find(standing, 0), wall, quarantined))
        return false;
    if (!trust && standing->trust_count == CORDON_REGISTRY_MAX_TRUSTS) {
        collapse(standing);
        version = 0;
        trust = &standing->trusts[0];
    }
    if (!trust) {
        uint32_t at = place_of(standing, version);

        trust = &standing->trusts[at];
        memmove(trust + 1, trust, (standing->trust_count - at) * sizeof(*trust));
        *trust = (cordon_trust){.version = version};
        standing->trust_count++;
    }
    if (wall > trust->wall)
        trust->wall = wall;
    trust->quarantined = trust->quarantined || quarantined;
    trust->sequence = sequence;
    return true;
}

/* What is said of a version, into the change's details. */
static void tell(struct cdn_edit *edit, uint32_t version, const char *what,
                 cordon_wall wall)
{
    char of[32] = "every version";

    if (version)
        (void)snprintf(of, sizeof(of), "version %" PRIu32, version);
    (void)snprintf(edit->record.details, sizeof(edit->record.details), "%s: %s%s%s", of,
                   what, wall ? ", behind no less than " : "",
                   wall ? cordon_wall_str(wall) : "");
}

/* ---- an operator's ---- */

struct trusting {
    uint32_t version;
    cordon_wall wall;
};

static cordon_status check_trusting(const struct trusting *trusting, cordon_error *err)
{
    if ((unsigned)trusting->wall <= CORDON_WALL_MICROVM)
        return CORDON_OK;
    return cdn_error_set(err, CORDON_E_INVALID, "there is no wall of number %u",
                         (unsigned)trusting->wall);
}

static cordon_status check_object(const struct cdn_edit *edit, uint32_t version,
                                  cordon_error *err)
{
    if (edit->standing.kind != CORDON_OBJECT_RULE)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "'%s' is a set; walls are of its rules, each by itself",
                             edit->name);
    return version ? cdn_edit_version(edit, version, err) : CORDON_OK;
}

static cordon_status mutate_quarantine(struct cdn_edit *edit,
                                       struct cdn_durable_txn *txn, void *ud,
                                       cordon_error *err)
{
    const struct trusting *wanted = ud;
    cordon_status status = check_object(edit, wanted->version, err);

    (void)txn;
    if (status)
        return status;
    edit->nothing = !strengthen(&edit->standing, wanted->version, wanted->wall, true,
                                edit->sequence);
    tell(edit, wanted->version, "quarantined", wanted->wall);
    return CORDON_OK;
}

static cordon_status mutate_trust(struct cdn_edit *edit, struct cdn_durable_txn *txn,
                                  void *ud, cordon_error *err)
{
    const struct trusting *wanted = ud;
    cordon_standing *standing = &edit->standing;
    const cordon_trust before = standing->trusts[0];
    cordon_status status = check_object(edit, wanted->version, err);

    (void)txn;
    if (status)
        return status;
    if (wanted->version && find(standing, 0))
        return cdn_error_set(err, CORDON_E_INVALID,
                             "every version of '%s' is behind a wall, not only %" PRIu32
                             "; trust them all, and quarantine those that you do not",
                             edit->name, wanted->version);
    if (wanted->version) {
        const cordon_trust *found = find(standing, wanted->version);

        edit->nothing = found ? !found->quarantined && found->wall == wanted->wall
                              : wanted->wall == CORDON_WALL_INPROC;
        forget(standing, wanted->version);
    } else {
        edit->nothing = standing->trust_count
                            ? standing->trust_count == 1 && !before.version &&
                                  !before.quarantined && before.wall == wanted->wall
                            : wanted->wall == CORDON_WALL_INPROC;
        forget_all(standing);
    }
    if (wanted->wall != CORDON_WALL_INPROC)
        (void)strengthen(standing, wanted->version, wanted->wall, false,
                         edit->sequence);
    tell(edit, wanted->version,
         wanted->wall == CORDON_WALL_INPROC ? "trusted as others are" : "trusted",
         wanted->wall);
    return CORDON_OK;
}

cordon_status cordon_registry_quarantine(cordon_registry *registry, const char *name,
                                         uint32_t version, cordon_wall wall,
                                         const cordon_change *change, cordon_error *err)
{
    struct trusting trusting = {version, wall};
    struct cdn_edit edit = {.name = name,
                            .action = CORDON_ACTION_QUARANTINE,
                            .change = change,
                            .mutate = mutate_quarantine,
                            .ud = &trusting};
    cordon_status status =
        cdn_change_check("cordon_registry_quarantine", registry, name, change, err);

    if (!status)
        status = check_trusting(&trusting, err);
    return status ? status : cdn_registry_edit(registry, &edit, err);
}

cordon_status cordon_registry_trust(cordon_registry *registry, const char *name,
                                    uint32_t version, cordon_wall wall,
                                    const cordon_change *change, cordon_error *err)
{
    struct trusting trusting = {version, wall};
    struct cdn_edit edit = {.name = name,
                            .action = CORDON_ACTION_TRUST,
                            .change = change,
                            .mutate = mutate_trust,
                            .ud = &trusting};
    cordon_status status =
        cdn_change_check("cordon_registry_trust", registry, name, change, err);

    if (!status)
        status = check_trusting(&trusting, err);
    if (!status && !(change->reason && change->reason[0]))
        status = cdn_error_set(err, CORDON_E_INVALID,
                               "no reason is given; history is to say why '%.80s' is "
                               "trusted again",
                               name);
    return status ? status : cdn_registry_edit(registry, &edit, err);
}

/* ---- the breaker's ---- */

struct trip {
    uint32_t version;
    uint32_t wall;
    const char *evidence;
    struct cdn_trip_note *note; /* NULL: nobody is to be told */
};

static cordon_status runs_no_more(const struct cdn_edit *edit, uint32_t version,
                                  cordon_error *err)
{
    return cdn_error_set(err, CORDON_E_CONFLICT,
                         "version %" PRIu32 " of '%s' does not run any more", version,
                         edit->name);
}

static bool is_variant(const cordon_standing *standing, uint32_t version)
{
    for (uint32_t i = 0; i < standing->variant_count; i++)
        if (standing->variants[i].version == version)
            return true;
    return false;
}

static bool is_shadow(const cordon_standing *standing, uint32_t version)
{
    for (uint32_t i = 0; i < standing->shadow_count; i++)
        if (standing->shadows[i].version == version)
            return true;
    return false;
}

/* Out of service it goes, from whatever it does there. */
static void withdraw(struct cdn_edit *edit, const struct trip *trip)
{
    cordon_standing *standing = &edit->standing;

    if (standing->active == trip->version) {
        standing->state = CORDON_STANDING_PAUSED;
    } else if (is_variant(standing, trip->version)) {
        cdn_edit_end_rollout(edit);
        (void)snprintf(standing->evidence, sizeof(standing->evidence), "%s",
                       trip->evidence);
    }
    cdn_edit_end_shadow(edit, trip->version);
}

static cordon_status keep_note(struct cdn_edit *edit, struct cdn_durable_txn *txn,
                               struct cdn_trip_note *note, cordon_error *err)
{
    struct cdn_key key = cdn_key_untold(edit->sequence);
    struct cdn_buf payload = {0};
    cordon_status status;

    note->sequence = edit->sequence;
    note->put(&payload, note->ud, edit->sequence);
    status = payload.failed
                 ? cdn_error_nomem(err)
                 : cdn_registry_put(txn, &key, payload.data, payload.length, err);
    cdn_buf_deinit(&payload);
    return status;
}

static cordon_status mutate_trip(struct cdn_edit *edit, struct cdn_durable_txn *txn,
                                 void *ud, cordon_error *err)
{
    const struct trip *trip = ud;
    cordon_standing *standing = &edit->standing;
    bool active = standing->active == trip->version;

    if (standing->state != CORDON_STANDING_ACTIVE ||
        !(active || is_variant(standing, trip->version) ||
          is_shadow(standing, trip->version)))
        return runs_no_more(edit, trip->version, err);
    if (trip->wall == CDN_WALL_NONE)
        withdraw(edit, trip);
    else if (!strengthen(standing, trip->version, (cordon_wall)trip->wall, false,
                         edit->sequence))
        return cdn_error_set(err, CORDON_E_CONFLICT,
                             "version %" PRIu32 " of '%s' is behind '%s' already",
                             trip->version, edit->name,
                             cordon_wall_str((cordon_wall)trip->wall));
    (void)snprintf(edit->record.details, sizeof(edit->record.details), "%s",
                   trip->evidence);
    return trip->note ? keep_note(edit, txn, trip->note, err) : CORDON_OK;
}

cordon_status cdn_registry_trip(cordon_registry *registry, const char *name,
                                uint32_t version, uint32_t wall, const char *evidence,
                                struct cdn_trip_note *note, cordon_error *err)
{
    const cordon_change change = {.struct_size = sizeof(change),
                                  .author = "breaker",
                                  .reason = "the breaker of the policy tripped"};
    struct trip trip = {version, wall, evidence, note};
    struct cdn_edit edit = {.name = name,
                            .action = CORDON_ACTION_TRIP,
                            .change = &change,
                            .mutate = mutate_trip,
                            .ud = &trip};

    return cdn_registry_edit_on(registry, &edit, evidence, err);
}
