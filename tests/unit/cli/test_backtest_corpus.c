/* Events from CSV and JSON: what is taken, what is refused and where, and labels that are
 * joined as they were known at the time. */
#include "support/unit.h"

#include <math.h>

#include "base/alloc.h"
#include "cli/backtest/corpus.h"

static cordon_error err;

static cordon_status reads(struct cdn_corpus *corpus, const char *text, bool csv,
                           const struct cdn_corpus_form *form)
{
    static const struct cdn_corpus_form usual = {0};
    char *exact = cdn_unit_exact(text, strlen(text));
    cordon_status status;

    *corpus = (struct cdn_corpus){0};
    cdn_error_clear(&err);
    status = cdn_corpus_read_memory(corpus, exact, strlen(text), csv, "events",
                                    form ? form : &usual, &err);
    free(exact);
    return status;
}

static void refuses(const char *text, bool csv, const struct cdn_corpus_form *form,
                    uint32_t line, const char *words)
{
    struct cdn_corpus corpus;

    ck_assert_int_ne(reads(&corpus, text, csv, form), CORDON_OK);
    ck_assert_msg(strstr(err.message, words) != NULL, "'%s' is not in '%s'", words,
                  err.message);
    ck_assert_uint_eq(err.line, line);
    cdn_corpus_deinit(&corpus);
}

static void check_event(const struct cdn_corpus *corpus, size_t i, const char *label,
                        const char *key, int64_t at_ms, uint8_t truth, double amount)
{
    const struct cdn_event *event = &corpus->events[i];

    ck_assert_uint_lt(i, corpus->count);
    ck_assert_str_eq(cdn_event_label(corpus, event), label);
    ck_assert_str_eq(cdn_event_key(corpus, event), key);
    ck_assert_uint_eq(event->key_bytes, strlen(key));
    ck_assert_int_eq(event->at_ms, at_ms);
    ck_assert_uint_eq(event->truth, truth);
    ck_assert_int_eq(event->has_amount, !isnan(amount));
    if (!isnan(amount))
        ck_assert_double_eq(event->amount, amount);
}

START_TEST(read__takes_csv)
{
    struct cdn_corpus corpus;

    ck_assert_int_eq(reads(&corpus,
                           "id,amount,node,time,label\n"
                           "1,950.5,Account:17,1970-01-01T00:00:01Z,1\n"
                           "2,,\"User:a,b:c\",-5,\n"
                           "3,0,Account:18,,none\n",
                           true, NULL),
                     CORDON_OK);
    ck_assert_uint_eq(corpus.count, 3);
    check_event(&corpus, 0, "Account", "17", 1000, CDN_TRUTH_FRAUD, 950.5);
    check_event(&corpus, 1, "User", "a,b:c", -5, CDN_TRUTH_UNKNOWN, NAN);
    check_event(&corpus, 2, "Account", "18", CORDON_NO_TIME, CDN_TRUTH_GOOD, 0);
    ck_assert_uint_eq(corpus.events[2].line, 4);
    cdn_corpus_deinit(&corpus);
}
END_TEST

START_TEST(read__takes_json_lines_and_requests)
{
    struct cdn_corpus corpus;

    ck_assert_int_eq(
        reads(&corpus,
              "{\"node\": \"Account:17\", \"now\": \"1970-01-01T00:00:01Z\"}\n"
              "\n"
              "{\"time\": 7, \"label\": true, \"amount\": 12.5, \"node\": \"A:b\"}\n"
              "{\"node\": \"A:c\", \"label\": null, \"amount\": \"3\", \"note\": [1]}\n"
              "{\"node\": \"A:d\", \"label\": 0}",
              false, NULL),
        CORDON_OK);
    ck_assert_uint_eq(corpus.count, 4);
    check_event(&corpus, 0, "Account", "17", 1000, CDN_TRUTH_UNKNOWN, NAN);
    check_event(&corpus, 1, "A", "b", 7, CDN_TRUTH_FRAUD, 12.5);
    check_event(&corpus, 2, "A", "c", CORDON_NO_TIME, CDN_TRUTH_UNKNOWN, 3);
    check_event(&corpus, 3, "A", "d", CORDON_NO_TIME, CDN_TRUTH_GOOD, NAN);
    ck_assert_uint_eq(corpus.events[3].line, 5);
    cdn_corpus_deinit(&corpus);
}
END_TEST

