/* The decision log's handle: policies, draining, and many threads at once. */
#include "auditing.h"

#include <pthread.h>
#include <sys/resource.h>
#include <signal.h>

#include "base/alloc.h"

static char folder[128], dir[160], key_file[160];

static void setup(void)
{
    FILE *file;

    cdn_unit_folder(folder, sizeof folder);
    (void)snprintf(dir, sizeof dir, "%s/audit", folder);
    (void)snprintf(key_file, sizeof key_file, "%s/key", folder);
    file = fopen(key_file, "w");
    fputs("0123456789abcdef0123456789abcdef", file);
    ck_assert_int_eq(fclose(file), 0);
}

static void teardown(void)
{
    auditing_remove(dir);
    unlink(key_file);
    rmdir(folder);
}

static cordon_audit_stats stats_of(cordon_audit *audit)
{
    cordon_audit_stats stats = CORDON_AUDIT_STATS_INIT;

    ck_assert_int_eq(cordon_audit_get_stats(&stats, audit, &err), CORDON_OK);
    return stats;
}

START_TEST(drain__writes_what_was_offered_in_order)
{
    uint64_t numbers[200], notes;
    cordon_audit *audit = auditing_open(dir, NULL);

    for (uint64_t i = 0; i < 100; i++)
        ck_assert(auditing_offer(audit, i));
    ck_assert_uint_eq(stats_of(audit).written, 0);
    ck_assert_int_eq(cordon_audit_drain(audit, &err), CORDON_OK);
    ck_assert_uint_eq(stats_of(audit).written, 100);
    ck_assert_uint_eq(stats_of(audit).ring_bytes, 0);
    ck_assert(auditing_offer(audit, 100));
    ck_assert_int_eq(cordon_audit_close(audit, &err), CORDON_OK);
    ck_assert_uint_eq(auditing_sound(dir, NULL), 101);
    ck_assert_uint_eq(auditing_numbers(numbers, 200, &notes, dir), 101);
    for (uint64_t i = 0; i <= 100; i++)
        ck_assert_uint_eq(numbers[i], i);
    ck_assert_uint_eq(notes, 0);
}
END_TEST

START_TEST(open__goes_on_where_the_log_ended)
{
    uint64_t numbers[200], notes;

    for (uint64_t i = 0; i < 20; i++) {
        cordon_audit_options options = CORDON_AUDIT_OPTIONS_INIT;
        cordon_audit *audit;

        options.key_file = key_file;
        audit = auditing_open(dir, &options);
        ck_assert(auditing_offer(audit, i));
        ck_assert_int_eq(cordon_audit_close(audit, &err), CORDON_OK);
    }
    ck_assert_uint_eq(auditing_sound(dir, key_file), 20);
    ck_assert_uint_eq(auditing_numbers(numbers, 200, &notes, dir), 20);
}
END_TEST

START_TEST(offer__allocates_nothing_while_there_is_room)
{
    cordon_audit *audit = auditing_open(dir, NULL);
    uint64_t before = cdn_alloc_count();

    for (uint64_t i = 0; i < 1000; i++)
        ck_assert(auditing_offer(audit, i));
    ck_assert_uint_eq(cdn_alloc_count(), before);
    ck_assert_int_eq(cordon_audit_close(audit, &err), CORDON_OK);
    ck_assert_uint_eq(auditing_sound(dir, NULL), 1000);
}
END_TEST

START_TEST(offer__drops_counts_and_notes_when_the_ring_is_full)
{
    cordon_audit_options options = CORDON_AUDIT_OPTIONS_INIT;
    uint64_t kept = 0, dropped = 0;
    struct auditing_findings findings;
    cordon_audit_report report;
    cordon_audit *audit;

    options.on_full = CORDON_AUDIT_FULL_DROP;
    options.ring_bytes = 65536;
    audit = auditing_open(dir, &options);
    for (int round = 0; round < 3; round++) {
        for (uint64_t i = 0; i < 200; i++) {
            bool is_kept = auditing_offer(audit, i);

            kept += is_kept;
            dropped += !is_kept;
        }
        ck_assert_int_eq(cordon_audit_drain(audit, &err), CORDON_OK);
    }
    ck_assert_uint_gt(dropped, 0);
    ck_assert_uint_gt(kept, 0);
    ck_assert_uint_eq(stats_of(audit).dropped, dropped);
    ck_assert_uint_eq(stats_of(audit).written, kept);
    ck_assert_int_eq(cordon_audit_close(audit, &err), CORDON_OK);
    report = auditing_verify(&findings, dir, NULL);
    ck_assert_uint_eq(report.findings, 0);
    ck_assert_uint_eq(report.decisions, kept);
    ck_assert_uint_eq(report.dropped, dropped);
}
END_TEST

