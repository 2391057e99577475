/* Masks: what they take out, what they leave, and what they refuse. */
#include "auditing.h"

#include "base/pack.h"
#include "engine/audit_mask.h"

static struct cdn_buf record, out;
static struct cdn_audit_masks masks;

static void deinit(void)
{
    cdn_audit_masks_deinit(&masks);
    cdn_buf_deinit(&record);
    cdn_buf_deinit(&out);
}

/* {"input": {"params": {"iban": "DE1", "list": [1, {"x": 2, "y": 3}], "a/b~c": 4}},
 *  "result": {"output": 5}, "rule": "r"} */
static void make(void)
{
    struct cdn_packer p;

    cdn_pack_init_buf(&p, &record);
    cdn_pack_map(&p, 3);
    cdn_pack_cstr(&p, "input");
    cdn_pack_map(&p, 1);
    cdn_pack_cstr(&p, "params");
    cdn_pack_map(&p, 3);
    cdn_pack_cstr(&p, "iban");
    cdn_pack_cstr(&p, "DE1");
    cdn_pack_cstr(&p, "list");
    cdn_pack_array(&p, 2);
    cdn_pack_int(&p, 1);
    cdn_pack_map(&p, 2);
    cdn_pack_cstr(&p, "x");
    cdn_pack_int(&p, 2);
    cdn_pack_cstr(&p, "y");
    cdn_pack_int(&p, 3);
    cdn_pack_cstr(&p, "a/b~c");
    cdn_pack_int(&p, 4);
    cdn_pack_cstr(&p, "result");
    cdn_pack_map(&p, 1);
    cdn_pack_cstr(&p, "output");
    cdn_pack_int(&p, 5);
    cdn_pack_cstr(&p, "rule");
    cdn_pack_cstr(&p, "r");
}

static void write_value(struct cdn_buf *text, const cordon_value *value)
{
    cordon_value_iter iter;
    cordon_value key, inner;
    const char *comma = "";

    switch (value->type) {
    case CORDON_INTEGER:
        cdn_buf_printf(text, "%" PRId64, value->as.integer);
        break;
    case CORDON_STRING:
        cdn_buf_append(text, value->as.string, value->length);
        break;
    case CORDON_MAP:
    case CORDON_ARRAY:
        cdn_buf_text(text, value->type == CORDON_MAP ? "{" : "[");
        cordon_value_iter_init(&iter, value);
        while (cordon_value_next(&iter, &key, &inner)) {
            cdn_buf_text(text, comma);
            if (value->type == CORDON_MAP) {
                write_value(text, &key);
                cdn_buf_text(text, ":");
            }
            write_value(text, &inner);
            comma = ",";
        }
        cdn_buf_text(text, value->type == CORDON_MAP ? "}" : "]");
        break;
    case CORDON_NIL:
    case CORDON_BOOLEAN:
    case CORDON_NUMBER:
        cdn_buf_text(text, "nil");
    }
}

static void masked_is(const cordon_audit_mask *given, size_t count, const char *wanted)
{
    struct cdn_buf text = {0};
    cordon_value value;

    make();
    ck_assert_msg(!cdn_audit_masks_init(&masks, given, count, &err), "%s", err.message);
    ck_assert_int_eq(
        cdn_audit_masks_apply(&out, &masks, record.data, record.length, &err),
        CORDON_OK);
    ck_assert_int_eq(cordon_value_parse(&value, out.data, out.length, &err), CORDON_OK);
    write_value(&text, &value);
    ck_assert_str_eq((char *)text.data, wanted);
    cdn_buf_deinit(&text);
    deinit();
}

#define MASKED(wanted, ...)                                                            \
    do {                                                                               \
        const cordon_audit_mask given[] = {__VA_ARGS__};                               \
        masked_is(given, sizeof given / sizeof given[0], wanted);                      \
    } while (0)