START_TEST(read__follows_the_form)
{
    const struct cdn_corpus_form form = {.columns =
                                             "node=nodeid,label=kind,time=at time",
                                         .node_label = "Account",
                                         .fraud = "fan_in,-1"};
    struct cdn_corpus corpus;

    ck_assert_int_eq(reads(&corpus,
                           "nodeid,kind,at time,amount,label\n"
                           "17,fan_in,5,1,x\n"
                           "18,-1,6,1,x\n"
                           "19,fan,7,1,x\n"
                           "a:b,,8,1,x\n"
                           "Account:20,,9,1,x\n",
                           true, &form),
                     CORDON_OK);
    check_event(&corpus, 0, "Account", "17", 5, CDN_TRUTH_FRAUD, 1);
    check_event(&corpus, 1, "Account", "18", 6, CDN_TRUTH_FRAUD, 1);
    check_event(&corpus, 2, "Account", "19", 7, CDN_TRUTH_GOOD, 1);
    check_event(&corpus, 3, "Account", "a:b", 8, CDN_TRUTH_UNKNOWN, 1);
    check_event(&corpus, 4, "Account", "20", 9, CDN_TRUTH_UNKNOWN, 1);
    cdn_corpus_deinit(&corpus);
    ck_assert_int_eq(reads(&corpus, "{\"nodeid\": 17, \"kind\": -1}", false, &form),
                     CORDON_OK);
    check_event(&corpus, 0, "Account", "17", CORDON_NO_TIME, CDN_TRUTH_FRAUD, NAN);
    cdn_corpus_deinit(&corpus);
}
END_TEST

START_TEST(read__says_what_is_wrong_and_where)
{
    const struct cdn_corpus_form bad = {.columns = "nod=x"};
    const struct cdn_corpus_form missing = {.columns = "label=truth"};

    refuses("node,time\nAccount:1,yesterday\n", true, NULL, 2,
            "'yesterday' is no time");
    refuses("node,amount\nA:1,1\nA:1,-2\n", true, NULL, 3, "a number from 0");
    refuses("node,amount\nA:1,12x\n", true, NULL, 2, "the amount '12x'");
    refuses("node,amount\nA:1,nan\n", true, NULL, 2, "amount");
    refuses("node,label\nA:1,fan_in\n", true, NULL, 2, "--fraud=fan_in");
    refuses("node,label\n17,1\n", true, NULL, 2, "--node-label");
    refuses("node\n:17\n", true, NULL, 2, "names no node");
    refuses("node\nA:\n", true, NULL, 2, "names no node");
    refuses("node\nA:\xff\n", true, NULL, 2, "not UTF-8");
    refuses("account,time\nA:1,1\n", true, NULL, 1, "--columns node=COLUMN");
    refuses("node,lable\nA:1,1\n", true, NULL, 1, "did you mean 'label'");
    refuses("node,time,now\nA:1,1,2\n", true, NULL, 1, "two columns");
    refuses("node,time\nA:1\n", true, NULL, 2, "the row has 1 fields, the header 2");
    refuses("node\nA:1\n", true, &bad, 0, "'nod=x' names no column");
    refuses("node\nA:1\n", true, &missing, 1, "no column 'truth'");
    refuses("[1]\n", false, NULL, 1, "a JSON object");
    refuses("{\"node\": \"A:1\"\n", false, NULL, 1, "");
    refuses("{\"time\": 1}", false, NULL, 1, "it has no node");
    refuses("{\"node\": \"A:1\", \"time\": 1.5}", false, NULL, 1, "the time must be");
    refuses("{\"node\": \"A:1\", \"time\": 1, \"now\": 1}", false, NULL, 1,
            "two fields");
    refuses("{\"node\": \"A:1\", \"amuont\": 1}", false, NULL, 1, "'amount'");
    refuses("{\"node\": \"A:1\", \"label\": 0.5}", false, NULL, 1, "the label must be");
    refuses("{\"node\": \"A:1\", \"amount\": []}", false, NULL, 1,
            "the amount must be");
    refuses("{\"node\": {}}", false, NULL, 1, "must be text");
}
END_TEST