START_TEST(offer__blocks_and_loses_nothing_when_the_ring_is_full)
{
    cordon_audit_options options = CORDON_AUDIT_OPTIONS_INIT;
    uint64_t numbers[3000], notes;
    cordon_audit *audit;

    options.ring_bytes = 65536;
    options.segment_bytes = 100000;
    audit = auditing_open(dir, &options);
    for (uint64_t i = 0; i < 3000; i++)
        ck_assert(auditing_offer(audit, i));
    ck_assert_uint_eq(stats_of(audit).dropped, 0);
    ck_assert_uint_gt(stats_of(audit).segment, 5);
    ck_assert_int_eq(cordon_audit_close(audit, &err), CORDON_OK);
    ck_assert_uint_eq(auditing_sound(dir, NULL), 3000);
    ck_assert_uint_eq(auditing_numbers(numbers, 3000, &notes, dir), 3000);
    for (uint64_t i = 0; i < 3000; i++)
        ck_assert_uint_eq(numbers[i], i);
}
END_TEST

START_TEST(offer__puts_what_is_larger_than_the_ring_past_it_in_order)
{
    cordon_audit_options options = CORDON_AUDIT_OPTIONS_INIT;
    struct auditing_record record;
    uint64_t numbers[3], notes;
    size_t size = 1 << 20;
    unsigned char *large = calloc(1, size);
    cordon_audit *audit;

    options.ring_bytes = 65536;
    audit = auditing_open(dir, &options);
    ck_assert(auditing_offer(audit, 0));
    auditing_fill(&record, 1);
    large[0] = 0xc6; /* bin 32 */
    large[1] = (unsigned char)((size - 5) >> 24);
    large[2] = (unsigned char)((size - 5) >> 16);
    large[3] = (unsigned char)((size - 5) >> 8);
    large[4] = (unsigned char)(size - 5);
    record.record.result = large;
    record.record.result_bytes = size;
    ck_assert(cdn_audit_offer(audit, &record.record));
    ck_assert(auditing_offer(audit, 2));
    ck_assert_int_eq(cordon_audit_close(audit, &err), CORDON_OK);
    ck_assert_uint_eq(auditing_numbers(numbers, 3, &notes, dir), 3);
    for (uint64_t i = 0; i < 3; i++)
        ck_assert_uint_eq(numbers[i], i);
    auditing_remove(dir);

    options.on_full = CORDON_AUDIT_FULL_DROP;
    audit = auditing_open(dir, &options);
    ck_assert(!cdn_audit_offer(audit, &record.record));
    ck_assert_uint_eq(stats_of(audit).dropped, 1);
    ck_assert_int_eq(cordon_audit_close(audit, &err), CORDON_OK);
    free(large);
}
END_TEST

