/* The decision log's handle: policies, counting, and the way from the ring to the disk.
 *
 * An offer reserves, encodes, commits, and is done.  All else happens under `writer`: a drain
 * takes what is committed, masks it, frames it, writes it with one call, and only then gives
 * the ring's bytes back, so that whatever fails leaves the records where they are.
 *
 * With CORDON_AUDIT_SYNC_ALWAYS threads meet at `writer` after they committed.  The first in
 * writes and syncs for all that committed before; the others find that theirs is done.
 *
 * Records that are lost are counted when they are lost (`dropped`), and the count is written
 * into the chain ahead of the next record (`noted` is how far that has come). */
#include "engine/audit.h"

#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/hash.h"
#include "engine/audit_log.h"
#include "engine/audit_mask.h"
#include "engine/audit_record.h"
#include "engine/audit_ring.h"

#define KIB           UINT64_C(1024)
#define MIB           (KIB * 1024)
#define DAY_MS        UINT64_C(86400000)
#define ALL           10000
#define BATCH_BYTES   ((size_t)512 * 1024)
#define MOST_SEGMENTS (UINT64_C(1) << 53)

struct cordon_audit {
    struct cdn_audit_ring ring;
    cordon_audit_sync sync;
    cordon_audit_full on_full;
    uint32_t sample;
    uint64_t sync_interval_ns;
    pthread_mutex_t writer;
    /* under `writer`: */
    struct cdn_audit_log log;
    struct cdn_audit_masks masks;
    struct cdn_buf masked;
    uint64_t synced_to; /* position in the ring */
    uint64_t noted;     /* dropped records of which the chain says so */
    /* counted by whoever it happens to: */
    _Atomic uint64_t recorded, written, dropped, sampled_out, failures;
};

/* ---- options ---- */

static bool is_power(uint64_t value)
{
    return value && !(value & (value - 1));
}

static cordon_status take_options(cordon_audit_options *out,
                                  const cordon_audit_options *given, cordon_error *err)
{
    *out = (cordon_audit_options)CORDON_AUDIT_OPTIONS_INIT;
    if (given && given->struct_size != sizeof *given)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "cordon_audit_options: struct_size is %zu where %zu is "
                             "known; begin with CORDON_AUDIT_OPTIONS_INIT",
                             given->struct_size, sizeof *given);
    if (given)
        *out = *given;
    if (!out->sync_interval_ms)
        out->sync_interval_ms = 1000;
    if (!out->sample)
        out->sample = ALL;
    if (!out->ring_bytes)
        out->ring_bytes = 4 * MIB;
    if (!out->segment_bytes)
        out->segment_bytes = 64 * MIB;
    if (!out->segment_ms)
        out->segment_ms = DAY_MS;
    if ((int)out->sync < 0 || out->sync > CORDON_AUDIT_SYNC_NONE)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "sync: %d is none of CORDON_AUDIT_SYNC_...",
                             (int)out->sync);
    if ((int)out->on_full < 0 || out->on_full > CORDON_AUDIT_FULL_DROP)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "on_full: %d is none of CORDON_AUDIT_FULL_...",
                             (int)out->on_full);
    if (out->sample > ALL)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "sample: %" PRIu32 "; at most 10000 of 10000 are possible",
                             out->sample);
    if (!is_power(out->ring_bytes) || out->ring_bytes < 64 * KIB ||
        out->ring_bytes > 1024 * MIB)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "ring_bytes: %" PRIu64
                             "; a power of two from 64 KiB to 1 GiB is needed",
                             out->ring_bytes);
    if (out->segment_bytes < 4 * KIB || out->segment_bytes > MOST_SEGMENTS)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "segment_bytes: %" PRIu64 "; at least 4096 are needed",
                             out->segment_bytes);
    if (out->segment_ms > INT64_MAX || out->keep_ms > INT64_MAX)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "segment_ms and keep_ms are at most 2^63-1");
    return CORDON_OK;
}

/* ---- draining, under `writer` ---- */

/* Say in the chain how many were dropped since it last said so.  *dropped: what it then is
 * true for. */
static cordon_status note_drops(cordon_audit *audit, uint64_t *dropped, int64_t now_ms,
                                cordon_error *err)
{
    unsigned char note[CDN_AUDIT_NOTE_BYTES];
    size_t length;

    *dropped = atomic_load_explicit(&audit->dropped, memory_order_relaxed);
    if (*dropped == audit->noted)
        return CORDON_OK;
    length = cdn_audit_note(note, "dropped", now_ms, "count", *dropped - audit->noted,
                            NULL, 0);
    return cdn_audit_log_add(&audit->log, CORDON_AUDIT_NOTE, note, length)
               ? CORDON_OK
               : cdn_error_nomem(err);
}

