/* Decisions out of a log, from both its ends, in pages of any size. */
#include "unit/engine/auditing.h"

#include <cordon/audit_read.h>

#include "base/alloc.h"
#include "server/log_search.h"

#define RECORDS 1500u
#define BASE_MS INT64_C(1795487340000)

static char folder[128], dir[160];
static struct cdn_log_marks *marks;

/* A log of RECORDS decisions, ten seconds apart, of three rules in turn. */
static void make_log(uint64_t segment_bytes)
{
    cordon_audit_options options = CORDON_AUDIT_OPTIONS_INIT;
    cordon_audit *audit;

    options.segment_bytes = segment_bytes;
    options.sync = CORDON_AUDIT_SYNC_NONE;
    audit = auditing_open(dir, &options);
    for (uint64_t i = 0; i < RECORDS; i++) {
        static const char *const rules[] = {"a", "b", "c"};
        struct auditing_record record;
        struct cdn_audit_record *fields;

        auditing_fill(&record, i);
        fields = &record.record;
        fields->timestamp_ms = BASE_MS + (int64_t)i * 10000;
        fields->rule = rules[i % 3];
        fields->decision = i % 5 ? "review" : NULL;
        ck_assert(cdn_audit_offer(audit, fields));
    }
    ck_assert_int_eq(cordon_audit_close(audit, &err), CORDON_OK);
}

static void setup(void)
{
    cdn_unit_folder(folder, sizeof folder);
    (void)snprintf(dir, sizeof dir, "%s/audit", folder);
    ck_assert(!cdn_log_marks_new(&marks, &err));
}

static void teardown(void)
{
    cdn_log_marks_free(marks);
    auditing_remove(dir);
    rmdir(folder);
}

/* What searches found: the records' numbers, in order. */
struct listed {
    uint64_t numbers[2 * RECORDS];
    size_t count;
};

static bool on_each(void *ud, const cordon_audit_entry *entry)
{
    struct listed *listed = ud;
    struct cdn_audit_view view;

    ck_assert_int_eq(entry->kind, CORDON_AUDIT_DECISION);
    ck_assert(cdn_audit_record_view(&view, entry->record, entry->record_bytes));
    ck_assert_uint_lt(listed->count, 2 * RECORDS);
    listed->numbers[listed->count++] = view.reads_digest;
    return true;
}

static struct cdn_log_query any(void)
{
    return (struct cdn_log_query){.since_ms = INT64_MIN,
                                  .until_ms = INT64_MAX,
                                  .limit = 100,
                                  .most_bytes = UINT64_MAX};
}

static struct cdn_log_found search(struct listed *listed,
                                   const struct cdn_log_query *query)
{
    struct cdn_log_found found;

    ck_assert_msg(!cdn_log_search(&found, marks, dir, query, on_each, listed, &err),
                  "%s", err.message);
    return found;
}

/* All pages of a query, one after the other; returns how many there were. */
static size_t walk(struct listed *listed, struct cdn_log_query query)
{
    for (size_t pages = 1;; pages++) {
        struct cdn_log_found found = search(listed, &query);

        ck_assert_uint_le(found.count, query.limit);
        if (!found.more)
            return pages;
        query.segment = found.segment;
        query.offset = found.offset;
        ck_assert_uint_lt(pages, 10 * RECORDS);
    }
}

/* The numbers from `first` on, each `step`th, below `past`, in the query's order. */
static void expect(const struct listed *listed, bool oldest_first, uint64_t first,
                   uint64_t past, uint64_t step)
{
    size_t count = 0;

    for (uint64_t i = first; i < past; i += step)
        count++;
    ck_assert_uint_eq(listed->count, count);
    for (size_t i = 0; i < count; i++) {
        size_t place = oldest_first ? i : count - 1 - i;

        ck_assert_uint_eq(listed->numbers[place], first + i * step);
    }
}

static struct listed listed;

