/* Keeping up with what the engine is attached to, at its host's pace.
 *
 * One upkeep at a time, under `writer`, like every other change.  The order matters: first
 * the policy, so that nothing new is seen under an old one; then the snapshot, so that
 * versions pushed together with a new generation find it; then the breakers that tripped, and
 * how often versions ran, while those are still there; then the registry; then the guards, whose verdicts
 * are followed at once.
 *
 * A policy may mask what only the next generation has, and a generation may lack what only
 * the present policy masks.  Of two that are so made for each other the policy waits (`unfit`)
 * until the generation is there, and if neither fits without the other both are taken in one
 * step. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/error.h"
#include "engine/audit.h"
#include "engine/engine.h"
#include "engine/history.h"
#include "engine/registry.h"
#include "engine/tighten.h"
#include "engine/trust.h"

/* ---- one upkeep ---- */

/* Keep the first failure. */
static void keep_first(cordon_status *worst, cordon_error *err, cordon_status status,
                       const cordon_error *own)
{
    if (!status || *worst)
        return;
    *worst = status;
    if (err)
        *err = *own;
}

/* Is the file another than when it was read last?  Notes what it is now. */
static bool policy_changed(cordon_engine *engine)
{
    struct stat now = {0};

    /* one that is gone differs too: from all that had a time */
    (void)stat(engine->policy_file.path, &now);
    if (now.st_mtim.tv_sec == engine->policy_file.written.tv_sec &&
        now.st_mtim.tv_nsec == engine->policy_file.written.tv_nsec &&
        (uint64_t)now.st_size == engine->policy_file.bytes &&
        now.st_ino == engine->policy_file.inode)
        return false;
    engine->policy_file.written = now.st_mtim;
    engine->policy_file.bytes = (uint64_t)now.st_size;
    engine->policy_file.inode = now.st_ino;
    return true;
}

static void forget_unfit(cordon_engine *engine)
{
    cordon_policy_release(engine->policy_file.unfit);
    engine->policy_file.unfit = NULL;
    engine->policy_file.unfit_on = NULL;
}

static void in_force(cordon_engine *engine, cordon_upkeep *did)
{
    forget_unfit(engine);
    did->policy_changed = true;
    cdn_engine_log(engine, CORDON_LEVEL_INFO, "the policy %s is in force",
                   engine->policy_file.path);
}

static cordon_status follow_policy(cordon_engine *engine, cordon_upkeep *did,
                                   cordon_error *err)
{
    cordon_snapshot *snapshot = atomic_load(&engine->state)->snapshot;
    cordon_policy *policy = engine->policy_file.unfit;
    cordon_status status = CORDON_OK;

    if (policy_changed(engine)) {
        forget_unfit(engine);
        status = cordon_policy_load_file(&policy, engine->policy_file.path, err);
    } else if (policy && snapshot != engine->policy_file.unfit_on) {
        policy = cordon_policy_retain(policy);
    } else {
        return CORDON_OK;
    }
    if (!status) {
        status = cdn_engine_move(engine, snapshot, policy, err);
        if (status) {
            forget_unfit(engine);
            engine->policy_file.unfit = cordon_policy_retain(policy);
            engine->policy_file.unfit_on = snapshot;
        }
        cordon_policy_release(policy);
    }
    if (status == CORDON_E_NOMEM)
        engine->policy_file.inode = UINT64_MAX; /* no file's: it is read again */
    if (status)
        cdn_engine_log(engine, CORDON_LEVEL_ERROR, "the policy stays as it was: %s",
                       err->message);
    else
        in_force(engine, did);
    return status;
}

/* A generation and a policy that were written for each other fit only together. */
static cordon_status follow_store(cordon_engine *engine, cordon_upkeep *did,
                                  cordon_error *err)
{
    struct cdn_policy *unfit = engine->policy_file.unfit;
    cordon_status status = cdn_engine_follow(
        engine, engine->store, &engine->store_options, NULL, &did->moved, err);
    bool moved;

    if (!status || !unfit ||
        cdn_engine_follow(engine, engine->store, &engine->store_options, unfit, &moved,
                          NULL) ||
        !moved)
        return status;
    did->moved = true;
    in_force(engine, did);
    return CORDON_OK;
}

/* The policy and the generation, each of which may wait for the other. */
static cordon_status follow_both(cordon_engine *engine, cordon_upkeep *did,
                                 cordon_error *err)
{
    cordon_status policy = CORDON_OK, store = CORDON_OK, worst = CORDON_OK;
    cordon_error of_policy, of_store;

    cdn_error_clear(&of_policy);
    cdn_error_clear(&of_store);
    if (engine->policy_file.path)
        policy = follow_policy(engine, did, &of_policy);
    if (engine->store)
        store = follow_store(engine, did, &of_store);
    if (did->moved && engine->policy_file.unfit)
        policy = follow_policy(engine, did, &of_policy);
    if (did->policy_changed) /* now it fits */
        policy = CORDON_OK;
    keep_first(&worst, err, policy, &of_policy);
    keep_first(&worst, err, store, &of_store);
    return worst;
}