START_TEST(sync__follows_its_policy)
{
    cordon_audit_options options = CORDON_AUDIT_OPTIONS_INIT;
    cordon_audit *audit;

    options.sync = CORDON_AUDIT_SYNC_ALWAYS;
    audit = auditing_open(dir, &options);
    for (uint64_t i = 0; i < 10; i++) {
        ck_assert(auditing_offer(audit, i));
        ck_assert_uint_eq(stats_of(audit).written, i + 1);
        ck_assert_uint_eq(stats_of(audit).synced, i + 1);
    }
    ck_assert_int_eq(cordon_audit_close(audit, &err), CORDON_OK);

    options.sync = CORDON_AUDIT_SYNC_NONE;
    audit = auditing_open(dir, &options);
    ck_assert(auditing_offer(audit, 10));
    ck_assert_int_eq(cordon_audit_drain(audit, &err), CORDON_OK);
    ck_assert_uint_eq(stats_of(audit).synced, 0);
    ck_assert_int_eq(cordon_audit_sync_now(audit, &err), CORDON_OK);
    ck_assert_uint_eq(stats_of(audit).synced, 1);
    ck_assert_int_eq(cordon_audit_close(audit, &err), CORDON_OK);

    options.sync = CORDON_AUDIT_SYNC_INTERVAL;
    options.sync_interval_ms = 3600 * 1000;
    audit = auditing_open(dir, &options);
    ck_assert(auditing_offer(audit, 11));
    ck_assert_int_eq(cordon_audit_drain(audit, &err), CORDON_OK);
    ck_assert_uint_eq(stats_of(audit).synced, 0);
    ck_assert_int_eq(cordon_audit_close(audit, &err), CORDON_OK);
    ck_assert_uint_eq(auditing_sound(dir, NULL), 12);
}
END_TEST

START_TEST(sample__takes_the_same_decisions_every_time)
{
    cordon_audit_options options = CORDON_AUDIT_OPTIONS_INIT;
    uint64_t first[1000], again[1000], notes;
    cordon_audit *audit;
    size_t count;

    options.sample = 2500;
    audit = auditing_open(dir, &options);
    for (uint64_t i = 0; i < 1000; i++)
        ck_assert(auditing_offer(audit, i));
    ck_assert_uint_eq(stats_of(audit).recorded + stats_of(audit).sampled_out, 1000);
    ck_assert_int_eq(cordon_audit_close(audit, &err), CORDON_OK);
    count = auditing_numbers(first, 1000, &notes, dir);
    ck_assert_uint_gt(count, 150);
    ck_assert_uint_lt(count, 350);
    auditing_remove(dir);
    audit = auditing_open(dir, &options);
    for (uint64_t i = 0; i < 1000; i++)
        auditing_offer(audit, i);
    ck_assert_int_eq(cordon_audit_close(audit, &err), CORDON_OK);
    ck_assert_uint_eq(auditing_numbers(again, 1000, &notes, dir), count);
    ck_assert_int_eq(memcmp(first, again, count * sizeof *first), 0);
}
END_TEST

START_TEST(masks__are_gone_before_anything_is_written)
{
    const cordon_audit_mask masks[] = {{"/input/params/a", NULL},
                                       {"/requested_by", "someone"}};
    cordon_audit_options options = CORDON_AUDIT_OPTIONS_INIT;
    cordon_audit_entry entry = CORDON_AUDIT_ENTRY_INIT;
    struct cdn_audit_view view;
    cordon_audit_reader *reader;
    cordon_audit *audit;
    unsigned char *bytes;
    size_t size;
    bool got;

    options.masks = masks;
    options.mask_count = 2;
    audit = auditing_open(dir, &options);
    ck_assert(auditing_offer(audit, 1));
    ck_assert_int_eq(cordon_audit_close(audit, &err), CORDON_OK);
    size = auditing_read(&bytes, dir, 1);
    ck_assert_ptr_null(memmem(bytes, size, "analyst", 7));
    free(bytes);
    ck_assert_int_eq(cordon_audit_reader_open(&reader, dir, &err), CORDON_OK);
    ck_assert_int_eq(cordon_audit_reader_next(&entry, &got, reader, &err), CORDON_OK);
    ck_assert(cdn_audit_record_view(&view, entry.record, entry.record_bytes));
    ck_assert(view.input_masked && view.rest_masked && !view.result_masked);
    ck_assert(cdn_audit_text_is(&view.requested_by, "someone"));
    cordon_audit_reader_close(reader);
}
END_TEST

