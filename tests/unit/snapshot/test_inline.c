/* Graphs as values: what they become, and what is refused with which place. */
#include "support/unit.h"

#include <cordon/snapshot.h>

#include "base/alloc.h"
#include "base/pack.h"
#include "snapshot/snapshot.h"
#include "support/fixture.h"

/* A value from a text that is JSON but for what a test needs no more: single quotes, and
 * numbers with a point are float64. */
struct text {
    const char *at;
    struct cdn_packer *out;
};

static void put(struct text *text);

static void put_list(struct text *text, bool map)
{
    size_t head = text->out->length;
    uint32_t count = 0;
    unsigned char bytes[5] = {map ? 0xdf : 0xdd};

    cdn_pack_raw(text->out, bytes, sizeof bytes);
    for (text->at++; *text->at != '}' && *text->at != ']'; count++) {
        if (map) {
            size_t length = strcspn(text->at, ":");

            cdn_pack_str(text->out, text->at, length);
            text->at += length + 1;
        }
        put(text);
        text->at += *text->at == ',';
    }
    text->at++;
    text->out->grow->data[head + 3] = (unsigned char)(count >> 8);
    text->out->grow->data[head + 4] = (unsigned char)count;
}

static void put(struct text *text)
{
    const char *at = text->at;
    size_t length = strcspn(at, ",}]");

    if (*at == '{' || *at == '[') {
        put_list(text, *at == '{');
        return;
    }
    if (*at == '\'') {
        length = strcspn(at + 1, "'") + 2;
        cdn_pack_str(text->out, at + 1, length - 2);
    } else if (!strncmp(at, "nil", 3)) {
        cdn_pack_nil(text->out);
    } else if (*at == 't' || *at == 'f') {
        cdn_pack_bool(text->out, *at == 't');
    } else if (memchr(at, '.', length)) {
        cdn_pack_double(text->out, strtod(at, NULL));
    } else {
        cdn_pack_int(text->out, strtoll(at, NULL, 10));
    }
    text->at += length;
}

static struct cdn_buf bytes;
static cordon_value value;
static cordon_error err;
static cordon_inline_options options;

static void setup(void)
{
    options = (cordon_inline_options)CORDON_INLINE_OPTIONS_INIT;
}

static void teardown(void)
{
    cdn_buf_deinit(&bytes);
}

static const cordon_value *graph_of(const char *what)
{
    struct cdn_packer packer;
    struct text text = {what, &packer};

    cdn_buf_clear(&bytes);
    cdn_pack_init_buf(&packer, &bytes);
    put(&text);
    ck_assert_msg(!*text.at, "left over: %s", text.at);
    ck_assert_msg(!cordon_value_parse(&value, bytes.data, bytes.length, &err), "%s",
                  err.message);
    return &value;
}

static cordon_snapshot *made(const char *text)
{
    cordon_snapshot *snapshot;
    uint64_t findings = 0;

    ck_assert_msg(
        !cordon_snapshot_from_value(&snapshot, graph_of(text), &options, &err), "%s",
        err.message);
    ck_assert(!cdn_snapshot_verify(snapshot, NULL, NULL, &findings, &err));
    ck_assert_uint_eq(findings, 0);
    return snapshot;
}

#define BANK                                                                           \
    "{nodes:[{label:'Account',key:17,properties:{risk:3,name:'Ann',open:true,score:1." \
    "5,"                                                                               \
    "bag:{a:[1,2]}}},{key:18,label:'Account',properties:{score:2,name:nil}},{label:'"  \
    "Dev'"                                                                             \
    ",key:'x'}],edges:[{type:'pays',from:'Account:17',to:{label:'Account',key:19},"    \
    "time:"                                                                            \
    "1700000000000,properties:{amount:9.5}},{type:'pays',from:'Account:18',to:"        \
    "'Account:17',time:'2026-11-24T10:00Z',properties:{amount:1}},{type:'has',from:"   \
    "'Account:17',to:'Dev:x'}]}"

