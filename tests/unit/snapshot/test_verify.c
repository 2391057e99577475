/* Verification of faults that have good checksums: a writer's faults.  Each test changes a
 * handle's view of one array and expects the finding that names it. */
#include "support/unit.h"

#include <math.h>

#include "base/alloc.h"
#include "snapshot/snapshot.h"
#include "snapshot/verify.h"
#include "support/fixture.h"

struct findings {
    char text[8192];
};

static void collect(void *ud, const char *finding)
{
    struct findings *findings = ud;
    size_t length = strlen(findings->text);

    (void)snprintf(findings->text + length, sizeof(findings->text) - length, "%s\n",
                   finding);
}

/* Verify a view and expect findings that contain `with`. */
static void found(const cordon_snapshot *view, const char *with)
{
    struct findings findings = {{0}};
    uint64_t count;

    ck_assert_int_eq(cdn_verify_view(view, collect, &findings, &count, NULL),
                     CORDON_OK);
    ck_assert_uint_gt(count, 0);
    ck_assert_msg(strstr(findings.text, with) != NULL, "'%s' lacks '%s'", findings.text,
                  with);
}

/* A copy of the handle whose labels and relations can be changed. */
struct view {
    cordon_snapshot *real;
    cordon_snapshot snapshot;
    struct cdn_label_data labels[8];
    struct cdn_relation relations[8];
    struct cdn_column columns[16];
};

static void view_init(struct view *view)
{
    view->real = cdn_fixture_bank_open();
    ck_assert_int_eq(cordon_snapshot_warm(view->real, NULL), CORDON_OK);
    view->snapshot = *view->real;
    memcpy(view->labels, view->real->labels,
           view->real->label_count * sizeof(*view->labels));
    memcpy(view->relations, view->real->relations,
           view->real->relation_count * sizeof(*view->relations));
    view->snapshot.labels = view->labels;
    view->snapshot.relations = view->relations;
}

static uint32_t relation_of(const struct view *view, const char *type)
{
    uint32_t r = 0;

    while (strcmp(view->relations[r].schema->type, type) != 0)
        r++;
    return r;
}

/* Private copies of one-block arrays. */
static const void *one(void *array)
{
    static const void *blocks[8];
    static int next;

    next = (next + 1) % 8;
    blocks[next] = array;
    return &blocks[next];
}

START_TEST(verify__finds_nothing_in_a_good_file)
{
    cordon_snapshot *snapshot = cdn_fixture_bank_open();
    struct findings findings = {{0}};
    uint64_t count;

    ck_assert_int_eq(cdn_snapshot_verify(snapshot, collect, &findings, &count, NULL),
                     CORDON_OK);
    ck_assert_str_eq(findings.text, "");
    ck_assert_uint_eq(count, 0);
    cordon_snapshot_release(snapshot);
}
END_TEST

START_TEST(verify__finds_nothing_in_graphs_of_every_shape)
{
    static const uint32_t SHAPES[][3] = {{0, 0, 16}, {1, 0, 16},   {1, 5, 1},
                                         {50, 0, 3}, {64, 300, 6}, {200, 900, 2}};

    for (size_t i = 0; i < sizeof(SHAPES) / sizeof(SHAPES[0]); i++) {
        char path[300];
        cordon_snapshot *snapshot;
        struct findings findings = {{0}};
        uint64_t count;

        cdn_fixture_random(cdn_fixture_path(path, sizeof(path)), SHAPES[i][0],
                           SHAPES[i][1], i + 1, SHAPES[i][2]);
        snapshot = cdn_fixture_open(path);
        ck_assert_int_eq(
            cdn_snapshot_verify(snapshot, collect, &findings, &count, NULL), CORDON_OK);
        ck_assert_str_eq(findings.text, "");
        ck_assert_uint_eq(cordon_snapshot_edge_count(snapshot), 2 * SHAPES[i][1]);
        cordon_snapshot_release(snapshot);
        cdn_fixture_remove(path);
    }
}
END_TEST

START_TEST(keys__must_ascend)
{
    struct view view;
    int64_t keys[10];

    view_init(&view);
    memcpy(keys, view.labels[0].integer_keys[0], sizeof(keys));
    view.labels[0].integer_keys = one(keys);
    keys[4] = keys[3];
    found(&view.snapshot, "Account keys: key 4: it is not above the one before");
    keys[4] = keys[5] + 1;
    found(&view.snapshot, "Account keys: key 5: it is not above the one before");
    cordon_snapshot_release(view.real);
}
END_TEST

