/* What a proposal may be: every fault is told by its place, and what is right is understood. */
#include "serving.h"

#include "base/buf.h"
#include "engine/policy.h"
#include "engine/proposals.h"
#include "sandbox/config.h"

static cordon_snapshot *snapshot;
static struct cdn_proposed proposed;

static void setup(void)
{
    char path[256];
    struct cdn_fixture *f = cdn_fixture_new(cdn_fixture_path(path, sizeof(path)));

    cdn_fixture_label(f, "Account", CDN_KEY_INT64,
                      "risk:int64 born:timestamp= open:bool balance:float64 "
                      "serial:int64$? kind:string note:text? bag:bag?");
    cdn_fixture_label(f, "Person", CDN_KEY_STRING, "name:string?");
    cdn_fixture_relation(f, "pays", "Account", "Account",
                         "amount:float64 at:timestamp! memo:string?");
    cdn_fixture_relation(f, "owns", "Person", "Account", "");
    cdn_fixture_node(f, "Account", "7", CDN_INT("risk", 3));
    cdn_fixture_node(f, "Account", "-9");
    cdn_fixture_node(f, "Person", "ann");
    cdn_fixture_finish(f);
    snapshot = cdn_fixture_open(path);
    cdn_fixture_remove(path);
}

static void teardown(void)
{
    cordon_snapshot_release(snapshot);
}

static struct cdn_buf packed;

static cordon_status check_as(cordon_proposal_kind kind, const char *source,
                              const struct cdn_propose_grant *grant, cordon_error *err)
{
    char text[1024];
    cordon_value item;

    snprintf(text, sizeof(text), "return %s", source);
    cdn_buf_clear(&packed);
    ck_assert_msg(!cdn_config_evaluate(&packed, text, strlen(text), "item", err), "%s",
                  err->message);
    ck_assert(!cordon_value_parse(&item, packed.data, packed.length, err));
    return cdn_proposal_check(&proposed, snapshot, kind, &item, grant, err);
}

#define U CORDON_PROPOSAL_UPDATE
#define E CORDON_PROPOSAL_EDGE
#define A "label = 'Account', key = '7', "
#define F "from = { label = 'Account', key = '7' }, "
#define T "to = { label = 'Account', key = '-9' }, "