START_TEST(search__pages_through_all_from_both_ends)
{
    static const uint64_t limits[] = {1, 7, 100, 1000, 5000};

    make_log(_i ? 128 * 1024 : 64 * 1024 * 1024);
    for (int order = 0; order < 2; order++)
        for (size_t i = _i == 0; i < sizeof limits / sizeof *limits; i++) {
            struct cdn_log_query query = any();

            query.limit = limits[i];
            query.oldest_first = order;
            listed.count = 0;
            walk(&listed, query);
            expect(&listed, order, 0, RECORDS, 1);
        }
}
END_TEST

START_TEST(search__narrows)
{
    make_log(256 * 1024);
    for (int order = 0; order < 2; order++) {
        struct cdn_log_query query = any();

        query.oldest_first = order;
        query.rule = "b";
        listed.count = 0;
        walk(&listed, query);
        expect(&listed, order, 1, RECORDS, 3);
        query = any();
        query.oldest_first = order;
        query.decision = "";
        listed.count = 0;
        walk(&listed, query);
        expect(&listed, order, 0, RECORDS, 5);
        query = any();
        query.oldest_first = order;
        query.since_ms = BASE_MS + 300 * 10000;
        query.until_ms = BASE_MS + 699 * 10000;
        listed.count = 0;
        walk(&listed, query);
        expect(&listed, order, 300, 700, 1);
        query = any();
        query.oldest_first = order;
        query.label = "Account";
        query.key = "18";
        listed.count = 0;
        ck_assert_uint_eq(walk(&listed, query), 1);
        ck_assert_uint_eq(listed.count, 0);
        query.key = "17";
        query.outcome = "ok";
        query.principal = "analyst";
        query.limit = 5000;
        walk(&listed, query);
        expect(&listed, order, 0, RECORDS, 1);
    }
}
END_TEST

START_TEST(search__of_a_time_reads_little_else)
{
    struct cdn_log_query query = any();
    struct cdn_log_found found;

    make_log(128 * 1024);
    query.since_ms = BASE_MS + 700 * 10000;
    query.until_ms = BASE_MS + 709 * 10000;
    query.oldest_first = _i;
    query.limit = 5000;
    listed.count = 0;
    found = search(&listed, &query);
    expect(&listed, _i, 700, 710, 1);
    ck_assert(!found.more);
    ck_assert_uint_lt(found.bytes, 400 * 1024); /* of some million */
}
END_TEST

START_TEST(search__looks_at_no_more_than_it_may)
{
    struct cdn_log_query query = any();
    size_t pages;

    make_log(_i & 1 ? 128 * 1024 : 64 * 1024 * 1024);
    query.oldest_first = _i & 2;
    query.rule = "c";
    query.most_bytes = 50000;
    listed.count = 0;
    pages = walk(&listed, query);
    expect(&listed, _i & 2, 2, RECORDS, 3);
    ck_assert_uint_gt(pages, 4);
    for (int again = 0; again < 3; again++) { /* each page on its own is bounded */
        struct cdn_log_found found = search(&listed, &query);

        ck_assert(found.more);
        ck_assert_uint_lt(found.bytes, 50000 + 300 * 1024); /* a piece more */
        query.segment = found.segment;
        query.offset = found.offset;
        listed.count = 0;
    }
}
END_TEST

START_TEST(search__goes_on_while_the_log_grows)
{
    struct cdn_log_query query = any();
    struct cdn_log_found found;
    cordon_audit *audit;

    make_log(64 * 1024 * 1024);
    query.limit = 10;
    listed.count = 0;
    found = search(&listed, &query);
    ck_assert_uint_eq(listed.numbers[9], RECORDS - 10);
    audit = auditing_open(dir, NULL);
    for (uint64_t i = 0; i < 20; i++)
        ck_assert(auditing_offer(audit, RECORDS + i));
    ck_assert_int_eq(cordon_audit_drain(audit, &err), CORDON_OK);
    query.segment = found.segment;
    query.offset = found.offset;
    (void)search(&listed, &query);
    for (size_t i = 0; i < 20; i++)
        ck_assert_uint_eq(listed.numbers[i], RECORDS - 1 - i);
    query = any();
    query.limit = 20;
    listed.count = 0;
    (void)search(&listed, &query);
    for (size_t i = 0; i < 20; i++)
        ck_assert_uint_eq(listed.numbers[i], RECORDS + 19 - i);
    ck_assert_int_eq(cordon_audit_close(audit, &err), CORDON_OK);
}
END_TEST