START_TEST(apply__erases_and_replaces_what_is_named)
{
    MASKED("{input:{params:{list:[1,{x:2,y:3}],a/b~c:4}},result:{output:5},rule:r,"
           "erased:[/input/params/iban]}",
           {"/input/params/iban", NULL});
    MASKED("{input:{params:{iban:***,list:[1,{x:2,y:3}],a/b~c:4}},result:{output:5},"
           "rule:r,masked:[/input/params/iban]}",
           {"/input/params/iban", "***"});
    MASKED("{input:{params:{iban:DE1,list:[nil,{x:2,y:9}]}},result:{output:5},rule:r,"
           "erased:[/input/params/list/0,/input/params/a~1b~0c],"
           "masked:[/input/params/list/1/y]}",
           {"/input/params/list/0", NULL}, {"/input/params/list/1/y", "9"},
           {"/input/params/a~1b~0c", NULL});
    MASKED("{input:{params:{iban:DE1,list:[1,{x:s,y:s}],a/b~c:4}},result:{output:5},"
           "rule:r,masked:[/input/params/*/*/*]}",
           {"/input/params/*/*/*", "s"});
    MASKED("{result:{},rule:r,erased:[/input,/result/*]}", {"/input", NULL},
           {"/result/*", NULL});
    MASKED("{input:hidden,result:{output:5},rule:r,masked:[/input]}",
           {"/input", "hidden"});
}
END_TEST

START_TEST(apply__leaves_what_is_not_there)
{
    const char *whole = "{input:{params:{iban:DE1,list:[1,{x:2,y:3}],a/b~c:4}},"
                        "result:{output:5},rule:r}";

    MASKED(whole, {"/input/params/bic", NULL});
    MASKED(whole, {"/input/params/list/7", NULL}, {"/input/params/iban/0", "x"});
    MASKED(whole, {"/error/message", NULL}, {"/requested_by", "x"});
    MASKED(whole, {"/input/params/", NULL});
}
END_TEST

START_TEST(init__refuses_paths_that_lead_nowhere)
{
    static const struct {
        const char *path, *part;
    } rows[] = {
        {"", "leads to nothing"},
        {"/", "leads to nothing"},
        {"/rule", "below /input"},
        {"/decision_id", "below /input"},
        {"/inputs/x", "below /input"},
        {"/*", "below /input"},
        {"input/params", "begins with '/'"},
        {"/input/~2", "'~'"},
        {"/input/~", "'~'"},
        {"/input/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18/19/20/21/22/23/24",
         "too many steps"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const cordon_audit_mask mask = {rows[i].path, NULL};

        ck_assert_msg(cdn_audit_masks_init(&masks, &mask, 1, &err) == CORDON_E_INVALID,
                      "%s", rows[i].path);
        ck_assert_has(err.message, rows[i].part);
        ck_assert_ptr_null(masks.items);
    }
}
END_TEST

START_TEST(apply__refuses_every_truncation)
{
    const cordon_audit_mask given[] = {{"/input/params/list/1/y", "x"},
                                       {"/result", NULL}};

    make();
    ck_assert_int_eq(cdn_audit_masks_init(&masks, given, 2, &err), CORDON_OK);
    for (size_t i = 0; i < record.length; i++) {
        void *exact = cdn_unit_exact(record.data, i);

        ck_assert_int_eq(cdn_audit_masks_apply(&out, &masks, exact, i, &err),
                         CORDON_E_DATA);
        free(exact);
    }
    deinit();
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(masks__survive_every_allocation_failure)
{
    const cordon_audit_mask given[] = {{"/input/params/list/1/y", "x"},
                                       {"/result", NULL}};

    CDN_UNIT_FAILALLOC(nth)
    {
        cordon_status status;

        cdn_failalloc_after(-1, false);
        make();
        cdn_failalloc_after(nth, false);
        status = cdn_audit_masks_init(&masks, given, 2, &err);
        if (!status)
            status =
                cdn_audit_masks_apply(&out, &masks, record.data, record.length, &err);
        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        deinit();
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("audit_mask");

    CDN_UNIT_CASE(s, apply__erases_and_replaces_what_is_named);
    CDN_UNIT_CASE(s, apply__leaves_what_is_not_there);
    CDN_UNIT_CASE(s, init__refuses_paths_that_lead_nowhere);
    CDN_UNIT_CASE(s, apply__refuses_every_truncation);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, masks__survive_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