static const struct {
    cordon_proposal_kind kind;
    const char *item;
    cordon_status status;
    const char *message;
} faults[] = {
    {U, "{}", CORDON_E_DATA, "a list where a table"},
    {U, "{ set = {} }", CORDON_E_DATA, "label: the name of a label"},
    {U, "{ label = 'Acount', key = '7' }", CORDON_E_DATA, "did you mean 'Account'?"},
    {U, "{ label = 'A\\0', key = '7' }", CORDON_E_DATA, "label: the name of a label"},
    {U, "{ label = 'Account' }", CORDON_E_DATA, "key: it is missing"},
    {U, "{ label = 'Account', key = true }", CORDON_E_DATA, "key: a boolean where"},
    {U, "{ label = 'Account', key = '8' }", CORDON_E_NOTFOUND,
     "no Account with key '8'"},
    {U, "{ label = 'Account', key = '07' }", CORDON_E_NOTFOUND, "key '07'"},
    {U, "{ label = 'Person', key = 7 }", CORDON_E_DATA, "key: a number where"},
    {U, "{ label = 'Person', key = 'bob' }", CORDON_E_NOTFOUND, "no Person"},
    {U, "{ " A "}", CORDON_E_DATA, "it changes nothing"},
    {U, "{ " A "set = {} }", CORDON_E_DATA, "it changes nothing"},
    {U, "{ " A "set = { 1 } }", CORDON_E_DATA, "set: a list where"},
    {U, "{ " A "set = 'x' }", CORDON_E_DATA, "set: a string where"},
    {U, "{ " A "sett = {} }", CORDON_E_DATA, "no field 'sett'; did you mean 'set'?"},
    {U, "{ " A "set = { rsk = 1 } }", CORDON_E_DATA,
     "set.rsk: Account has no such property"},
    {U, "{ " A "set = { risk = 1.5 } }", CORDON_E_DATA, "1.5 is not an integer"},
    {U, "{ " A "set = { risk = '1' } }", CORDON_E_DATA, "set.risk: a string, and the"},
    {U, "{ " A "set = { risk = 1e300 } }", CORDON_E_DATA, "not an integer"},
    {U, "{ " A "set = { open = 1 } }", CORDON_E_DATA, "set.open: a number, and the"},
    {U, "{ " A "set = { balance = true } }", CORDON_E_DATA, "set.balance: a boolean"},
    {U, "{ " A "set = { balance = 1/0 } }", CORDON_E_DATA, "not a finite number"},
    {U, "{ " A "set = { serial = '1x' } }", CORDON_E_DATA, "not the digits"},
    {U, "{ " A "set = { serial = '' } }", CORDON_E_DATA, "not the digits"},
    {U, "{ " A "set = { serial = '-' } }", CORDON_E_DATA, "not the digits"},
    {U, "{ " A "set = { serial = '9223372036854775808' } }", CORDON_E_DATA, "digits"},
    {U, "{ " A "set = { serial = '-9223372036854775809' } }", CORDON_E_DATA, "digits"},
    {U, "{ " A "set = { kind = {} } }", CORDON_E_DATA, "set.kind: a list"},
    {U, "{ " A "set = { kind = '\\255' } }", CORDON_E_DATA, "not UTF-8"},
    {U, "{ " A "set = { born = 5 } }", CORDON_E_DENIED, "Account.born never changes"},
    {U, "{ " A "unset = { 'kind' } }", CORDON_E_DATA, "unset.kind: it cannot be null"},
    {U, "{ " A "unset = { 'nte' } }", CORDON_E_DATA, "did you mean 'note'?"},
    {U, "{ " A "unset = { note = 1 } }", CORDON_E_DATA, "unset: a table where a list"},
    {U, "{ " A "unset = { 1 } }", CORDON_E_DATA, "unset: not the name"},
    {U, "{ " A "set = { note = 'x' }, unset = { 'note' } }", CORDON_E_DATA,
     "given twice"},
    {U, "{ " A "unset = { 'note', 'note' } }", CORDON_E_DATA, "given twice"},
    {E, "{ }", CORDON_E_DATA, "a list where a table"},
    {E, "{ type = 1 }", CORDON_E_DATA, "type: the name of an edge type"},
    {E, "{ type = 'pays' }", CORDON_E_DATA, "from: a node, or"},
    {E, "{ type = 'pays', from = '7' }", CORDON_E_DATA, "from: a node, or"},
    {E, "{ type = 'pays', from = { label = 'Account', key = '7', x = 1 } }",
     CORDON_E_DATA, "from has no field 'x'"},
    {E, "{ type = 'pays', " F "}", CORDON_E_DATA, "to: a node, or"},
    {E, "{ type = 'pays', " F "to = { label = 'Account', key = '1' } }",
     CORDON_E_NOTFOUND, "to.key: there is no Account"},
    {E, "{ type = 'pay', " F T "}", CORDON_E_DATA, "did you mean 'pays'?"},
    {E, "{ type = 'owns', " F T "}", CORDON_E_DATA,
     "no edge 'owns' leads from Account to Account"},
    {E, "{ type = 'pays', " F T "}", CORDON_E_DATA, "time: milliseconds"},
    {E, "{ type = 'pays', " F T "time = 1.5 }", CORDON_E_DATA, "time: milliseconds"},
    {E, "{ type = 'pays', " F T "time = 1 }", CORDON_E_DATA,
     "properties.amount: it is missing"},
    {E, "{ type = 'pays', " F T "time = 1, properties = { at = 1, amount = 1 } }",
     CORDON_E_DATA, "properties.at: it is the edge's time"},
    {E, "{ type = 'pays', " F T "time = 1, properties = { amuont = 1 } }",
     CORDON_E_DATA, "did you mean 'amount'?"},
    {E, "{ type = 'owns', from = { label = 'Person', key = 'ann' }, " T "time = 1 }",
     CORDON_E_DATA, "time: edges 'owns' have none"},
};

START_TEST(check__tells_a_fault_by_its_place)
{
    cordon_error err;

    ck_assert_msg(check_as(faults[_i].kind, faults[_i].item, &cdn_propose_everything,
                           &err) == faults[_i].status,
                  "%s: %s", faults[_i].item, err.message);
    ck_assert_contains(err.message, faults[_i].message);
}
END_TEST

static const struct {
    cordon_proposal_kind kind;
    const char *item;
    uint32_t given;
} good[] = {
    {U, "{ " A "set = { risk = 2^53, open = true, balance = 1, kind = '' } }", 4},
    {U, "{ label = 'Account', key = 7, set = { serial = '-9223372036854775808' } }", 1},
    {U, "{ " A "set = { serial = '9223372036854775807', bag = { 1, { a = 'b' } } } }",
     2},
    {U, "{ " A "unset = { 'note', 'serial', 'bag' }, set = { risk = -1 } }", 4},
    {U, "{ label = 'Person', key = 'ann', set = { name = 'Ann' } }", 1},
    {E, "{ type = 'pays', " F T "time = -1, properties = { amount = 2 } }", 2},
    {E,
     "{ type = 'pays', " F "to = { key = '7', label = 'Account' }, time = 1e15, "
     "properties = { amount = 2.5, memo = 'x' } }",
     3},
    {E, "{ type = 'owns', from = { label = 'Person', key = 'ann' }, " T "}", 0},
    {E,
     "{ type = 'owns', from = { label = 'Person', key = 'ann' }, " T
     "properties = {} }",
     0},
};