START_TEST(text_keys__must_ascend_and_be_utf8)
{
    struct view view;
    unsigned char heap[16];
    uint32_t offsets[4];

    view_init(&view);
    memcpy(heap, view.labels[3].text_keys.heap[0], 9); /* annbobcid */
    memcpy(offsets, view.labels[3].text_keys.values[0], sizeof(offsets));
    view.labels[3].text_keys.heap = one(heap);
    view.labels[3].text_keys.values = one(offsets);
    heap[3] = 'a';
    heap[4] = 'a';
    found(&view.snapshot, "Person keys: key 1: it is not above the one before");
    heap[3] = 0xff;
    found(&view.snapshot, "Person keys: key 1: it is not UTF-8");
    heap[3] = 'b';
    heap[4] = 'o';
    offsets[1] = 7;
    found(&view.snapshot, "Person keys: key 1: its offsets do not ascend");
    offsets[1] = 3;
    offsets[3] = 8;
    found(&view.snapshot, "Person keys, block 0: offsets do not cover the heap");
    cordon_snapshot_release(view.real);
}
END_TEST

static struct cdn_column *own_columns(struct view *view, uint32_t label)
{
    memcpy(view->columns, view->labels[label].columns,
           view->labels[label].schema->property_count * sizeof(*view->columns));
    view->labels[label].columns = view->columns;
    return view->columns;
}

START_TEST(columns__must_hold_what_their_type_says)
{
    struct view view;
    struct cdn_column *columns;
    int at;

    view_init(&view);
    columns = own_columns(&view, 0);
    for (at = 0; columns[at].property->type != CDN_COLUMN_BOOL; at++)
        ;
    {
        uint8_t values[10] = {0, 0, 2};
        const void *const *kept = columns[at].values;

        columns[at].values = one(values);
        found(&view.snapshot, "isBlocked, block 0, value 2: a bool that is neither");
        columns[at].values = kept;
    }
    for (at = 0; columns[at].property->type != CDN_COLUMN_FLOAT64; at++)
        ;
    {
        double values[10];
        const void *const *kept = columns[at].values;

        memcpy(values, kept[0], sizeof(values));
        columns[at].values = one(values);
        values[3] = INFINITY;
        found(&view.snapshot,
              "balance, block 0, value 3: a float64 that is not finite");
        values[3] = 1000;
        found(&view.snapshot, "balance: values from 10.5 to 1000, metadata says 10.5");
        columns[at].values = kept;
    }
    for (int i = 0; columns[i].property; i++) {
        uint8_t values[10];
        const void *const *kept = columns[i].values;

        if (strcmp(columns[i].property->name, "risk") != 0)
            continue;
        memcpy(values, kept[0], sizeof(values)); /* what it is above 10, at most 100 */
        columns[i].values = one(values);
        values[3] = 91;
        found(&view.snapshot, "risk, block 0, value 3: a value beyond the maximum");
        memcpy(values, kept[0], sizeof(values));
        values[9] = 80; /* the largest is gone */
        found(&view.snapshot, "risk: values from 10 to 90, metadata says 10 to 100");
        columns[i].values = kept;
        break;
    }
    columns[at].nulls = 3;
    found(&view.snapshot, "balance: 0 nulls, metadata says 3");
    cordon_snapshot_release(view.real);
}
END_TEST

START_TEST(strings__must_lie_in_a_sorted_dictionary)
{
    struct view view;
    struct cdn_column *columns;
    int at;
    uint32_t codes[10];
    uint64_t present;
    char bytes[16];
    const char *entries[] = {bytes};

    view_init(&view);
    columns = own_columns(&view, 0);
    for (at = 0; strcmp(columns[at].property->name, "nickname") != 0; at++)
        ;
    memcpy(codes, columns[at].values[0], sizeof(codes));
    memcpy(&present, columns[at].present[0], sizeof(present));
    columns[at].values = one(codes);
    codes[1] = 5;
    found(&view.snapshot, "nickname, block 0, value 1: an index beyond the dictionary");
    memcpy(codes, view.real->labels[0].columns[at].values[0], sizeof(codes));
    codes[0] = 1;
    found(&view.snapshot, "nickname, block 0, value 0: a null that is not 0");
    codes[0] = 0;
    columns[at].present = one(&present);
    present |= UINT64_C(1) << 10;
    found(&view.snapshot, "nickname, block 0: present bits beyond the last value");
    for (at = 0; strcmp(columns[at].property->name, "kind") != 0; at++)
        ;
    memcpy(bytes, columns[at].dictionary.bytes[0], 15); /* cardloansavings */
    columns[at].dictionary.bytes = entries;
    bytes[4] = 'a';
    found(&view.snapshot, "kind: dictionary entry 1: it is not above the one before");
    bytes[4] = (char)0xc3;
    found(&view.snapshot, "kind: dictionary entry 1: it is not UTF-8");
    columns[at].dictionary.size = 16;
    found(&view.snapshot, "kind: the dictionary's offsets do not cover it");
    cordon_snapshot_release(view.real);
}
END_TEST

