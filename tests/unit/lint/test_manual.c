/* The manual's rows: well formed, and every example is a rule that the check finds nothing
 * wrong with.  That they are what is registered is integration.lint.manual's to show. */
#include "graph/manual.h"

#include "lint_fixture.h"

START_TEST(rows__are_unique_and_sentences)
{
    for (size_t i = 0; i < cdn_manual_count; i++) {
        const struct cdn_manual *row = &cdn_manual[i];

        ck_assert_ptr_eq(cdn_manual_find(row->receiver, row->name), row);
        ck_assert_msg(row->text[0] && strchr(".?", row->text[strlen(row->text) - 1]),
                      "%s", row->name);
        ck_assert(cdn_manual_has(row->receiver));
    }
    ck_assert_ptr_null(cdn_manual_find("edges", "cuont"));
    ck_assert(!cdn_manual_has("edgse"));
}
END_TEST

/* "name?: type, ...": names, then words of the manual. */
static void check_types(const char *list, bool named)
{
    static const char words[] =
        " boolean integer number string list map function any graph "
        "request node edge edges nodes view scores groups params ";

    while (*list) {
        char word[40];
        size_t bytes = strcspn(list, ",");
        const char *type = named ? strchr(list, ':') : list;
        size_t length;

        ck_assert_msg(type && type < list + bytes, "%s", list);
        type += named ? 2 : 0;
        length = (size_t)(list + bytes - type);
        length -= type[length - 1] == '?';
        for (const char *end = type + length; type < end; type++) {
            size_t one = strcspn(type, named ? "|,?" : ",?");

            snprintf(word, sizeof word, " %.*s ", (int)one, type);
            ck_assert_msg(strstr(words, word) != NULL, "no type '%s'", word);
            type += one;
        }
        list += bytes;
        list += strspn(list, ", ");
    }
}

START_TEST(rows__have_known_types)
{
    for (size_t i = 0; i < cdn_manual_count; i++) {
        const struct cdn_manual *row = &cdn_manual[i];

        if (row->arguments)
            check_types(row->arguments, true);
        check_types(row->result + (strncmp(row->result, "for ", 4) ? 0 : 4), false);
    }
}
END_TEST

START_TEST(examples__are_good_rules)
{
    int examples = 0;

    for (size_t i = 0; i < cdn_manual_count; i++) {
        char source[1500], found[400];
        struct cdn_rule *rule;

        if (!cdn_manual[i].example[0])
            continue;
        snprintf(
            source, sizeof source, "-- cordon: disable-file=CRD203 an example\n%s%s%s",
            "return { name = 'x', fallback = 'none', params = { window = { type = "
            "'duration', default = '1h' } },\nreads = { Account = {}, transfer = { "
            "'amount' } },\nevaluate = function(graph, request)\nlocal _ = { graph, "
            "request.params.window, 'amount', 'transfer' }\n",
            cdn_manual[i].example, "\nend }\n");
        rule = lint_load(source);
        ck_assert_msg(rule != NULL, "%s does not load", cdn_manual[i].example);
        cdn_rule_free(rule);
        lint_findings(found, sizeof found, source, NULL, 0);
        ck_assert_msg(!found[0] || !strcmp(found, "CRD902@1:1"), "%s: %s",
                      cdn_manual[i].example, found);
        examples++;
    }
    ck_assert_int_gt(examples, 20);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("manual");

    CDN_UNIT_CASE(s, rows__are_unique_and_sentences);
    CDN_UNIT_CASE(s, rows__have_known_types);
    CDN_UNIT_CASE(s, examples__are_good_rules);
    return s;
}

CDN_UNIT_MAIN(suite)
