#include "support/fixture.h"
#include "support/unit.h"

#include "cli/repl/repl.h"

static struct cdn_repl repl;
static char offered[65536];

static void open_repl(void)
{
    static const char set[] = "x = graph:node('Account', '100') sent = "
                              "x:outgoing('transfer') word = 'w'";
    const struct cdn_budget budget = {
        1000000, 1 << 20, 1000, 1 << 16, UINT64_C(60000000000), 1000, 10};
    const cordon_request request = CORDON_REQUEST_INIT;

    memset(&repl, 0, sizeof repl);
    repl.session.snapshot = cdn_fixture_bank_open();
    ck_assert_int_eq(cdn_console_new(&repl.console, repl.session.snapshot, NULL, NULL),
                     CORDON_OK);
    ck_assert_int_eq(cordon_outcome_new(&repl.outcome, NULL), CORDON_OK);
    ck_assert_int_eq(cdn_console_run(repl.outcome, repl.console, set, sizeof set - 1,
                                     false, &budget, &request, NULL),
                     CORDON_OK);
}

static void close_repl(void)
{
    cordon_outcome_free(repl.outcome);
    cdn_console_free(repl.console);
    cordon_snapshot_release(repl.session.snapshot);
}

static void gather(void *ud, const char *word)
{
    size_t length = strlen(offered);

    (void)ud;
    ck_assert_uint_lt(length + strlen(word) + 2, sizeof offered);
    snprintf(offered + length, sizeof offered - length, "%s ", word);
}

/* Every word, with a blank before and after each. */
static size_t complete(const char *text)
{
    snprintf(offered, sizeof offered, " ");
    return cdn_repl_complete(&repl, text, strlen(text), gather, NULL);
}

START_TEST(complete__offers_what_may_stand_there)
{
    static const struct {
        const char *text, *offers, *not_offers;
        size_t start;
    } cases[] = {
        {"gra", " graph ", " request ", 0},
        {"", " sent ", "outgoing", 0},
        {"print(se", " sent ", " graph ", 6},
        {"x:out", " outgoing ", " incoming ", 2},
        {"x:", " both ", " count ", 2},
        {"sent:", " since ", " both ", 5},
        {"nobody:", " outgoing ", " floor ", 7}, /* of every object */
        {"word:", " upper ", " outgoing ", 5},
        {"graph:", " ego ", " outgoing ", 6},
        {"request.", " params ", " key ", 8},
        {"x.", " balance ", " amount ", 2},
        {"sent:first().", " amount ", " balance ", 13},
        {"math.fl", " floor ", " rep ", 5},
        {"request.node:outgoing('transfer'):", " sum ", " ego ", 34},
        {"request.node:outgoing('transfer'):nodes():", " intersect ", " sum_of ", 42},
        {"graph:ego(x):pagerank():", " top ", " cycles ", 24},
        {"x:outgoing('", " transfer ", " Account ", 12},
        {"x:outgoing(\"tr", " transfer ", " own ", 12},
        {"graph:node('", " Account ", " transfer ", 12},
        {"sent:sum('am", " amount ", " balance ", 10},
        {"sent:where('", " amount ", " Account ", 12},
        {"graph:ego(x, { edges = '", " transfer ", " Account ", 24},
        {":", " schema ", " graph ", 1},
        {":sch", " schema ", " sample ", 1},
        {":node Acc", " Account ", " Person ", 6},
        {":schema tr", " transfer ", " Account ", 8},
        {":limits ", " online ", " Account ", 8},
        {":help pager", " pagerank ", " sum ", 6},
    };

    open_repl();
    for (int i = 0; i < CDN_UNIT_COUNT(cases); i++) {
        ck_assert_uint_eq(complete(cases[i].text), cases[i].start);
        if (!strstr(offered, cases[i].offers))
            ck_abort_msg("'%s' does not offer '%s' but%s", cases[i].text,
                         cases[i].offers, offered);
        if (strstr(offered, cases[i].not_offers))
            ck_abort_msg("'%s' offers '%s'", cases[i].text, cases[i].not_offers);
    }
    close_repl();
}
END_TEST

START_TEST(complete__offers_nothing_of_what_has_no_methods)
{
    open_repl();
    complete("word.");
    ck_assert_str_eq(strstr(offered, "balance") ? "some" : "none", "none");
    complete("nothing of the kind zzz");
    ck_assert_str_eq(offered, " ");
    close_repl();
}
END_TEST

/* Every beginning of odd texts, in a block of that size. */
START_TEST(complete__reads_nothing_beyond_the_text)
{
    static const char *const texts[] = {
        "x:outgoing('transfer'):sum('a\\",
        ")))):::...",
        "((((",
        "'\"'\"",
        ":node Account:1",
        "graph:ego(x, { edges = {'",
        ": x",
        "a.b.c:d(e(f(",
        "\\'\\\"",
        ":\t:",
    };

    open_repl();
    for (int i = 0; i < CDN_UNIT_COUNT(texts); i++) {
        for (size_t bytes = 0; bytes <= strlen(texts[i]); bytes++) {
            char *exact = cdn_unit_exact(texts[i], bytes);

            offered[0] = '\0';
            ck_assert_uint_le(cdn_repl_complete(&repl, exact, bytes, gather, NULL),
                              bytes);
            free(exact);
        }
    }
    close_repl();
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("complete");

    CDN_UNIT_CASE(s, complete__offers_what_may_stand_there);
    CDN_UNIT_CASE(s, complete__offers_nothing_of_what_has_no_methods);
    CDN_UNIT_CASE(s, complete__reads_nothing_beyond_the_text);
    return s;
}

CDN_UNIT_MAIN(suite)
