#include "support/unit.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "sandbox/config.h"

static cordon_error err;
static struct cdn_buf out;

static cordon_status evaluate(const char *source)
{
    memset(&err, 0, sizeof err);
    return cdn_config_evaluate(&out, source, strlen(source), "schema.lua", &err);
}

START_TEST(table__is_written_as_msgpack)
{
    ck_assert_int_eq(evaluate("local n = 2 return {name = 'x', list = {1, n}}"),
                     CORDON_OK);
    ck_assert_uint_eq(out.length, 16);
    ck_assert_mem_eq(out.data, "\x82\xa4list\x92\x01\x02\xa4name\xa1x", 15);
    cdn_buf_deinit(&out);
}
END_TEST

START_TEST(result__is_appended)
{
    cdn_buf_text(&out, "before");
    ck_assert_int_eq(evaluate("return {1}"), CORDON_OK);
    ck_assert_mem_eq(out.data, "before\x91\x01", 8);
    ck_assert_uint_eq(out.length, 8);
    /* A failure leaves what was there. */
    ck_assert_int_eq(evaluate("return {1, 2, 3, type}"), CORDON_E_RULE);
    ck_assert_uint_eq(out.length, 8);
    cdn_buf_deinit(&out);
}
END_TEST

static const struct {
    const char *source;
    uint32_t line;
    const char *text;
} faults[] = {
    {"return {", 1, "expected"},
    {"\nreturn 1LL", 2, "suffix"},
    {"\n\nerror('no label')", 3, "no label"},
    {"return 1", 0, "has to return a table; it returns number"},
    {"", 0, "has to return a table; it returns nil"},
    {"return {x = {function() end}}", 0, "the table.x[1]: a function"},
    {"while true do\nend", 1, "10 million instructions"},
    {"local t = {} while true do t[#t + 1] = {} end", 1, "16 MiB of memory"},
    {"io.open('/etc/passwd')", 1, "io"},
    {"return {os.time()}", 1, "os"},
};

START_TEST(fault__is_told_with_file_and_line)
{
    ck_assert_int_eq(evaluate(faults[_i].source), CORDON_E_RULE);
    if (!strstr(err.message, faults[_i].text) || err.line != faults[_i].line)
        ck_abort_msg("'%s': %u: %s", faults[_i].source, err.line, err.message);
    ck_assert_str_eq(err.file, "schema.lua");
    ck_assert_uint_eq(out.length, 0);
    cdn_buf_deinit(&out);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(evaluate__survives_every_allocation_failure)
{
    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_buf mine = {0};
        cordon_status status =
            cdn_config_evaluate(&mine, "return {1, 'two'}", 17, "schema.lua", &err);

        if (cdn_failalloc_fired())
            ck_assert_int_eq(status, CORDON_E_NOMEM);
        else
            ck_assert_int_eq(status, CORDON_OK);
        cdn_buf_deinit(&mine);
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("config");

    CDN_UNIT_CASE(s, table__is_written_as_msgpack);
    CDN_UNIT_CASE(s, result__is_appended);
    CDN_UNIT_LOOP(s, fault__is_told_with_file_and_line, 0, CDN_UNIT_COUNT(faults));
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, evaluate__survives_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