START_TEST(open__has_one_writer)
{
    cordon_audit *audit = auditing_open(dir, NULL), *other;

    ck_assert_int_eq(cordon_audit_open(&other, dir, NULL, &err), CORDON_E_BUSY);
    ck_assert_ptr_null(other);
    ck_assert_has(err.message, "one writer at a time");
    ck_assert(cdn_audit_log_is_open(dir));
    ck_assert_int_eq(cordon_audit_close(audit, &err), CORDON_OK);
    ck_assert(!cdn_audit_log_is_open(dir));
    audit = auditing_open(dir, NULL);
    ck_assert_int_eq(cordon_audit_close(audit, &err), CORDON_OK);
    ck_assert_int_eq(cordon_audit_close(NULL, &err), CORDON_OK);
}
END_TEST

START_TEST(open__refuses_options_out_of_range)
{
    const cordon_audit_mask outside = {"/rule", NULL}, not_one = {"input", NULL};
    cordon_audit *audit;
    const struct {
        cordon_audit_options options;
        const char *part;
    } rows[] = {
        {{.struct_size = 8}, "CORDON_AUDIT_OPTIONS_INIT"},
        {{.struct_size = sizeof rows->options, .sync = 7}, "sync"},
        {{.struct_size = sizeof rows->options, .on_full = 2}, "on_full"},
        {{.struct_size = sizeof rows->options, .sample = 10001}, "sample"},
        {{.struct_size = sizeof rows->options, .ring_bytes = 65537}, "power of two"},
        {{.struct_size = sizeof rows->options, .ring_bytes = 32768}, "64 KiB"},
        {{.struct_size = sizeof rows->options, .segment_bytes = 100}, "4096"},
        {{.struct_size = sizeof rows->options, .keep_ms = UINT64_MAX}, "keep_ms"},
        {{.struct_size = sizeof rows->options, .mask_count = 65, .masks = &outside},
         "64"},
        {{.struct_size = sizeof rows->options, .mask_count = 1, .masks = &outside},
         "below /input"},
        {{.struct_size = sizeof rows->options, .mask_count = 1, .masks = &not_one},
         "JSON pointer"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ck_assert_int_eq(cordon_audit_open(&audit, dir, &rows[i].options, &err),
                         CORDON_E_INVALID);
        ck_assert_has(err.message, rows[i].part);
        ck_assert_ptr_null(audit);
    }
    ck_assert_int_ne(access(dir, F_OK), 0); /* nothing was made */
}
END_TEST

/* A file may not grow beyond the limit: what a full disk does, without one. */
START_TEST(drain__tells_of_a_full_disk_and_loses_nothing)
{
    const struct rlimit small = {20000, RLIM_INFINITY},
                        large = {RLIM_INFINITY, RLIM_INFINITY};
    uint64_t numbers[100], notes;
    cordon_audit *audit;

    signal(SIGXFSZ, SIG_IGN);
    audit = auditing_open(dir, NULL);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    for (uint64_t i = 0; i < 100; i++)
        ck_assert(auditing_offer(audit, i));
    for (int again = 0; again < 3; again++) {
        ck_assert_int_eq(cordon_audit_drain(audit, &err), CORDON_E_IO);
        ck_assert_has(err.message, "cannot write");
    }
    ck_assert_uint_eq(stats_of(audit).failures, 3);
    ck_assert_uint_eq(stats_of(audit).written, 0);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &large), 0);
    ck_assert_int_eq(cordon_audit_close(audit, &err), CORDON_OK);
    ck_assert_uint_eq(auditing_sound(dir, NULL), 100);
    ck_assert_uint_eq(auditing_numbers(numbers, 100, &notes, dir), 100);
}
END_TEST

START_TEST(offer__that_cannot_be_written_is_counted_not_waited_for)
{
    const struct rlimit small = {20000, RLIM_INFINITY},
                        large = {RLIM_INFINITY, RLIM_INFINITY};
    cordon_audit_options options = CORDON_AUDIT_OPTIONS_INIT;
    struct auditing_findings findings;
    uint64_t kept = 0;
    cordon_audit_report report;
    cordon_audit *audit;

    signal(SIGXFSZ, SIG_IGN);
    options.ring_bytes = 65536;
    audit = auditing_open(dir, &options);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    for (uint64_t i = 0; i < 500; i++)
        kept += auditing_offer(audit, i);
    ck_assert_uint_lt(kept, 500);
    ck_assert_uint_eq(stats_of(audit).dropped, 500 - kept);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &large), 0);
    ck_assert_int_eq(cordon_audit_close(audit, &err), CORDON_OK);
    report = auditing_verify(&findings, dir, NULL);
    ck_assert_uint_eq(report.findings, 0);
    ck_assert_uint_eq(report.decisions, kept);
    ck_assert_uint_eq(report.dropped, 500 - kept);
}
END_TEST