START_TEST(value__becomes_a_graph)
{
    cordon_snapshot *snapshot = made(BANK);
    const struct cdn_label_data *account;
    struct cdn_cells cells;

    ck_assert_uint_eq(snapshot->node_count, 4); /* 19 is named by an edge alone */
    ck_assert_uint_eq(snapshot->edge_count, 3);
    ck_assert_uint_eq(cordon_snapshot_generation(snapshot), 0);
    account = &snapshot->labels[0];
    ck_assert_int_eq(account->schema->key, CDN_KEY_INT64);
    ck_assert_int_eq(account->schema->property_count, 5);
    ck_assert_int_eq(account->columns[0].property->type, CDN_COLUMN_BAG);
    ck_assert_int_eq(account->columns[1].property->type, CDN_COLUMN_STRING);
    ck_assert_int_eq(account->columns[3].property->type, CDN_COLUMN_INT64);
    ck_assert_int_eq(account->columns[4].property->type, CDN_COLUMN_FLOAT64);
    cells = cdn_fixture_cells(&account->columns[4], 0);
    ck_assert_double_eq(((const double *)cells.values)[0], 1.5);
    ck_assert_double_eq(((const double *)cells.values)[1], 2);
    ck_assert(!cdn_cells_present(&cells, 2));
    ck_assert_int_eq(snapshot->labels[1].schema->key, CDN_KEY_STRING);
    ck_assert_int_lt(snapshot->relations[0].schema->time, 0);
    ck_assert_int_ge(snapshot->relations[1].schema->time, 0);
    cordon_snapshot_release(snapshot);
}
END_TEST

START_TEST(identity__is_the_contents)
{
    static const char *const same[] = {
        "{nodes:[{label:'A',key:1},{label:'A',key:2}],edges:[{type:'e',from:'A:1',to:'"
        "A:2'}]}",
        "{edges:[{type:'e',to:'A:2',from:'A:1'}],nodes:[{key:2,label:'A'},{key:1,label:"
        "'A'}]}",
        "{edges:[{type:'e',from:'A:1',to:{key:2,label:'A'}}]}"};
    cordon_snapshot *other;
    uint64_t identity = 0;

    for (int i = 0; i < 3; i++) {
        cordon_snapshot *snapshot = made(same[i]);

        ck_assert(!i || identity == cordon_snapshot_identity(snapshot));
        identity = cordon_snapshot_identity(snapshot);
        cordon_snapshot_release(snapshot);
    }
    other = made("{edges:[{type:'e',from:'A:1',to:'A:3'}]}");
    ck_assert_uint_ne(identity, cordon_snapshot_identity(other));
    cordon_snapshot_release(other);
}
END_TEST

START_TEST(schema__has_to_fit)
{
    static const struct {
        const char *text, *says;
    } bad[] = {
        {"{nodes:[{label:'Acount',key:1}]}",
         "nodes[0].label: the schema has no label 'Acount'; did you mean 'Account'?"},
        {"{nodes:[{label:'Account',key:'x'}]}", "nodes[0].key: key 'x' of Account"},
        {"{nodes:[{label:'Account',key:1,properties:{rsk:1}}]}",
         "nodes[0].properties.rsk: the schema has no property 'rsk' of Account; did "
         "you "
         "mean 'risk'?"},
        {"{nodes:[{label:'Account',key:1}]}",
         "nodes[0]: the Account needs 'balance', which is never null"},
        {"{edges:[{type:'transfr',from:'Account:1',to:'Account:2'}]}",
         "edges[0]: the Account needs 'balance'"},
    };
    cordon_snapshot *bank = cdn_fixture_bank_open();
    cordon_snapshot *snapshot;

    options.schema = bank;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ck_assert_int_eq(cordon_snapshot_from_value(&snapshot, graph_of(bad[i].text),
                                                    &options, &err),
                         CORDON_E_DATA);
        ck_assert_ptr_null(snapshot);
        ck_assert_msg(strstr(err.message, bad[i].says) != NULL, "%s", err.message);
    }
    snapshot =
        made("{nodes:[{label:'Account',key:1,properties:{balance:1,createTime:"
             "'2026-11-24',isBlocked:false,kind:'card',risk:1,serial:"
             "9007199254740999}},{label:'Person',key:'ann',properties:{name:'Ann'}}],"
             "edges:[{type:'own',from:'Person:ann',to:'Account:1',properties:{share:"
             "1}},{type:'transfer',from:'Account:1',to:'Account:1',time:5,properties:"
             "{amount:2.5,cents:250}}]}");
    ck_assert_uint_eq(snapshot->label_count, bank->label_count);
    ck_assert_uint_eq(snapshot->relation_count, bank->relation_count);
    ck_assert_uint_eq(snapshot->edge_count, 2);
    cordon_snapshot_release(snapshot);
    snapshot = made("{}"); /* with a schema a graph may be empty */
    ck_assert_uint_eq(snapshot->node_count, 0);
    cordon_snapshot_release(snapshot);
    cordon_snapshot_release(bank);
}
END_TEST