static cordon_status add_record(cordon_audit *audit, const void *bytes, size_t length,
                                cordon_error *err)
{
    if (audit->masks.count) {
        cordon_status status;

        cdn_buf_clear(&audit->masked);
        status =
            cdn_audit_masks_apply(&audit->masked, &audit->masks, bytes, length, err);
        if (status)
            return status;
        bytes = audit->masked.data;
        length = audit->masked.length;
    }
    return cdn_audit_log_add(&audit->log, CORDON_AUDIT_DECISION, bytes, length)
               ? CORDON_OK
               : cdn_error_nomem(err);
}

/* One write's worth from the ring into the segment.  *more: there may be more. */
static cordon_status drain_batch(cordon_audit *audit, bool *more, int64_t now_ms,
                                 cordon_error *err)
{
    struct cdn_audit_log *log = &audit->log;
    uint64_t at = cdn_audit_ring_begin(&audit->ring);
    uint64_t dropped, records = 0;
    const unsigned char *bytes;
    size_t length;
    cordon_status status = cdn_audit_log_turn(log, now_ms, err);

    *more = false;
    if (!status)
        status = note_drops(audit, &dropped, now_ms, err);
    while (!status && !*more &&
           cdn_audit_ring_next(&audit->ring, &at, &bytes, &length)) {
        status = add_record(audit, bytes, length, err);
        records += !status;
        *more = log->pending.length >= BATCH_BYTES || cdn_audit_log_full(log);
    }
    if (status) {
        cdn_audit_log_forget(log);
        return status;
    }
    status = cdn_audit_log_flush(log, err);
    if (status)
        return status;
    audit->noted = dropped;
    atomic_fetch_add_explicit(&audit->written, records, memory_order_relaxed);
    cdn_audit_ring_release(&audit->ring, at);
    return CORDON_OK;
}

static cordon_status drain_all(cordon_audit *audit, cordon_error *err)
{
    int64_t now_ms = cdn_clock_wall_ms();
    cordon_status status;
    bool more;

    do {
        status = drain_batch(audit, &more, now_ms, err);
    } while (!status && more);
    return status;
}

static cordon_status sync_all(cordon_audit *audit, cordon_error *err)
{
    uint64_t to = cdn_audit_ring_begin(&audit->ring);
    cordon_status status = cdn_audit_log_sync(&audit->log, err);

    if (!status)
        audit->synced_to = to;
    return status;
}

static cordon_status failed(cordon_audit *audit, cordon_status status)
{
    if (status)
        atomic_fetch_add_explicit(&audit->failures, 1, memory_order_relaxed);
    return status;
}

cordon_status cdn_audit_drain(cordon_audit *audit, cordon_error *err)
{
    cordon_status status;

    pthread_mutex_lock(&audit->writer);
    status = drain_all(audit, err);
    if (!status && audit->log.unsynced &&
        (audit->sync == CORDON_AUDIT_SYNC_ALWAYS ||
         (audit->sync == CORDON_AUDIT_SYNC_INTERVAL &&
          cdn_clock_ns() - audit->log.synced_ns >= audit->sync_interval_ns)))
        status = sync_all(audit, err);
    pthread_mutex_unlock(&audit->writer);
    return failed(audit, status);
}

cordon_status cordon_audit_drain(cordon_audit *audit, cordon_error *err)
{
    if (!audit)
        return cdn_error_set(err, CORDON_E_INVALID, "cordon_audit_drain: no audit");
    return cdn_audit_drain(audit, err);
}

cordon_status cordon_audit_sync_now(cordon_audit *audit, cordon_error *err)
{
    cordon_status status;

    if (!audit)
        return cdn_error_set(err, CORDON_E_INVALID, "cordon_audit_sync_now: no audit");
    pthread_mutex_lock(&audit->writer);
    status = drain_all(audit, err);
    if (!status)
        status = sync_all(audit, err);
    pthread_mutex_unlock(&audit->writer);
    return failed(audit, status);
}

