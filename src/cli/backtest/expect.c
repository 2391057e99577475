/* What a backtest was expected to give, and JUnit's XML of it.
 *
 *     {
 *       "precision": {"at_least": 0.9},
 *       "alert_rate": {"at_most": 0.02},
 *       "decisions.deny": {"at_least": 50, "at_most": 100},
 *       "outcomes.error": {"exactly": 0}
 *     }
 *
 * Names are those of figures.c; shares are of 1.  A decision but the least severe, or an
 * outcome but ok, that occurred and that nothing names is unexpected. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/suggest.h"
#include "cli/backtest/figures.h"
#include "cli/backtest/html.h"
#include "codec/json_read.h"

#define MAX_FILE_BYTES ((size_t)1 << 20)

struct judging {
    struct cdn_backtest *test;
    struct cdn_backtest_figures figures;
    const char *file;
    size_t capacity;
    cordon_error *err;
};

static struct cdn_expected *add(struct judging *judging, const char *name)
{
    struct cdn_backtest *test = judging->test;
    struct cdn_expected *grown;

    if (test->expected_count == judging->capacity) {
        size_t more = judging->capacity ? judging->capacity * 2 : 16;

        grown = cdn_realloc_array(test->expected, more, sizeof(*grown));
        if (!grown)
            return NULL;
        test->expected = grown;
        judging->capacity = more;
    }
    grown = &test->expected[test->expected_count++];
    *grown = (struct cdn_expected){0};
    snprintf(grown->name, sizeof(grown->name), "%s", name);
    return grown;
}

/* ---- one expectation ---- */

static bool meets(const char *how, double got, double wanted)
{
    if (isnan(got))
        return false;
    if (!strcmp(how, "at_least"))
        return got >= wanted;
    if (!strcmp(how, "at_most"))
        return got <= wanted;
    return fabs(got - wanted) <= 1e-9 * fmax(1, fabs(wanted));
}

static cordon_status unknown_name(struct judging *judging, const char *name)
{
    struct cdn_suggest suggest;
    char shown[120], hint[200];

    cdn_suggest_init(&suggest, name);
    for (size_t i = 0; i < judging->figures.count; i++)
        cdn_suggest_offer(&suggest, judging->figures.items[i].name);
    cdn_suggest_text(&suggest, hint, sizeof(hint));
    return cdn_error_set(judging->err, CORDON_E_DATA, "%s: there is no figure '%s'%s",
                         judging->file,
                         cdn_escape(shown, sizeof(shown), name, strlen(name)),
                         hint[0] ? hint
                                 : "; there are precision, recall, f1, alert_rate, "
                                   "decisions.WORD, outcomes.error, cost.edges.p99 and "
                                   "all others of the report");
}

static cordon_status judge_one(struct judging *judging,
                               const struct cdn_backtest_figure *figure,
                               const cordon_value *key, const cordon_value *value)
{
    static const char *const words[] = {"at_least", "at_most", "exactly"};
    struct cdn_expected *expected;
    const char *how = NULL;
    char shown[100];
    double wanted;

    for (size_t i = 0; i < CDN_COUNT(words); i++) {
        if (key->type == CORDON_STRING && key->length == strlen(words[i]) &&
            !memcmp(key->as.string, words[i], key->length))
            how = words[i];
    }
    if (!how)
        return cdn_error_set(
            judging->err, CORDON_E_DATA,
            "%s: %s: '%s' is no way to expect something; write "
            "at_least, at_most or exactly",
            judging->file, figure->name,
            key->type == CORDON_STRING
                ? cdn_escape(shown, sizeof(shown), key->as.string, key->length)
                : "");
    if (value->type != CORDON_INTEGER && value->type != CORDON_NUMBER)
        return cdn_error_set(judging->err, CORDON_E_DATA,
                             "%s: %s.%s must be a number (a share is of 1: 0.9)",
                             judging->file, figure->name, how);
    wanted =
        value->type == CORDON_INTEGER ? (double)value->as.integer : value->as.number;
    expected = add(judging, figure->name);
    if (!expected)
        return cdn_error_nomem(judging->err);
    snprintf(expected->wanted, sizeof(expected->wanted), "%s %.10g",
             !strcmp(how, "at_least")  ? "at least"
             : !strcmp(how, "at_most") ? "at most"
                                       : "exactly",
             wanted);
    if (isnan(figure->value))
        snprintf(expected->got, sizeof(expected->got), "none");
    else
        snprintf(expected->got, sizeof(expected->got), "%.10g", figure->value);
    expected->met = meets(how, figure->value, wanted);
    judging->test->missed += !expected->met;
    return CORDON_OK;
}

static cordon_status judge_figure(struct judging *judging, const cordon_value *key,
                                  const cordon_value *value)
{
    const struct cdn_backtest_figure *figure = NULL;
    cordon_value_iter iter;
    cordon_value how, wanted;
    cordon_status status = CORDON_OK;
    char name[96] = "";

    if (key->type == CORDON_STRING && key->length < sizeof(name)) {
        memcpy(name, key->as.string, key->length);
        name[key->length] = '\0';
        figure = strlen(name) == key->length
                     ? cdn_backtest_figures_find(&judging->figures, name)
                     : NULL;
    }
    if (!figure)
        return unknown_name(judging, name);
    if (value->type != CORDON_MAP || !value->length)
        return cdn_error_set(judging->err, CORDON_E_DATA,
                             "%s: %s needs an object such as {\"at_least\": 0.9}",
                             judging->file, name);
    cordon_value_iter_init(&iter, value);
    while (!status && cordon_value_next(&iter, &how, &wanted))
        status = judge_one(judging, figure, &how, &wanted);
    return status;
}