START_TEST(faults__say_where)
{
    static const struct {
        const char *text, *says;
    } bad[] = {
        {"[]", "a graph is a map, {nodes: [...], edges: [...]}"},
        {"{}", "the graph has neither a node nor an edge"},
        {"{nodes:1}", "nodes: it is a list"},
        {"{node:[]}", "node: a graph has no 'node'; did you mean 'nodes'?"},
        {"{nodes:[],nodes:[]}", "nodes: stands twice"},
        {"{nodes:[{label:'A',key:1},7]}", "nodes[1]: a node has a label and a key"},
        {"{nodes:[{label:'A'}]}", "nodes[0]: a node has a label and a key"},
        {"{nodes:[{label:'A',key:1.5}]}",
         "nodes[0].key: a key is an integer or a string"},
        {"{nodes:[{label:'A',key:''}]}",
         "nodes[0].key: a key is an integer or a string"},
        {"{nodes:[{label:'A b',key:1}]}", "nodes[0].label: a label is a name"},
        {"{nodes:[{label:5,key:1}]}", "nodes[0].label: a label is a name"},
        {"{nodes:[{label:'A',kee:1}]}",
         "nodes[0].kee: a node has no 'kee'; did you mean"},
        {"{nodes:[{label:'A',key:1,properties:[1]}]}",
         "nodes[0].properties: properties are a map"},
        {"{nodes:[{label:'A',key:1,properties:{a-b:1}}]}",
         "nodes[0].properties.a-b: a property is a name"},
        {"{nodes:[{label:'A',key:1},{label:'A',key:1}]}",
         "nodes[1]: the node is listed twice"},
        {"{nodes:[{label:'A',key:1,properties:{a:1,a:2}}]}",
         "nodes[0].properties.a: '2' is the property's second value"},
        {"{nodes:[{label:'A',key:1,properties:{a:1}},{label:'A',key:2,properties:{a:'x'"
         "}}]}",
         "nodes[1].properties.a: 'a' is text here and a number before"},
        {"{nodes:[{label:'A',key:1,properties:{key:1}}]}", "key"},
        {"{edges:[{type:'e',from:'A:1'}]}",
         "edges[0]: an edge has a type, from and to"},
        {"{edges:[{type:'e',from:'A',to:'A:1'}]}",
         "edges[0].from: a node is written \"Label:key\""},
        {"{edges:[{type:'e',from:{label:'A'},to:'A:1'}]}",
         "edges[0].from: a node has a label and a key"},
        {"{edges:[{type:'e',from:{label:'A',key:1,x:1},to:'A:1'}]}",
         "edges[0].from.x: a node has no 'x'"},
        {"{edges:[{type:'e',from:'A:1',to:'A:2',time:'soon'}]}",
         "edges[0].time: 'soon' is no time; write it as 2026-11-24T10:00Z"},
        {"{edges:[{type:'e',from:'A:1',to:'A:2',time:true}]}",
         "edges[0].time: a time is an integer"},
        {"{edges:[{type:'e',from:'A:1',to:'A:2',time:1},{type:'e',from:'A:1',to:'A:2'}]"
         "}",
         "edges[1].type: this e has no time and the first one has one; give it as "
         "`time`"},
        {"{edges:[{type:'e',from:'A:1',to:'A:2',tme:1}]}",
         "edges[0].tme: an edge has no 'tme'; did you mean 'time'?"},
        {"{edges:[{type:'A',from:'A:1',to:'A:2'}]}", "A"},
        {"{nodes:[{label:'A',key:1,properties:{a:1152921504606846977}},{label:'A',key:"
         "2,"
         "properties:{a:0.5}}]}",
         "nodes[0].properties.a: '1152921504606846977' is beyond +-2^53"},
        {"{nodes:[{label:'A',key:1,properties:{a:'\xff'}}]}",
         "nodes[0].properties.a: '\\xff' is not UTF-8"},
    };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        cordon_snapshot *snapshot;

        ck_assert_msg(cordon_snapshot_from_value(&snapshot, graph_of(bad[i].text),
                                                 &options, &err) == CORDON_E_DATA,
                      "%s is taken", bad[i].text);
        ck_assert_ptr_null(snapshot);
        ck_assert_msg(strstr(err.message, bad[i].says) != NULL, "%s\n%s\n%s",
                      bad[i].text, bad[i].says, err.message);
    }
}
END_TEST