START_TEST(search__passes_what_is_damaged_or_gone)
{
    struct cdn_log_query query = any();
    struct cdn_log_found found;
    unsigned char *bytes;
    char path[256];
    size_t size;

    make_log(128 * 1024);
    size = auditing_read(&bytes, dir, 5);
    bytes[size / 2] ^= 1;
    auditing_write(dir, 5, bytes, size);
    free(bytes);
    auditing_path(path, sizeof path, dir, 3);
    ck_assert_int_eq(unlink(path), 0);
    query.limit = 5000;
    for (int order = 0; order < 2; order++) {
        query.oldest_first = order;
        listed.count = 0;
        found = search(&listed, &query);
        ck_assert_uint_eq(found.damaged, 1);
        ck_assert_uint_gt(listed.count, RECORDS - 500);
        ck_assert_uint_lt(listed.count, RECORDS - 200);
        ck_assert_uint_eq(listed.numbers[order ? 0 : listed.count - 1], 0);
    }
    query.segment = 3; /* where a page ended before it went */
    query.offset = 136;
    listed.count = 0;
    query.oldest_first = false;
    (void)search(&listed, &query);
    ck_assert_uint_gt(listed.count, 200);
    ck_assert_uint_lt(listed.count, 500);
    query.segment = 2;
    query.offset = 137;
    query.oldest_first = true;
    ck_assert_int_eq(cdn_log_search(&found, marks, dir, &query, on_each, &listed, &err),
                     CORDON_E_INVALID);
}
END_TEST

static bool end_at_ten(void *ud, const cordon_audit_entry *entry)
{
    on_each(ud, entry);
    return ((struct listed *)ud)->count % 10;
}

START_TEST(search__ends_a_page_where_it_is_told_to)
{
    make_log(128 * 1024);
    for (int order = 0; order < 2; order++) {
        struct cdn_log_query query = any();
        struct cdn_log_found found = {.more = true};

        query.oldest_first = order;
        query.limit = 5000;
        listed.count = 0;
        for (size_t page = 1; found.more; page++) {
            ck_assert(
                !cdn_log_search(&found, marks, dir, &query, end_at_ten, &listed, &err));
            ck_assert(!found.more || listed.count == page * 10);
            query.segment = found.segment;
            query.offset = found.offset;
        }
        expect(&listed, order, 0, RECORDS, 1);
    }
}
END_TEST

START_TEST(search__keeps_marks_of_the_last_segments_alone)
{
    make_log(12 * 1024); /* more than sixty-four segments */
    for (int again = 0; again < 2; again++) {
        struct cdn_log_query query = any();

        listed.count = 0;
        walk(&listed, query);
        expect(&listed, false, 0, RECORDS, 1);
    }
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(search__survives_every_allocation_failure)
{
    make_log(256 * 1024);
    for (int order = 0; order < 2; order++)
        CDN_UNIT_FAILALLOC(nth)
        {
            struct cdn_log_query query = any();
            struct cdn_log_found found;
            cordon_status status;

            query.oldest_first = order;
            query.limit = 500;
            listed.count = 0;
            status = cdn_log_search(&found, marks, dir, &query, on_each, &listed, &err);
            ck_assert_int_eq(status,
                             cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("log_search");
    TCase *c = tcase_create("log_search");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_loop_test(c, search__pages_through_all_from_both_ends, 0, 2);
    tcase_add_test(c, search__narrows);
    tcase_add_loop_test(c, search__of_a_time_reads_little_else, 0, 2);
    tcase_add_loop_test(c, search__looks_at_no_more_than_it_may, 0, 4);
    tcase_add_test(c, search__goes_on_while_the_log_grows);
    tcase_add_test(c, search__passes_what_is_damaged_or_gone);
    tcase_add_test(c, search__ends_a_page_where_it_is_told_to);
    tcase_add_test(c, search__keeps_marks_of_the_last_segments_alone);
#ifdef CORDON_FAILALLOC
    tcase_add_test(c, search__survives_every_allocation_failure);
#endif
    suite_add_tcase(s, c);
    return s;
}

CDN_UNIT_MAIN(suite)
