/* Masks over the bank: what a rule is handed instead of values. */
#include "harness.h"

#include "base/hash.h"
#include "graph/bound.h"

static const unsigned char secret[CDN_MASK_KEY_BYTES] =
    "thirty bytes that no rule has.";

/* Everything, behind these masks. */
struct veil {
    struct cdn_grant grant;
    uint64_t all[5];
    const uint64_t *rows[512];
    struct cdn_mask masks[16];
};

static struct harness *h;
static struct veil veil;

static const char READS[] = "Account: balance risk kind nickname serial note bag "
                            "createTime isBlocked; Person: name; "
                            "own: share; transfer: amount memo cents";

static void veil_init(void)
{
    memset(&veil, 0, sizeof veil);
    memset(veil.all, 0xff, sizeof veil.all);
    for (int i = 0; i < 512; i++)
        veil.rows[i] = veil.all;
    veil.grant = (struct cdn_grant){.labels = veil.all,
                                    .relations = veil.all,
                                    .label_columns = veil.rows,
                                    .relation_columns = veil.rows,
                                    .masks = veil.masks};
    memcpy(veil.grant.mask_key, secret, sizeof secret);
}

/* "key" of a label, or a property of a label or of all relations of a type. */
static void put(const char *owner, const char *property, enum cdn_mask_kind kind,
                uint32_t characters, double width)
{
    const struct cdn_schema *schema = &h->snapshot->schema;
    int32_t label = cdn_schema_label(schema, owner);
    struct cdn_mask mask = {.kind = kind,
                            .characters = characters,
                            .width = width,
                            .owner = (uint32_t)label};

    if (label >= 0) {
        const struct cdn_label *of = &schema->labels[label];

        mask.property =
            strcmp(property, "key") != 0
                ? cdn_properties_find(of->properties, of->property_count, property)
                : CDN_MASK_NODE_KEY;
        veil.masks[veil.grant.mask_count++] = mask;
        return;
    }
    mask.of_relation = true;
    for (uint32_t r = 0; r < schema->relation_count; r++) {
        if (strcmp(schema->relations[r].type, owner) != 0)
            continue;
        mask.owner = r;
        mask.property =
            cdn_properties_find(schema->relations[r].properties,
                                schema->relations[r].property_count, property);
        veil.masks[veil.grant.mask_count++] = mask;
    }
}

static void wear(void)
{
    cordon_error err;

    cdn_binding_free(h->binding);
    ck_assert_msg(
        !cdn_binding_new(&h->binding, &h->names, h->snapshot, &veil.grant, &err), "%s",
        err.message);
    h->run.binding = h->binding;
}

static void setup(void)
{
    h = harness_new(cdn_fixture_bank_open(), READS);
    veil_init();
}

static void teardown(void)
{
    harness_free(h);
}

START_TEST(bucket__rounds_down_to_a_multiple)
{
    put("Account", "risk", CDN_MASK_BUCKET, 0, 25);
    put("Account", "balance", CDN_MASK_BUCKET, 0, 10);
    put("Account", "createTime", CDN_MASK_BUCKET, 0, 86400000.0 * 7);
    put("Account", "serial", CDN_MASK_BUCKET, 0, 1e6);
    put("transfer", "cents", CDN_MASK_BUCKET, 0, 700);
    wear();
    HARNESS_EQ(h, "local a = graph:node('Account', 100) return a.risk, a.balance",
               "0 10");
    HARNESS_EQ(h, "local a = graph:node('Account', 700) return a.risk, a.balance",
               "50 70");
    HARNESS_EQ(h, "return graph:node('Account', 300).serial", "9007199254000000");
    HARNESS_EQ(h,
               "local t = graph:node('Account', 900).createTime\n"
               "return t % (7 * 86400000), t <= 1600000000000 + 9 * 86400000",
               "0 true");
    HARNESS_EQ(h,
               "return graph:node('Account', 100):outgoing('transfer'):first().cents",
               "700");
}
END_TEST

START_TEST(bucket__goes_down_below_zero_too)
{
    struct cdn_fixture *f;
    char path[256];

    harness_free(h);
    f = cdn_fixture_new(cdn_fixture_path(path, sizeof path));
    cdn_fixture_label(f, "A", CDN_KEY_INT64, "n:int64 big:int64$ x:float64");
    cdn_fixture_node(f, "A", "1", CDN_INT("n", -7), CDN_INT("big", INT64_MIN + 3),
                     CDN_NUM("x", -0.25));
    cdn_fixture_node(f, "A", "2", CDN_INT("n", -10), CDN_INT("big", INT64_MAX),
                     CDN_NUM("x", -0.0));
    cdn_fixture_finish(f);
    h = harness_new(cdn_fixture_open(path), "A: n big x");
    cdn_fixture_remove(path);
    put("A", "n", CDN_MASK_BUCKET, 0, 5);
    put("A", "big", CDN_MASK_BUCKET, 0, 10);
    put("A", "x", CDN_MASK_BUCKET, 0, 1);
    wear();
    HARNESS_EQ(h, "local a = graph:node('A', 1) return a.n, a.big, a.x",
               "-10 -9223372036854775808 -1");
    HARNESS_EQ(h, "local a = graph:node('A', 2) return a.n, a.big, a.x",
               "-10 9223372036854775800 0");
}
END_TEST