START_TEST(read__tells_the_first_bad_row_and_how_many)
{
    refuses(
        "node,time\nA:1,1\nA:2,x\nA:3,y\nA:4,z\nA:5,2\n", true, NULL, 3,
        "'x' is no time; write 2026-11-24T02:29:00Z or a number of milliseconds since "
        "1970 (2 more rows cannot be used)");
}
END_TEST

START_TEST(read__refuses_or_takes_every_truncation)
{
    static const char csv[] =
        "node,time,label,amount\n\"A:\"\"x\",1,1,2.5\nB:2,3,no,\n";
    static const char json[] = "{\"node\": \"A:x\", \"time\": 1, \"label\": true}\n"
                               "{\"node\": \"B:2\", \"amount\": 2.5}\n";

    for (size_t bytes = 0; bytes <= strlen(csv); bytes++) {
        struct cdn_corpus_form form = {0};
        struct cdn_corpus corpus = {0};
        char *exact = cdn_unit_exact(csv, bytes);

        if (cdn_corpus_read_memory(&corpus, exact, bytes, true, "csv", &form, &err))
            ck_assert(err.message[0]);
        cdn_corpus_deinit(&corpus);
        free(exact);
    }
    for (size_t bytes = 0; bytes <= strlen(json); bytes++) {
        struct cdn_corpus_form form = {0};
        struct cdn_corpus corpus = {0};
        char *exact = cdn_unit_exact(json, bytes);

        if (cdn_corpus_read_memory(&corpus, exact, bytes, false, "json", &form, &err))
            ck_assert(err.message[0]);
        cdn_corpus_deinit(&corpus);
        free(exact);
    }
}
END_TEST

/* A label holds from its own time on, the latest before an event stands, and none from after
 * it: that would be the future. */
START_TEST(join__knows_only_what_was_known_then)
{
    struct cdn_corpus corpus, labels;
    uint64_t used;

    ck_assert_int_eq(reads(&corpus,
                           "node,time,amount,label\n"
                           "A:1,5,,\nA:1,10,,\nA:1,15,7,\nA:1,25,,\nA:2,1,,\nA:3,1,,\n"
                           "A:1,,,\nA:12,9,,\nA:1,26,,1\n",
                           true, NULL),
                     CORDON_OK);
    ck_assert_int_eq(reads(&labels,
                           "node,time,label,amount\n"
                           "A:1,20,0,100\nA:1,10,1,50\nA:2,,1,\nA:9,1,1,\nA:1,11,,\n",
                           true, NULL),
                     CORDON_OK);
    ck_assert_int_eq(cdn_corpus_join(&corpus, &labels, &used, &err), CORDON_OK);
    check_event(&corpus, 0, "A", "1", 5, CDN_TRUTH_UNKNOWN, NAN);
    check_event(&corpus, 1, "A", "1", 10, CDN_TRUTH_FRAUD, 50);
    check_event(&corpus, 2, "A", "1", 15, CDN_TRUTH_FRAUD, 7); /* its own amount */
    check_event(&corpus, 3, "A", "1", 25, CDN_TRUTH_GOOD, 100);
    check_event(&corpus, 4, "A", "2", 1, CDN_TRUTH_FRAUD, NAN);
    check_event(&corpus, 5, "A", "3", 1, CDN_TRUTH_UNKNOWN, NAN);
    check_event(&corpus, 6, "A", "1", CORDON_NO_TIME, CDN_TRUTH_GOOD, 100);
    check_event(&corpus, 7, "A", "12", 9, CDN_TRUTH_UNKNOWN, NAN);
    check_event(&corpus, 8, "A", "1", 26, CDN_TRUTH_FRAUD, NAN); /* its own label */
    ck_assert_uint_eq(used, 5);
    cdn_corpus_assume_good(&corpus);
    ck_assert_uint_eq(corpus.events[5].truth, CDN_TRUTH_GOOD);
    ck_assert_uint_eq(corpus.events[1].truth, CDN_TRUTH_FRAUD);
    cdn_corpus_deinit(&corpus);
    cdn_corpus_deinit(&labels);
}
END_TEST