/* ---- what nothing was expected of ---- */

static bool is_named(const struct cdn_backtest *test, const char *name)
{
    for (size_t i = 0; i < test->expected_count; i++) {
        if (!strcmp(test->expected[i].name, name))
            return true;
    }
    return false;
}

static cordon_status find_unexpected(struct judging *judging,
                                     enum cdn_unexpected unexpected)
{
    struct cdn_backtest *test = judging->test;
    const struct cdn_rule *rule = test->sides[0].rule;
    char least[96] = "";

    if (rule->decision_count)
        snprintf(least, sizeof(least), "decisions.%s", rule->decisions[0]);
    for (size_t i = 0; i < judging->figures.count; i++) {
        const struct cdn_backtest_figure *figure = &judging->figures.items[i];
        struct cdn_expected *expected;
        bool decision = !strncmp(figure->name, "decisions.", 10);
        bool outcome = !strncmp(figure->name, "outcomes.", 9);

        if (!(decision || outcome) || !(figure->value > 0) ||
            !strcmp(figure->name, least) || !strcmp(figure->name, "outcomes.ok") ||
            is_named(test, figure->name))
            continue;
        expected = add(judging, figure->name);
        if (!expected)
            return cdn_error_nomem(judging->err);
        expected->unexpected = true;
        expected->met = unexpected != CDN_UNEXPECTED_FAIL;
        snprintf(expected->wanted, sizeof(expected->wanted), "nothing said");
        snprintf(expected->got, sizeof(expected->got), "%.10g", figure->value);
        test->missed += !expected->met;
        if (unexpected == CDN_UNEXPECTED_WARN)
            cdn_cli_warn(test->cli, "unexpected: %s is %s, and no expectation names it",
                         figure->name, expected->got);
    }
    return CORDON_OK;
}

cordon_status cdn_backtest_expect_text(struct cdn_backtest *test, const char *text,
                                       size_t bytes, const char *file,
                                       enum cdn_unexpected unexpected,
                                       cordon_error *err)
{
    struct judging judging = {.test = test, .file = file, .err = err};
    struct cdn_buf pack = {0};
    cordon_value_iter iter;
    cordon_value map, key, value;
    cordon_status status = cdn_backtest_figures_fill(&judging.figures, test, err);

    if (!status) {
        status = cdn_json_to_pack(&pack, text, bytes, err);
        if (!status)
            status = cordon_value_parse(&map, pack.data, pack.length, err);
        if (status == CORDON_E_DATA)
            cdn_error_prefix(err, "%s", file);
    }
    if (!status && map.type != CORDON_MAP)
        status = cdn_error_set(err, CORDON_E_DATA,
                               "%s: an object is needed, such as {\"precision\": "
                               "{\"at_least\": 0.9}}",
                               file);
    if (!status) {
        test->has_expectations = true;
        cordon_value_iter_init(&iter, &map);
        while (!status && cordon_value_next(&iter, &key, &value))
            status = judge_figure(&judging, &key, &value);
    }
    if (!status && unexpected != CDN_UNEXPECTED_IGNORE)
        status = find_unexpected(&judging, unexpected);
    cdn_buf_deinit(&pack);
    cdn_backtest_figures_deinit(&judging.figures);
    return status;
}

cordon_status cdn_backtest_expect(struct cdn_backtest *test, const char *file,
                                  enum cdn_unexpected unexpected, cordon_error *err)
{
    struct cdn_buf text = {0};
    cordon_status status = cdn_file_read(&text, file, MAX_FILE_BYTES, err);

    if (!status)
        status = cdn_backtest_expect_text(test, (const char *)text.data, text.length,
                                          file, unexpected, err);
    cdn_buf_deinit(&text);
    return status;
}

/* ---- JUnit ---- */

void cdn_backtest_junit(struct cdn_buf *out, const struct cdn_backtest *test)
{
    const char *title = test->sides[0].title;

    cdn_buf_printf(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                        "<testsuite name=\"cordon backtest ");
    cdn_html_text(out, title);
    cdn_buf_printf(out,
                   "\" tests=\"%zu\" failures=\"%" PRIu64 "\" errors=\"0\" "
                   "skipped=\"0\">\n",
                   test->expected_count, test->missed);
    for (size_t i = 0; i < test->expected_count; i++) {
        const struct cdn_expected *expected = &test->expected[i];

        cdn_buf_text(out, "  <testcase classname=\"");
        cdn_html_text(out, title);
        cdn_buf_text(out, "\" name=\"");
        cdn_html_text(out, expected->name);
        cdn_buf_text(out, " ");
        cdn_html_text(out, expected->wanted);
        cdn_buf_text(out, "\">");
        if (!expected->met) {
            cdn_buf_text(out, "\n    <failure message=\"");
            cdn_html_text(out, expected->name);
            cdn_buf_text(out, " is ");
            cdn_html_text(out, expected->got);
            cdn_buf_text(out, ", wanted: ");
            cdn_html_text(out, expected->wanted);
            cdn_buf_text(out, "\"/>\n  ");
        }
        cdn_buf_text(out, "</testcase>\n");
    }
    cdn_buf_text(out, "</testsuite>\n");
}