START_TEST(redact__hides_even_whether_there_is_a_value)
{
    static const char *const properties[] = {"nickname",   "note",    "bag",
                                             "risk",       "balance", "serial",
                                             "createTime", "kind",    "isBlocked"};

    for (size_t i = 0; i < sizeof properties / sizeof properties[0]; i++)
        put("Account", properties[i], CDN_MASK_REDACT, 0, 0);
    put("own", "share", CDN_MASK_REDACT, 0, 0);
    wear();
    for (int key = 100; key <= 1000; key += 100) {
        char body[256];

        snprintf(
            body, sizeof body,
            "local a = graph:node('Account', %d) return a.nickname, a.note, a.bag, "
            "a.risk, a.balance, a.serial, a.createTime, a.kind, a.isBlocked",
            key);
        HARNESS_EQ(h, body,
                   "[redacted] [redacted] nil nil nil [redacted] nil [redacted] nil");
    }
    HARNESS_EQ(
        h,
        "local s = '' for e in graph:node('Person', 'ann'):outgoing('own'):each() do\n"
        "s = s .. tostring(e.share) end return s",
        "nilnil");
}
END_TEST

START_TEST(truncate__keeps_whole_characters)
{
    struct cdn_bound_mask mask = {.mask = {.kind = CDN_MASK_TRUNCATE, .characters = 2}};
    static const struct {
        const char *text, *kept;
    } cases[] = {{"", ""},
                 {"a", "a"},
                 {"abc", "ab"},
                 {"\xc3\xa4\xe2\x82\xac!", "\xc3\xa4\xe2\x82\xac"},
                 {"\xf0\x9f\x98\x80xy", "\xf0\x9f\x98\x80x"},
                 {"\xff\xfe\xfd", "\xff\xfe"},
                 {"\x80\x80\x80z", "\x80\x80\x80z"}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char room[CDN_MASK_ROOM];
        const char *out;
        size_t bytes = cdn_mask_text(&out, room, h->binding->mask_key, &mask,
                                     cases[i].text, strlen(cases[i].text));

        ck_assert_uint_eq(bytes, strlen(cases[i].kept));
        ck_assert_mem_eq(out, cases[i].kept, bytes);
    }
    put("Account", "kind", CDN_MASK_TRUNCATE, 2, 0);
    put("Account", "nickname", CDN_MASK_TRUNCATE, 0, 0);
    put("Account", "serial", CDN_MASK_TRUNCATE, 3, 0);
    wear();
    HARNESS_EQ(h,
               "local a, b = graph:node('Account', 100), graph:node('Account', 200)\n"
               "return a.kind, a.nickname, b.nickname == '', b.serial",
               "lo nil true 900");
}
END_TEST

START_TEST(hash__is_keyed_and_told_apart_by_name)
{
    unsigned char digest[CDN_CONTENT_HASH_BYTES];
    struct cdn_hash_chain chain;
    char wanted[2 * CDN_CONTENT_HASH_BYTES + 1];

    put("Account", "kind", CDN_MASK_HASH, 0, 0);
    put("Account", "note", CDN_MASK_HASH, 0, 0);
    put("Account", "risk", CDN_MASK_HASH, 0, 0);
    put("Account", "balance", CDN_MASK_HASH, 0, 0);
    put("Account", "isBlocked", CDN_MASK_HASH, 0, 0);
    put("Account", "serial", CDN_MASK_HASH, 0, 0);
    put("Account", "key", CDN_MASK_HASH, 0, 0);
    put("Person", "name", CDN_MASK_HASH, 0, 0);
    put("transfer", "memo", CDN_MASK_HASH, 0, 0);
    wear();
    cdn_hash_chain_init(&chain, secret);
    cdn_hash_chain_add(&chain, "Person\0name\0tAnn", 16);
    cdn_hash_chain_get(&chain, digest);
    cdn_hash_hex(wanted, digest, 16);
    HARNESS_EQ(h, "return graph:node('Person', 'ann').name", wanted);
    HARNESS_EQ(
        h,
        "local by = {} for a in graph:node('Person', 'ann'):outgoing('own'):nodes()\n"
        ":of('Account'):each() do\n"
        "for _, v in ipairs({ a.kind, a.risk, a.balance, a.isBlocked, a.serial, a.key "
        "})\n"
        "do assert(#v == 32 and not v:find('[^0-9a-f]')) by[v] = true end end\n"
        "local n = 0 for _ in pairs(by) do n = n + 1 end return n",
        "11"); /* two accounts of six values, of which isBlocked is the same */
    HARNESS_EQ(
        h,
        "local e = graph:node('Person', 'bob'):outgoing('own'):nodes():each()()\n"
        "return e.note == nil, e.nickname",
        "false nil");
    HARNESS_EQ(
        h,
        "local rent = {} for e in graph:node('Person', 'ann'):outgoing('own'):nodes()\n"
        ":of('Account'):outgoing('transfer'):each() do\n"
        "if e.memo then rent[e.memo] = (rent[e.memo] or 0) + 1 end end\n"
        "local c = {} for _, n in pairs(rent) do c[#c + 1] = n end table.sort(c)\n"
        "return table.concat(c, ',')",
        "2,2"); /* rent twice, food twice */
}
END_TEST