/* ---- threads ---- */

enum { THREADS = 4, EACH = 4000 };

struct crowd {
    cordon_audit *audit;
    uint64_t first;
    uint64_t each;
    uint64_t kept;
};

static void *offer_many(void *ud)
{
    struct crowd *crowd = ud;

    for (uint64_t i = 0; i < crowd->each; i++)
        crowd->kept += auditing_offer(crowd->audit, crowd->first + i);
    return NULL;
}

static uint64_t offer_from_threads(cordon_audit *audit, uint64_t each)
{
    struct crowd crowds[THREADS];
    pthread_t threads[THREADS];
    uint64_t kept = 0;

    for (int i = 0; i < THREADS; i++) {
        crowds[i] = (struct crowd){audit, (uint64_t)i * 1000000, each, 0};
        ck_assert_int_eq(pthread_create(&threads[i], NULL, offer_many, &crowds[i]), 0);
    }
    for (int i = 0; i < 50; i++) {
        ck_assert_int_eq(cordon_audit_drain(audit, &err), CORDON_OK);
        stats_of(audit);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        kept += crowds[i].kept;
    }
    return kept;
}

/* Each thread's records are there in its order, and none twice. */
static void check_threads(uint64_t kept, bool all, uint64_t each)
{
    uint64_t next[THREADS] = {0}, notes, *numbers = calloc(kept + 1, sizeof *numbers);
    size_t count = auditing_numbers(numbers, kept, &notes, dir);

    ck_assert_uint_eq(count, kept);
    for (size_t i = 0; i < count; i++) {
        uint64_t thread = numbers[i] / 1000000, number = numbers[i] % 1000000;

        ck_assert_uint_lt(thread, THREADS);
        ck_assert_uint_ge(number, next[thread]);
        if (all)
            ck_assert_uint_eq(number, next[thread]);
        next[thread] = number + 1;
    }
    for (int i = 0; all && i < THREADS; i++)
        ck_assert_uint_eq(next[i], each);
    free(numbers);
}

START_TEST(threads__lose_nothing_where_they_block)
{
    cordon_audit_options options = CORDON_AUDIT_OPTIONS_INIT;
    cordon_audit *audit;

    options.ring_bytes = 65536;
    options.segment_bytes = 1 << 20;
    audit = auditing_open(dir, &options);
    ck_assert_uint_eq(offer_from_threads(audit, EACH), THREADS * EACH);
    ck_assert_int_eq(cordon_audit_close(audit, &err), CORDON_OK);
    ck_assert_uint_eq(auditing_sound(dir, NULL), THREADS * EACH);
    check_threads(THREADS * EACH, true, EACH);
}
END_TEST

START_TEST(threads__count_what_they_drop)
{
    cordon_audit_options options = CORDON_AUDIT_OPTIONS_INIT;
    struct auditing_findings findings;
    cordon_audit_report report;
    cordon_audit *audit;
    uint64_t kept;

    options.on_full = CORDON_AUDIT_FULL_DROP;
    options.ring_bytes = 65536;
    audit = auditing_open(dir, &options);
    kept = offer_from_threads(audit, EACH);
    ck_assert_int_eq(cordon_audit_close(audit, &err), CORDON_OK);
    report = auditing_verify(&findings, dir, NULL);
    ck_assert_uint_eq(report.findings, 0);
    ck_assert_uint_eq(report.decisions, kept);
    ck_assert_uint_eq(report.dropped, THREADS * EACH - kept);
    check_threads(kept, false, EACH);
}
END_TEST