START_TEST(limits__hold)
{
    cordon_snapshot *snapshot;

    options.max_nodes = 1;
    ck_assert_int_eq(
        cordon_snapshot_from_value(&snapshot, graph_of(BANK), &options, &err),
        CORDON_E_DATA);
    ck_assert_str_eq(err.message, "nodes: 3 nodes; at most 1 are taken");
    options.max_nodes = 3;
    options.max_edges = 2;
    ck_assert_int_eq(
        cordon_snapshot_from_value(&snapshot, graph_of(BANK), &options, &err),
        CORDON_E_DATA);
    ck_assert_str_eq(err.message, "edges: 3 edges; at most 2 are taken");
    options.max_edges = 3;
    options.max_bytes = 100;
    ck_assert_int_eq(
        cordon_snapshot_from_value(&snapshot, graph_of(BANK), &options, &err),
        CORDON_E_DATA);
    ck_assert(strstr(err.message, "bytes; at most 100 are taken"));
    options.struct_size = 3;
    ck_assert_int_eq(
        cordon_snapshot_from_value(&snapshot, graph_of(BANK), &options, &err),
        CORDON_E_INVALID);
    ck_assert_int_eq(cordon_snapshot_from_value(NULL, graph_of(BANK), NULL, NULL),
                     CORDON_E_INVALID);
    ck_assert_int_eq(cordon_snapshot_from_value(&snapshot, NULL, NULL, NULL),
                     CORDON_E_INVALID);
}
END_TEST

/* Bytes that were changed after they were checked: an error or a graph, never a fault. */
START_TEST(bytes__may_change_underneath)
{
    size_t length;

    (void)graph_of(BANK);
    length = bytes.length;
    for (size_t at = 0; at < length; at++) {
        for (int bit = 0; bit < 8; bit++) {
            unsigned char *copy = cdn_unit_exact(bytes.data, length);
            cordon_snapshot *snapshot;
            cordon_value view;

            ck_assert(!cordon_value_parse(&view, copy, length, NULL));
            copy[at] ^= (unsigned char)(1 << bit);
            if (cordon_snapshot_from_value(&snapshot, &view, NULL, &err))
                ck_assert_ptr_null(snapshot);
            else
                cordon_snapshot_release(snapshot);
            free(copy);
        }
    }
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(from_value__survives_every_allocation_failure)
{
    (void)graph_of(BANK);
    CDN_UNIT_FAILALLOC(nth)
    {
        cordon_snapshot *snapshot;
        cordon_status status =
            cordon_snapshot_from_value(&snapshot, &value, &options, &err);

        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        cordon_snapshot_release(snapshot);
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("inline");

    CDN_UNIT_CASE_IN(s, value__becomes_a_graph, setup, teardown);
    CDN_UNIT_CASE_IN(s, identity__is_the_contents, setup, teardown);
    CDN_UNIT_CASE_IN(s, schema__has_to_fit, setup, teardown);
    CDN_UNIT_CASE_IN(s, faults__say_where, setup, teardown);
    CDN_UNIT_CASE_IN(s, limits__hold, setup, teardown);
    CDN_UNIT_CASE_IN(s, bytes__may_change_underneath, setup, teardown);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE_IN(s, from_value__survives_every_allocation_failure, setup, teardown);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