START_TEST(join__takes_fraud_of_two_labels_at_once)
{
    struct cdn_corpus corpus, labels;
    uint64_t used;

    ck_assert_int_eq(reads(&corpus, "node,time\nA:1,5\n", true, NULL), CORDON_OK);
    ck_assert_int_eq(
        reads(&labels, "node,time,label\nA:1,5,0\nA:1,5,1\nA:1,5,0\n", true, NULL),
        CORDON_OK);
    ck_assert_int_eq(cdn_corpus_join(&corpus, &labels, &used, &err), CORDON_OK);
    ck_assert_uint_eq(corpus.events[0].truth, CDN_TRUTH_FRAUD);
    cdn_corpus_deinit(&corpus);
    cdn_corpus_deinit(&labels);
}
END_TEST

/* The same of random lists, by looking through all labels for each event. */
START_TEST(join__agrees_with_looking_at_every_label)
{
    uint64_t seed = 1;

    for (int round = 0; round < 50; round++) {
        struct cdn_corpus sides[2] = {{0}, {0}};
        const struct cdn_corpus_form form = {0};
        uint64_t used;

        for (int s = 0; s < 2; s++) {
            for (int i = 0; i < 60; i++) {
                cordon_value fields[CDN_CORPUS_FIELDS] = {{.type = CORDON_NIL}};
                char name[8];

                seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
                snprintf(name, sizeof(name), "A:%d", (int)(seed >> 40) % 7);
                fields[CDN_CORPUS_NODE] = (cordon_value){
                    .type = CORDON_STRING, .length = 3, .as.string = name};
                if ((seed >> 33) % 5) {
                    fields[CDN_CORPUS_TIME].type = CORDON_INTEGER;
                    fields[CDN_CORPUS_TIME].as.integer = (int64_t)(seed >> 35) % 20;
                }
                if (s) {
                    fields[CDN_CORPUS_LABEL].type = CORDON_BOOLEAN;
                    fields[CDN_CORPUS_LABEL].as.boolean = (seed >> 50) & 1;
                }
                ck_assert_int_eq(
                    cdn_corpus_add(&sides[s], fields, (uint64_t)i, &form, &err),
                    CORDON_OK);
            }
        }
        ck_assert_int_eq(cdn_corpus_join(&sides[0], &sides[1], &used, &err), CORDON_OK);
        for (size_t i = 0; i < sides[0].count; i++) {
            const struct cdn_event *event = &sides[0].events[i];
            int64_t last = INT64_MIN;
            uint8_t truth = CDN_TRUTH_UNKNOWN;

            for (size_t k = 0; k < sides[1].count; k++) {
                const struct cdn_event *label = &sides[1].events[k];

                if (strcmp(cdn_event_key(&sides[1], label),
                           cdn_event_key(&sides[0], event)) != 0 ||
                    (event->at_ms != CORDON_NO_TIME && label->at_ms > event->at_ms))
                    continue;
                if (label->at_ms > last || truth == CDN_TRUTH_UNKNOWN ||
                    (label->at_ms == last && label->truth > truth)) {
                    last = label->at_ms;
                    truth = label->truth;
                }
            }
            ck_assert_uint_eq(event->truth, truth);
        }
        cdn_corpus_deinit(&sides[0]);
        cdn_corpus_deinit(&sides[1]);
    }
}
END_TEST