START_TEST(heaps__must_hold_text_and_msgpack)
{
    struct view view;
    struct cdn_column *columns;
    unsigned char heap[64];
    int at;

    view_init(&view);
    columns = own_columns(&view, 0);
    for (at = 0; columns[at].property->type != CDN_COLUMN_BAG; at++)
        ;
    memcpy(heap, columns[at].heap[0], columns[at].heap_bytes[0]);
    columns[at].heap = one(heap);
    heap[0] = 0x82;
    found(&view.snapshot, "bag, block 0, value 1: a bag that is not one msgpack value");
    heap[0] = 0x81;
    for (at = 0; columns[at].property->type != CDN_COLUMN_TEXT; at++)
        ;
    memcpy(heap, columns[at].heap[0], columns[at].heap_bytes[0]);
    columns[at].heap = one(heap);
    heap[0] = 0xfe;
    found(&view.snapshot, "note, block 0, value 0: text that is not UTF-8");
    cordon_snapshot_release(view.real);
}
END_TEST

START_TEST(lists__must_be_in_order)
{
    struct view view;
    struct cdn_relation *relation;
    uint32_t offsets[11];
    uint32_t peers[12];
    int64_t times[12];
    const struct cdn_adjacency *real;

    view_init(&view);
    relation = &view.relations[relation_of(&view, "transfer")];
    real = &view.real->relations[relation_of(&view, "transfer")].outgoing;
    memcpy(offsets, real->offsets[0], sizeof(offsets));
    memcpy(peers, real->peers[0], sizeof(peers));
    memcpy(times, real->times[0], sizeof(times));
    relation->outgoing.offsets = one(offsets);
    relation->outgoing.peers = one(peers);
    relation->outgoing.times = one(times);
    times[1] = times[0] - 1;
    found(&view.snapshot, "outgoing, block 0, list 0: times that descend");
    found(&view.snapshot, "incoming, block 0, edge 4: another time than its outgoing");
    times[1] = real->times[0][1];
    peers[2] = 4;
    found(&view.snapshot, "list 0: peers of one time that descend");
    found(&view.snapshot, "other ends than its outgoing edge");
    peers[2] = 99;
    found(&view.snapshot, "list 0: a peer that is no node of its label");
    peers[2] = real->peers[0][2];
    offsets[1] = 13;
    found(&view.snapshot, "list 0: offsets that do not ascend within the block");
    offsets[1] = real->offsets[0][1];
    offsets[10] = 11;
    found(&view.snapshot, "outgoing, block 0: offsets do not cover the edges");
    offsets[10] = 12;
    relation->outgoing.longest = 6;
    found(&view.snapshot, "8 nodes with edges, at most 5 each; metadata says 8 and 6");
    cordon_snapshot_release(view.real);
}
END_TEST

START_TEST(directions__must_agree)
{
    struct view view;
    struct cdn_relation *relation;
    const struct cdn_adjacency *real;
    uint64_t ids[12];
    double amounts[12];

    view_init(&view);
    relation = &view.relations[relation_of(&view, "transfer")];
    real = &view.real->relations[relation_of(&view, "transfer")].incoming;
    memcpy(ids, real->ids[0], sizeof(ids));
    relation->incoming.ids = one(ids);
    ids[4] = ids[3];
    found(&view.snapshot, "edge 4: an id that another edge has too");
    ids[4] = real->ids[0][4];
    ids[3] = 12;
    found(&view.snapshot, "an id that is no edge's");
    ids[3] = real->ids[0][3];
    memcpy(view.columns, real->columns, 4 * sizeof(*view.columns));
    memcpy(amounts, real->columns[0].values[0], sizeof(amounts));
    amounts[5] += 1;
    view.columns[0].values = one(amounts);
    relation->incoming.columns = view.columns;
    found(
        &view.snapshot,
        "incoming, block 0, edge 5: a property that differs from its outgoing edge's");
    cordon_snapshot_release(view.real);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(verify__survives_every_allocation_failure)
{
    cordon_snapshot *snapshot = cdn_fixture_bank_open();

    CDN_UNIT_FAILALLOC(nth)
    {
        uint64_t count;
        cordon_status status = cdn_snapshot_verify(snapshot, NULL, NULL, &count, NULL);

        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
    }
    cordon_snapshot_release(snapshot);
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("verify");

    CDN_UNIT_CASE(s, verify__finds_nothing_in_a_good_file);
    CDN_UNIT_CASE(s, verify__finds_nothing_in_graphs_of_every_shape);
    CDN_UNIT_CASE(s, keys__must_ascend);
    CDN_UNIT_CASE(s, text_keys__must_ascend_and_be_utf8);
    CDN_UNIT_CASE(s, columns__must_hold_what_their_type_says);
    CDN_UNIT_CASE(s, strings__must_lie_in_a_sorted_dictionary);
    CDN_UNIT_CASE(s, heaps__must_hold_text_and_msgpack);
    CDN_UNIT_CASE(s, lists__must_be_in_order);
    CDN_UNIT_CASE(s, directions__must_agree);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, verify__survives_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
