/* Node and edge handles over the bank. */
#include "harness.h"

static struct harness *h;

static void setup(void)
{
    h = harness_new(
        cdn_fixture_bank_open(),
        "Account: balance risk kind nickname serial isBlocked createTime note "
        "bag; Person: name; Medium; transfer: amount; own: share; signIn: "
        "location; invest");
}

static void teardown(void)
{
    harness_free(h);
}

#define A100 "local a = graph:node('Account', 100) "
#define A200 "local a = graph:node('Account', '200') "

START_TEST(node__reads_every_type)
{
    HARNESS_EQ(h,
               A100
               "return a.balance, a.risk, a.isBlocked, a.kind, a.nickname, a.note, "
               "a.key, a.label, a",
               "10.5 10 false loan nil note of 100 100 Account Account:100");
    HARNESS_EQ(h,
               A200 "return a.nickname, type(a.serial), a.serial, a.createTime, "
                    "a.bag.tags[2], #a.bag.tags",
               "nick2 string 9007199254740994 1600172800000 b 2");
    HARNESS_EQ(h, "return graph:node('Account', 1000).isBlocked, type(a)", "true nil");
    HARNESS_EQ(h, "local p = graph:node('Person', 'bob') return p, p.key, p.name",
               "Person:bob bob Bob");
}
END_TEST

START_TEST(node__is_equal_to_itself)
{
    HARNESS_EQ(h,
               "local a, b = graph:node('Account', 100), graph:node('Account', '100') "
               "local t = {[a] = 1} return a == b, t[b], type(a)",
               "true 1 userdata");
}
END_TEST

START_TEST(node__cannot_be_written)
{
    HARNESS_EQ(h, A100 "a.balance = 1", "error: node is read-only");
    HARNESS_EQ(h, A100 "a:outgoing('transfer'):first().amount = 1",
               "error: edge is read-only");
}
END_TEST

START_TEST(undeclared__is_refused_by_name)
{
    HARNESS_EQ(h, A100 "return a.balanec",
               "error: no property 'balanec' on Account; did you mean 'balance'?");
    HARNESS_EQ(
        h, "return graph:node('Medium', 1).kind",
        "error: property 'kind' of Medium is not in this rule's reads; add \"kind\" to "
        "reads.Medium");
    HARNESS_EQ(h, A100 "return a.outgong",
               "error: no property 'outgong' on Account; did you mean 'outgoing'?");
    HARNESS_EQ(h, A100 "return a[1]", "error: a node has no fields of type number");
    HARNESS_EQ(
        h, A100 "local c = a:incoming('own'):first().source return c.key",
        "error: label Company is not in this rule's reads; add Company = {} to it");
    HARNESS_EQ(
        h, A100 "return tostring(a:incoming('own'):first().source)",
        "error: label Company is not in this rule's reads; add Company = {} to it");
    HARNESS_EQ(
        h, A100 "return a:incoming('own'):first().source:outgoing('own'):count()", "1");
    HARNESS_EQ(
        h, A100 "local e = a:outgoing('transfer'):first() return e.memo",
        "error: property 'memo' of transfer is not in this rule's reads; add \"memo\" "
        "to reads.transfer");
    HARNESS_EQ(h, A100 "local e = a:outgoing('transfer'):first() return e.suorce",
               "error: no property 'suorce' on transfer; did you mean 'source'?");
    HARNESS_EQ(
        h, A100 "local e = a:outgoing('transfer'):first() return e:outgoing('own')",
        "error: no method 'outgoing' on edge; it has source, target, time, type");
}
END_TEST

START_TEST(edge__reads_from_either_end)
{
    HARNESS_EQ(h,
               A100
               "local e = a:incoming('transfer'):first() return e.source, e.target, "
               "e.amount, (e.time - T) / H, e.type, e",
               "Account:300 Account:100 5.5 5 transfer edge transfer");
    HARNESS_EQ(h,
               A100
               "local e = a:incoming('own'):latest(1):first() return e.source.key, "
               "e.share, e.time",
               "ann 0.5 nil");
    HARNESS_EQ(h,
               A100 "local t = {} for e in a:incoming('signIn'):each() do t[#t + 1] = "
                    "e.location end return table.concat(t, ' ')",
               "Oslo Oslo Rome");
    HARNESS_EQ(h,
               A100 "local x = a:outgoing('transfer'):first() "
                    "local y = x.target:incoming('transfer'):first() return x == y",
               "true");
}
END_TEST

START_TEST(digest__follows_what_was_read)
{
    uint64_t first;

    harness_run(h, A100 "return a.balance");
    first = h->run.digest;
    harness_run(h, A100 "return a.balance");
    ck_assert_uint_eq(h->run.digest, first);
    harness_run(h, A200 "return a.balance");
    ck_assert_uint_ne(h->run.digest, first);
    harness_run(h, A100 "return a:outgoing('transfer'):count()");
    first = h->run.digest;
    harness_run(h, A100 "return a:incoming('transfer'):count()");
    ck_assert_uint_ne(h->run.digest, first);
}
END_TEST

static int encode(lua_State *L)
{
    struct harness *harness = cdn_slot_host(L);
    const char *reads = harness->ud;
    unsigned char data[64];
    struct cdn_packer packer;
    cordon_value value, field;
    uint32_t node;

    cdn_graph_push_node(L, cdn_fixture_find(harness->snapshot, reads,
                                            reads[0] == 'A' ? "300" : "acme"));
    ck_assert(cdn_graph_is_node(L, -1, &node));
    cdn_pack_init(&packer, data, sizeof data);
    if (!cdn_graph_encode_handle(L, -1, &packer)) {
        lua_pushliteral(L, "refused");
        return 1;
    }
    ck_assert_int_eq(cordon_value_parse(&value, data, packer.length, NULL), CORDON_OK);
    ck_assert(cordon_value_get(&field, &value, "key"));
    lua_pushlstring(L, field.as.string, field.length);
    ck_assert(cordon_value_get(&field, &value, "label"));
    lua_pushlstring(L, field.as.string, field.length);
    return 2;
}

START_TEST(encode__writes_label_and_key)
{
    ck_assert_str_eq(harness_call(h, encode, (void *)(uintptr_t) "Account"),
                     "300 Account");
    ck_assert_str_eq(harness_call(h, encode, (void *)(uintptr_t) "Company"), "refused");
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("lua_handle");
    TCase *tc = tcase_create("bank");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, node__reads_every_type);
    tcase_add_test(tc, node__is_equal_to_itself);
    tcase_add_test(tc, node__cannot_be_written);
    tcase_add_test(tc, undeclared__is_refused_by_name);
    tcase_add_test(tc, edge__reads_from_either_end);
    tcase_add_test(tc, digest__follows_what_was_read);
    tcase_add_test(tc, encode__writes_label_and_key);
    suite_add_tcase(s, tc);
    return s;
}

CDN_UNIT_MAIN(suite)