/* And what is written into a record of it says the same once it is read again. */
START_TEST(check__reads_what_it_wrote)
{
    struct cdn_buf content = {0};
    struct cdn_proposed before;
    cordon_value item;
    const unsigned char *at;
    cordon_error err;

    ck_assert_msg(
        !check_as(good[_i].kind, good[_i].item, &cdn_propose_everything, &err),
        "%s: %s", good[_i].item, err.message);
    ck_assert_uint_eq(proposed.given_count, good[_i].given);
    before = proposed;
    ck_assert(cdn_proposal_encode_content(&content, &proposed, snapshot));
    at = content.data;
    ck_assert(cdn_unpack_head(&item, &at, content.data + content.length));
    ck_assert_msg(!cdn_proposal_check(&proposed, snapshot, good[_i].kind, &item,
                                      &cdn_propose_everything, &err),
                  "%s: %s", good[_i].item, err.message);
    ck_assert_uint_eq(proposed.number, before.number);
    ck_assert_uint_eq(proposed.nodes[0], before.nodes[0]);
    ck_assert_uint_eq(proposed.given_count, before.given_count);
    for (uint32_t p = 0; p < CDN_SCHEMA_MAX_PROPERTIES; p++) {
        const struct cdn_property *properties =
            good[_i].kind == U ? snapshot->schema.labels[before.number].properties
                               : snapshot->schema.relations[before.number].properties;
        struct cdn_buf scratch = {0};

        ck_assert_int_eq(proposed.given[p], before.given[p]);
        if (before.given[p])
            ck_assert_uint_eq(
                cdn_proposal_digest(properties[p].type, &proposed.cells[p], &scratch),
                cdn_proposal_digest(properties[p].type, &before.cells[p], &scratch));
        cdn_buf_deinit(&scratch);
    }
    cdn_buf_deinit(&content);
    cdn_buf_deinit(&packed);
}
END_TEST

START_TEST(check__keeps_within_a_grant)
{
    static const char text[] =
        "return { principals = { some = { propose = { nodes = { Person = '*', Account "
        "= { "
        "'risk', 'open' } }, edges = { 'owns' } } }, none = {} } }";
    static const char *const within[] = {
        "{ " A "set = { risk = 1, open = true } }",
        "{ label = 'Person', key = 'ann', set = { name = 'x' } }"};
    static const char owns[] =
        "{ type = 'owns', from = { label = 'Person', key = 'ann' }, " T "}";
    static const char pays[] =
        "{ type = 'pays', " F T "time = 1, properties = { amount = 1 } }";
    static const struct cdn_propose_grant nothing;
    const struct cdn_propose_grant *grant;
    cordon_policy *policy;
    cordon_error err;

    ck_assert_msg(!cordon_policy_load_text(&policy, text, strlen(text), "policy.lua",
                                           NULL, 0, &err),
                  "%s", err.message);
    grant = cdn_policy_role(policy, cdn_policy_principal(policy, "some"))->propose;
    ck_assert_ptr_null(
        cdn_policy_role(policy, cdn_policy_principal(policy, "none"))->propose);
    for (int i = 0; i < CDN_UNIT_COUNT(within); i++) {
        ck_assert(!check_as(U, within[i], grant, &err));
        ck_assert_int_eq(check_as(U, within[i], &nothing, &err), CORDON_E_DENIED);
    }
    ck_assert_int_eq(
        check_as(U, "{ " A "set = { risk = 1, kind = 'x' } }", grant, &err),
        CORDON_E_DENIED);
    ck_assert_contains(err.message, "Account.kind is not in what");
    ck_assert(!check_as(E, owns, grant, &err));
    ck_assert_int_eq(check_as(E, pays, grant, &err), CORDON_E_DENIED);
    ck_assert_contains(err.message, "edges 'pays' are not in what");
    cordon_policy_release(policy);
    cdn_buf_deinit(&packed);
}
END_TEST

static void add(Suite *s, const char *name, const TTest *test, int count)
{
    TCase *c = tcase_create(name);

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_loop_test(c, test, 0, count);
    suite_add_tcase(s, c);
}

static Suite *suite(void)
{
    Suite *s = suite_create("proposals_check");

    add(s, "faults", check__tells_a_fault_by_its_place, CDN_UNIT_COUNT(faults));
    add(s, "good", check__reads_what_it_wrote, CDN_UNIT_COUNT(good));
    add(s, "grant", check__keeps_within_a_grant, 1);
    return s;
}

CDN_UNIT_MAIN(suite)