START_TEST(key__is_masked_wherever_it_is_written)
{
    put("Account", "key", CDN_MASK_REDACT, 0, 0);
    put("Person", "key", CDN_MASK_TRUNCATE, 1, 0);
    wear();
    HARNESS_EQ(
        h, "return pcall(graph.node, graph, 'Account', 100)",
        "false graph:node: the keys of Account are masked for this principal: nodes "
        "cannot be looked up by them");
    HARNESS_EQ(
        h, "return pcall(graph.node, graph, 'Person', 'ann')",
        "false graph:node: the keys of Person are masked for this principal: nodes "
        "cannot be looked up by them");
}
END_TEST

START_TEST(digest__is_that_of_what_was_handed_over)
{
    uint64_t first;

    put("Account", "kind", CDN_MASK_REDACT, 0, 0);
    wear();
    HARNESS_EQ(h, "return graph:node('Account', 100).kind", "[redacted]");
    first = h->run.digest;
    HARNESS_EQ(h, "return graph:node('Account', 200).kind", "[redacted]");
    ck_assert_uint_eq(h->run.digest, first);
}
END_TEST

static const char *const refused[] = {
    "return graph:node('Account', 100):outgoing('transfer'):nodes():where('risk', '>', "
    "1):count()",
    "return graph:node('Account', 100):outgoing('transfer'):nodes():sum('risk')",
    "return #graph:node('Account', 100):outgoing('transfer'):nodes():top(1, 'risk')",
    "return graph:node('Account', 100):outgoing('transfer'):sum('amount')",
    "return graph:node('Account', 100):outgoing('transfer'):where('amount', '>', "
    "1):count()",
    "return #graph:node('Account', 100):outgoing('transfer'):top(1, 'amount')",
    "return graph:node('Account', 100):outgoing('transfer'):group({ x = { sum = "
    "'amount' } })",
    "return graph:ego(graph:node('Account', 100), { hops = 1, edges = 'transfer', "
    "weight = "
    "'amount' })",
};

START_TEST(native__work_refuses_a_masked_property)
{
    put("Account", "risk", CDN_MASK_BUCKET, 0, 10);
    put("transfer", "amount", CDN_MASK_HASH, 0, 0);
    wear();
    ck_assert_msg(strstr(harness_run(h, refused[_i]), "masked for this principal"),
                  "%s: %s", refused[_i], harness_run(h, refused[_i]));
}
END_TEST

START_TEST(binding__hides_masked_columns_from_everything_else)
{
    put("Account", "risk", CDN_MASK_BUCKET, 0, 10);
    put("transfer", "amount", CDN_MASK_HASH, 0, 0);
    wear();
    for (uint32_t k = 0; k < h->names.kind_count; k++)
        for (uint32_t p = 0; p < h->names.property_count; p++)
            if (h->binding->kinds[k].masked >> p & 1)
                ck_assert_ptr_null(h->binding->kinds[k].properties[p]);
    for (uint32_t i = 0; i < h->snapshot->label_count * h->binding->stride; i++)
        ck_assert_int_ge(h->binding->label_columns[i], CDN_COLUMN_MASKED);
    ck_assert_uint_eq(h->binding->mask_count, 2);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("mask");
    TCase *tc = tcase_create("bank");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, bucket__rounds_down_to_a_multiple);
    tcase_add_test(tc, bucket__goes_down_below_zero_too);
    tcase_add_test(tc, redact__hides_even_whether_there_is_a_value);
    tcase_add_test(tc, truncate__keeps_whole_characters);
    tcase_add_test(tc, hash__is_keyed_and_told_apart_by_name);
    tcase_add_test(tc, key__is_masked_wherever_it_is_written);
    tcase_add_test(tc, digest__is_that_of_what_was_handed_over);
    tcase_add_loop_test(tc, native__work_refuses_a_masked_property, 0,
                        CDN_UNIT_COUNT(refused));
    tcase_add_test(tc, binding__hides_masked_columns_from_everything_else);
    suite_add_tcase(s, tc);
    return s;
}

CDN_UNIT_MAIN(suite)