/* Under `writer`. */
static cordon_status keep_up(cordon_engine *engine, cordon_upkeep *did,
                             cordon_error *err)
{
    cordon_status worst = follow_both(engine, did, err);
    cordon_error own;

    cdn_error_clear(&own);
    if (did->moved)
        cdn_engine_log(
            engine, CORDON_LEVEL_INFO, "generation %" PRIu64 " is in service",
            cordon_snapshot_generation(atomic_load(&engine->state)->snapshot));
    keep_first(&worst, err, cdn_trust_catch_up(engine, &own), &own);
    keep_first(&worst, err, cdn_trust_follow(engine, did, &own), &own);
    keep_first(&worst, err, cdn_history_keep(engine, false, &own), &own);
    if (engine->registry) {
        keep_first(&worst, err, cdn_engine_sync(engine, did, &own), &own);
        keep_first(&worst, err, cdn_engine_guard(engine, did, &own), &own);
        if (did->aborted)
            keep_first(&worst, err, cdn_engine_sync(engine, did, &own), &own);
    }
    cdn_trust_place(engine, atomic_load(&engine->state)); /* history grows */
    if (engine->options.tighten)
        cdn_tighten_learn(engine);
    return worst;
}

cordon_status cordon_engine_upkeep(cordon_engine *engine, cordon_upkeep *out,
                                   cordon_error *err)
{
    cordon_upkeep did = CORDON_UPKEEP_INIT;
    cordon_audit *audit;
    cordon_status status;
    cordon_error own;

    if (!engine)
        return cdn_error_set(err, CORDON_E_INVALID, "cordon_engine_upkeep: no engine");
    if (out && out->struct_size != sizeof *out)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "cordon_upkeep: struct_size is %zu where %zu is known; "
                             "begin with CORDON_UPKEEP_INIT",
                             out->struct_size, sizeof *out);
    pthread_mutex_lock(&engine->writer);
    status = keep_up(engine, &did, err);
    audit = atomic_load(&engine->audit);
    pthread_mutex_unlock(&engine->writer);
    if (audit) { /* writes to the disk: nobody has to wait for that */
        cordon_status drained = cdn_audit_drain(audit, &own);

        if (drained)
            cdn_engine_log(engine, CORDON_LEVEL_ERROR, "the decision log: %s",
                           own.message);
        keep_first(&status, err, drained, &own);
    }
    if (out)
        *out = did;
    return status;
}

/* ---- attaching ---- */

cordon_status cordon_engine_use_registry(cordon_engine *engine,
                                         cordon_registry *registry, cordon_error *err)
{
    cordon_upkeep did = CORDON_UPKEEP_INIT;
    cordon_status status = CORDON_OK;

    if (!engine)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "cordon_engine_use_registry: no engine");
    pthread_mutex_lock(&engine->writer);
    if (registry != engine->registry) /* the log says so if it fails */
        (void)cdn_history_keep(engine, true, NULL);
    engine->registry = registry;
    engine->history.tried_ns = 0;
    atomic_store(&engine->caught_up, false);
    engine->seen.sequence = UINT64_MAX;
    if (registry)
        status = cdn_engine_sync(engine, &did, err);
    pthread_mutex_unlock(&engine->writer);
    return status;
}

cordon_status cordon_engine_use_policy(cordon_engine *engine, const char *path,
                                       cordon_error *err)
{
    cordon_upkeep did = CORDON_UPKEEP_INIT;
    cordon_status status = CORDON_OK;
    char *copy = NULL;
    cordon_error own;

    if (!engine)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "cordon_engine_use_policy: no engine");
    if (path) {
        copy = cdn_strdup(path);
        if (!copy)
            return cdn_error_nomem(err);
    }
    pthread_mutex_lock(&engine->writer);
    forget_unfit(engine);
    cdn_free(engine->policy_file.path);
    memset(&engine->policy_file, 0, sizeof engine->policy_file);
    engine->policy_file.path = copy;
    engine->policy_file.inode = UINT64_MAX; /* no file's: it is read */
    if (path)
        status = follow_policy(engine, &did, err ? err : &own);
    pthread_mutex_unlock(&engine->writer);
    return status;
}

void cordon_engine_use_audit(cordon_engine *engine, cordon_audit *audit)
{
    if (!engine)
        return;
    atomic_store(&engine->audit, audit);
    atomic_store(&engine->caught_up, false);
}

cordon_status cordon_engine_use_store(cordon_engine *engine, const char *store,
                                      const cordon_snapshot_options *options,
                                      cordon_error *err)
{
    cordon_upkeep did = CORDON_UPKEEP_INIT;
    cordon_status status = CORDON_OK;
    char *copy = NULL;

    if (!engine)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "cordon_engine_use_store: no engine");
    if (store) {
        copy = cdn_strdup(store);
        if (!copy)
            return cdn_error_nomem(err);
    }
    pthread_mutex_lock(&engine->writer);
    cdn_free(engine->store);
    engine->store = copy;
    engine->store_options =
        options ? *options : (cordon_snapshot_options)CORDON_SNAPSHOT_OPTIONS_INIT;
    if (store)
        status = cdn_engine_follow(engine, store, &engine->store_options, NULL,
                                   &did.moved, err);
    pthread_mutex_unlock(&engine->writer);
    return status;
}