START_TEST(sort_cut_and_sample__keep_the_order)
{
    struct cdn_corpus corpus, small = {0};
    char text[4000] = "node,time\n";
    size_t used = strlen(text);

    for (int i = 0; i < 100; i++)
        used += (size_t)snprintf(text + used, sizeof(text) - used, "A:%d,%d\n", i,
                                 (i * 37) % 50);
    ck_assert_int_eq(reads(&corpus, text, true, NULL), CORDON_OK);
    cdn_corpus_sort(&corpus);
    for (size_t i = 1; i < corpus.count; i++) {
        const struct cdn_event *a = &corpus.events[i - 1], *b = &corpus.events[i];

        ck_assert(a->at_ms < b->at_ms || (a->at_ms == b->at_ms && a->line < b->line));
    }
    ck_assert_uint_eq(cdn_corpus_cut(&corpus, 39), 20);
    ck_assert_uint_eq(corpus.count, 80);
    ck_assert_int_eq(reads(&small, text, true, NULL), CORDON_OK);
    cdn_corpus_sort(&small);
    cdn_corpus_cut(&small, 39);
    ck_assert_int_eq(cdn_corpus_sample(&corpus, 30, 5, &err), CORDON_OK);
    ck_assert_int_eq(cdn_corpus_sample(&small, 10, 5, &err), CORDON_OK);
    ck_assert_uint_eq(corpus.count, 30);
    ck_assert_uint_eq(small.count, 10);
    for (size_t i = 0, k = 0; i < small.count; i++, k++) { /* within the larger one */
        while (k < corpus.count && corpus.events[k].line != small.events[i].line)
            k++;
        ck_assert_uint_lt(k, corpus.count);
    }
    ck_assert_int_eq(cdn_corpus_sample(&corpus, 99, 5, &err), CORDON_OK);
    ck_assert_uint_eq(corpus.count, 30);
    cdn_corpus_deinit(&corpus);
    cdn_corpus_deinit(&small);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(read__survives_every_allocation_failure)
{
    static const char json[] = "{\"node\": \"A:x\", \"time\": 1, \"label\": true}\n";
    /* without a quote: libcsv makes do with less memory */
    static const char csv[] = "node,time,label\nA:x,1,1\n";

    CDN_UNIT_FAILALLOC(nth)
    {
        const struct cdn_corpus_form form = {0};
        struct cdn_corpus corpus = {0}, labels = {0};
        uint64_t used;
        cordon_status status = cdn_corpus_read_memory(&corpus, json, strlen(json),
                                                      false, "events", &form, NULL);

        if (!status)
            status = cdn_corpus_read_memory(&labels, csv, strlen(csv), true, "labels",
                                            &form, NULL);
        if (!status)
            status = cdn_corpus_join(&corpus, &labels, &used, NULL);
        if (!status)
            status = cdn_corpus_sample(&corpus, 0, 1, NULL);
        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        cdn_corpus_deinit(&corpus);
        cdn_corpus_deinit(&labels);
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("backtest_corpus");

    CDN_UNIT_CASE(s, read__takes_csv);
    CDN_UNIT_CASE(s, read__takes_json_lines_and_requests);
    CDN_UNIT_CASE(s, read__follows_the_form);
    CDN_UNIT_CASE(s, read__says_what_is_wrong_and_where);
    CDN_UNIT_CASE(s, read__tells_the_first_bad_row_and_how_many);
    CDN_UNIT_CASE(s, read__refuses_or_takes_every_truncation);
    CDN_UNIT_CASE(s, join__knows_only_what_was_known_then);
    CDN_UNIT_CASE(s, join__takes_fraud_of_two_labels_at_once);
    CDN_UNIT_CASE(s, join__agrees_with_looking_at_every_label);
    CDN_UNIT_CASE(s, sort_cut_and_sample__keep_the_order);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, read__survives_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