START_TEST(threads__share_syncs)
{
    cordon_audit_options options = CORDON_AUDIT_OPTIONS_INIT;
    cordon_audit *audit;

    options.sync = CORDON_AUDIT_SYNC_ALWAYS;
    audit = auditing_open(dir, &options);
    ck_assert_uint_eq(offer_from_threads(audit, 50), THREADS * 50);
    ck_assert_uint_eq(stats_of(audit).written, THREADS * 50);
    ck_assert_uint_le(stats_of(audit).synced, THREADS * 50);
    ck_assert_int_eq(cordon_audit_close(audit, &err), CORDON_OK);
    ck_assert_uint_eq(auditing_sound(dir, NULL), THREADS * 50);
    check_threads(THREADS * 50, true, 50);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(open__survives_every_allocation_failure)
{
    const cordon_audit_mask masks[] = {{"/input/params/iban", "x"}, {"/result", NULL}};
    cordon_audit_options options = CORDON_AUDIT_OPTIONS_INIT;

    options.masks = masks;
    options.mask_count = 2;
    options.key_file = key_file;
    CDN_UNIT_FAILALLOC(nth)
    {
        cordon_audit *audit;
        cordon_status status = cordon_audit_open(&audit, dir, &options, &err);

        if (cdn_failalloc_fired()) {
            ck_assert_int_eq(status, CORDON_E_NOMEM);
            ck_assert_ptr_null(audit);
        } else {
            ck_assert_int_eq(status, CORDON_OK);
            ck_assert_int_eq(cordon_audit_close(audit, &err), CORDON_OK);
        }
    }
}
END_TEST

START_TEST(drain__that_runs_out_of_memory_loses_nothing)
{
    const cordon_audit_mask mask = {"/input/params/a", "x"};
    cordon_audit_options options = CORDON_AUDIT_OPTIONS_INIT;
    uint64_t offered = 0;
    cordon_audit *audit;

    options.masks = &mask;
    options.mask_count = 1;
    options.segment_bytes = 4096;
    options.keep_segments = 3;
    audit = auditing_open(dir, &options);
    CDN_UNIT_FAILALLOC(nth)
    {
        cordon_status status;

        cdn_failalloc_after(-1, false);
        for (int i = 0; i < 12; i++)
            ck_assert(auditing_offer(audit, offered++));
        cdn_failalloc_after(nth, false);
        status = cordon_audit_drain(audit, &err);
        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
    }
    ck_assert_int_eq(cordon_audit_drain(audit, &err), CORDON_OK);
    ck_assert_uint_eq(stats_of(audit).written, offered);
    ck_assert_int_eq(cordon_audit_close(audit, &err), CORDON_OK);
    auditing_sound(dir, NULL);
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("audit");
    TCase *c = tcase_create("audit");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, drain__writes_what_was_offered_in_order);
    tcase_add_test(c, open__goes_on_where_the_log_ended);
    tcase_add_test(c, offer__allocates_nothing_while_there_is_room);
    tcase_add_test(c, offer__drops_counts_and_notes_when_the_ring_is_full);
    tcase_add_test(c, offer__blocks_and_loses_nothing_when_the_ring_is_full);
    tcase_add_test(c, offer__puts_what_is_larger_than_the_ring_past_it_in_order);
    tcase_add_test(c, sync__follows_its_policy);
    tcase_add_test(c, sample__takes_the_same_decisions_every_time);
    tcase_add_test(c, masks__are_gone_before_anything_is_written);
    tcase_add_test(c, open__has_one_writer);
    tcase_add_test(c, open__refuses_options_out_of_range);
    tcase_add_test(c, drain__tells_of_a_full_disk_and_loses_nothing);
    tcase_add_test(c, offer__that_cannot_be_written_is_counted_not_waited_for);
    tcase_add_test(c, threads__lose_nothing_where_they_block);
    tcase_add_test(c, threads__count_what_they_drop);
    tcase_add_test(c, threads__share_syncs);
#ifdef CORDON_FAILALLOC
    tcase_add_test(c, open__survives_every_allocation_failure);
    tcase_add_test(c, drain__that_runs_out_of_memory_loses_nothing);
#endif
    suite_add_tcase(s, c);
    return s;
}

CDN_UNIT_MAIN(suite)