cordon_status cdn_audit_note_now(cordon_audit *audit, const void *note, size_t length,
                                 cordon_error *err)
{
    cordon_status status;

    pthread_mutex_lock(&audit->writer);
    status = drain_all(audit, err);
    if (!status)
        status = cdn_audit_log_turn(&audit->log, cdn_clock_wall_ms(), err);
    if (!status && !cdn_audit_log_add(&audit->log, CORDON_AUDIT_NOTE, note, length))
        status = cdn_error_nomem(err);
    if (!status)
        status = cdn_audit_log_flush(&audit->log, err);
    if (status)
        cdn_audit_log_forget(&audit->log);
    else
        status = sync_all(audit, err);
    pthread_mutex_unlock(&audit->writer);
    return failed(audit, status);
}

/* ---- offering ---- */

static bool drop(cordon_audit *audit)
{
    atomic_fetch_add_explicit(&audit->dropped, 1, memory_order_relaxed);
    return false;
}

/* Is the decision among those that are recorded?  By its name, so that whoever knows that
 * knows this. */
static bool is_sampled(const cordon_audit *audit, const struct cdn_audit_record *record)
{
    uint32_t of_its_kind = record->left_out < ALL ? ALL - record->left_out : 0;
    uint32_t sample = of_its_kind < audit->sample ? of_its_kind : audit->sample;

    return sample == ALL || !record->decision_id ||
           cdn_hash_xxh3(record->decision_id, strlen(record->decision_id)) % ALL <
               sample;
}

/* Larger than the ring takes: past it, behind what is in it. */
static bool record_large(cordon_audit *audit, const struct cdn_audit_record *record,
                         size_t bound)
{
    cordon_status status;
    unsigned char *bytes;
    size_t length;

    if (audit->on_full == CORDON_AUDIT_FULL_DROP || bound > CDN_AUDIT_MAX_RECORD)
        return drop(audit);
    bytes = cdn_alloc(bound);
    if (!bytes)
        return drop(audit);
    length = cdn_audit_record_encode(bytes, bound, record);
    pthread_mutex_lock(&audit->writer);
    status = drain_all(audit, NULL);
    if (!status)
        status = cdn_audit_log_turn(&audit->log, cdn_clock_wall_ms(), NULL);
    if (!status)
        status = add_record(audit, bytes, length, NULL);
    if (!status)
        status = cdn_audit_log_flush(&audit->log, NULL);
    if (!status) {
        atomic_fetch_add_explicit(&audit->recorded, 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&audit->written, 1, memory_order_relaxed);
        if (audit->sync == CORDON_AUDIT_SYNC_ALWAYS)
            status = sync_all(audit, NULL);
    } else {
        cdn_audit_log_forget(&audit->log);
        (void)drop(audit);
    }
    pthread_mutex_unlock(&audit->writer);
    cdn_free(bytes);
    return !failed(audit, status);
}

/* Write the ring to the disk on behalf of whoever waits for room.  False: it cannot be. */
static bool make_room(cordon_audit *audit)
{
    uint64_t before = cdn_audit_ring_begin(&audit->ring);
    cordon_status status;
    bool moved;

    pthread_mutex_lock(&audit->writer);
    moved = cdn_audit_ring_begin(&audit->ring) != before;
    status = moved ? CORDON_OK : drain_all(audit, NULL);
    moved = moved || cdn_audit_ring_begin(&audit->ring) != before;
    pthread_mutex_unlock(&audit->writer);
    if (!status && !moved)
        sched_yield(); /* the oldest is still being encoded */
    return !failed(audit, status);
}

/* True once everything before `end` is on the disk. */
static bool wait_synced(cordon_audit *audit, uint64_t end)
{
    cordon_status status = CORDON_OK;
    bool done = false;

    while (!status && !done) {
        pthread_mutex_lock(&audit->writer);
        done = audit->synced_to >= end;
        if (!done) {
            status = drain_all(audit, NULL);
            if (!status)
                status = sync_all(audit, NULL);
            done = !status && audit->synced_to >= end;
        }
        pthread_mutex_unlock(&audit->writer);
        if (!status && !done)
            sched_yield(); /* another thread encodes a record before ours */
    }
    return !failed(audit, status);
}

bool cdn_audit_offer(cordon_audit *audit, const struct cdn_audit_record *record)
{
    size_t bound = cdn_audit_record_bound(record);
    struct cdn_audit_span span;
    size_t length;

    if (!is_sampled(audit, record)) {
        atomic_fetch_add_explicit(&audit->sampled_out, 1, memory_order_relaxed);
        return true;
    }
    if (!cdn_audit_ring_fits(&audit->ring, bound))
        return record_large(audit, record, bound);
    while (!cdn_audit_ring_reserve(&span, &audit->ring, bound)) {
        if (audit->on_full == CORDON_AUDIT_FULL_DROP || !make_room(audit))
            return drop(audit);
    }
    length = cdn_audit_record_encode(span.bytes, bound, record);
    cdn_audit_ring_commit(&span, length);
    if (!length)
        return drop(audit);
    atomic_fetch_add_explicit(&audit->recorded, 1, memory_order_relaxed);
    return audit->sync != CORDON_AUDIT_SYNC_ALWAYS || wait_synced(audit, span.end);
}

/* ---- life ---- */

cordon_status cordon_audit_open(cordon_audit **out, const char *dir,
                                const cordon_audit_options *options, cordon_error *err)
{
    cordon_audit_options taken;
    struct cdn_audit_log_options log_options;
    struct cdn_audit_key key = {0};
    cordon_audit *audit = NULL;
    cordon_status status;

    if (!out || !dir)
        return cdn_error_set(err, CORDON_E_INVALID, "cordon_audit_open: no %s",
                             out ? "dir" : "out");
    *out = NULL;
    status = take_options(&taken, options, err);
    if (status)
        return status;
    audit = cdn_calloc(1, sizeof *audit);
    if (!audit || pthread_mutex_init(&audit->writer, NULL)) {
        cdn_free(audit);
        return cdn_error_nomem(err);
    }
    audit->sync = taken.sync;
    audit->on_full = taken.on_full;
    audit->sample = taken.sample;
    audit->sync_interval_ns = taken.sync_interval_ms * UINT64_C(1000000);
    audit->log.lock = audit->log.fd = -1;
    log_options = (struct cdn_audit_log_options){taken.segment_bytes, taken.segment_ms,
                                                 taken.keep_segments, taken.keep_bytes,
                                                 taken.keep_ms};
    status = cdn_audit_ring_init(&audit->ring, taken.ring_bytes, err);
    if (!status)
        status =
            cdn_audit_masks_init(&audit->masks, taken.masks, taken.mask_count, err);
    if (!status)
        status = cdn_audit_key_read(&key, taken.key_file, err);
    if (!status)
        status = cdn_audit_log_open(&audit->log, dir, &log_options, &key, err);
    if (!status) {
        *out = audit;
        audit = NULL; /* handed over */
    }
    cdn_wipe(&key, sizeof key);
    if (audit) {
        cdn_audit_log_close(&audit->log);
        cdn_audit_masks_deinit(&audit->masks);
        cdn_audit_ring_deinit(&audit->ring);
        pthread_mutex_destroy(&audit->writer);
        cdn_free(audit);
    }
    return status;
}

cordon_status cordon_audit_close(cordon_audit *audit, cordon_error *err)
{
    cordon_status status;

    if (!audit)
        return CORDON_OK;
    status = cordon_audit_sync_now(audit, err);
    cdn_audit_log_close(&audit->log);
    cdn_audit_masks_deinit(&audit->masks);
    cdn_buf_deinit(&audit->masked);
    cdn_audit_ring_deinit(&audit->ring);
    pthread_mutex_destroy(&audit->writer);
    cdn_free(audit);
    return status;
}

cordon_status cordon_audit_get_stats(cordon_audit_stats *out, cordon_audit *audit,
                                     cordon_error *err)
{
    const struct cdn_audit_log *log;

    if (!out || !audit || out->struct_size != sizeof *out)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "cordon_audit_get_stats: out and audit must be there, and "
                             "out begin as CORDON_AUDIT_STATS_INIT does");
    log = &audit->log;
    out->recorded = atomic_load_explicit(&audit->recorded, memory_order_relaxed);
    out->written = atomic_load_explicit(&audit->written, memory_order_relaxed);
    out->dropped = atomic_load_explicit(&audit->dropped, memory_order_relaxed);
    out->sampled_out = atomic_load_explicit(&audit->sampled_out, memory_order_relaxed);
    out->failures = atomic_load_explicit(&audit->failures, memory_order_relaxed);
    out->ring_bytes = cdn_audit_ring_used(&audit->ring);
    out->ring_size = audit->ring.size;
    pthread_mutex_lock(&audit->writer);
    out->synced = log->syncs;
    out->bytes = log->bytes;
    out->segment = log->number;
    out->sequence = log->sequence;
    out->removed_segments = log->removed;
    out->torn_bytes = log->torn_bytes;
    out->damaged = log->damaged;
    pthread_mutex_unlock(&audit->writer);
    return CORDON_OK;
}
