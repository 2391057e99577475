/* Drawing nodes by degree class: exact populations, the same nodes for the same seed. */
#include "support/unit.h"

#include "base/alloc.h"
#include "cli/bench/sample.h"
#include "support/fixture.h"

enum { NODES = 700 };

static char path[256];
static cordon_snapshot *snapshot;
static struct cdn_names names;
static struct cdn_sample_reads reads;

static void key_of(char out[16], unsigned number)
{
    snprintf(out, 16, "%u", number);
}

/* Nodes 1 to NODES: node n pays the next n % 12 ones, and with n % 100 = 0 a hundred; every
 * edge at the time of its number.  `other` is read by nobody. */
static void setup(void)
{
    struct cdn_fixture *fixture = cdn_fixture_new(cdn_fixture_path(path, sizeof(path)));
    char from[16], to[16];

    cdn_fixture_block_shift(fixture, 6);
    cdn_fixture_label(fixture, "Account", CDN_KEY_INT64, "");
    cdn_fixture_label(fixture, "Shop", CDN_KEY_INT64, "");
    cdn_fixture_relation(fixture, "pays", "Account", "Account", "ts:timestamp!");
    cdn_fixture_relation(fixture, "other", "Account", "Shop", "");
    cdn_fixture_node(fixture, "Shop", "1");
    for (unsigned n = 1; n <= NODES; n++) {
        key_of(from, n);
        cdn_fixture_node(fixture, "Account", from);
    }
    for (unsigned n = 1; n <= NODES; n++) {
        key_of(from, n);
        for (unsigned i = 0; i < (n % 100 ? n % 12 : 100); i++) {
            key_of(to, (n + i) % NODES + 1);
            cdn_fixture_edge(fixture, "pays", "Account", from, "Account", to,
                             CDN_INT("ts", 1000 + i));
        }
        cdn_fixture_edge(fixture, "other", "Account", from, "Shop", "1");
    }
    cdn_fixture_finish(fixture);
    snapshot = cdn_fixture_open(path);
    memset(&names, 0, sizeof(names));
    ck_assert_int_eq(cdn_names_add(&names, "pays", NULL, NULL), CORDON_OK);
    ck_assert_int_eq(cdn_names_finish(&names, NULL), CORDON_OK);
    cdn_sample_reads(&reads, &names, snapshot);
}

static void teardown(void)
{
    cordon_snapshot_release(snapshot);
    cdn_fixture_remove(path);
}

static void draw(struct cdn_sample *out, int64_t as_of, uint64_t seed, size_t per_class)
{
    ck_assert_int_eq(
        cdn_sample_draw(out, snapshot, &reads, 0, as_of, seed, per_class, NULL),
        CORDON_OK);
}

START_TEST(reads__take_labels_at_the_ends_where_none_is_named)
{
    ck_assert_uint_eq(reads.label_count, 1);
    ck_assert_uint_eq(reads.labels[0], 0);
    ck_assert_int_eq(reads.latest_ms, 1099);
    ck_assert_int_eq(cdn_names_add(&names, "Shop", NULL, NULL), CORDON_OK);
    ck_assert_int_eq(cdn_names_finish(&names, NULL), CORDON_OK);
    cdn_sample_reads(&reads, &names, snapshot);
    ck_assert_uint_eq(reads.label_count, 1);
    ck_assert_uint_eq(reads.labels[0], 1);
}
END_TEST

START_TEST(reads__of_nothing_have_no_time)
{
    struct cdn_names nothing = {0};

    ck_assert_int_eq(cdn_names_finish(&nothing, NULL), CORDON_OK);
    cdn_sample_reads(&reads, &nothing, snapshot);
    ck_assert_uint_eq(reads.label_count, 0);
    ck_assert_int_eq(reads.latest_ms, INT64_MIN);
}
END_TEST

/* Against a count of the edges one by one, in both directions. */
START_TEST(degree__is_of_both_directions_until_as_of)
{
    static const int64_t moments[] = {INT64_MIN, 0, 1000, 1005, 1050, 2000};

    for (int m = 0; m < CDN_UNIT_COUNT(moments); m++) {
        static uint64_t wanted[NODES + 1];

        memset(wanted, 0, sizeof(wanted));
        for (unsigned n = 1; n <= NODES; n++) {
            for (unsigned i = 0; i < (n % 100 ? n % 12 : 100); i++) {
                if (moments[m] != INT64_MIN && 1000 + (int64_t)i > moments[m])
                    continue;
                wanted[n]++;
                wanted[(n + i) % NODES + 1]++;
            }
        }
        for (unsigned n = 1; n <= NODES; n++) {
            uint64_t degree;
            char key[16];

            key_of(key, n);
            ck_assert_int_eq(
                cdn_sample_degree(&degree, snapshot, &reads,
                                  cdn_fixture_find(snapshot, "Account", key),
                                  moments[m], NULL),
                CORDON_OK);
            ck_assert_uint_eq(degree, wanted[n]);
        }
    }
}
END_TEST

START_TEST(draw__counts_every_node_and_draws_no_more_than_asked)
{
    struct cdn_sample sample;
    uint64_t total = 0, drawn = 0;

    draw(&sample, INT64_MIN, 1, 5);
    for (unsigned i = 0; i < CDN_SAMPLE_CLASSES; i++) {
        total += sample.population[i];
        drawn += sample.drawn[i];
        ck_assert_uint_eq(sample.drawn[i],
                          sample.population[i] < 5 ? sample.population[i] : 5);
    }
    ck_assert_uint_eq(total, NODES);
    ck_assert_uint_eq(drawn, sample.count);
    ck_assert_uint_ge(sample.population[3], 7); /* the ones that pay a hundred */
    for (size_t i = 1; i < sample.count; i++) {
        unsigned before = cdn_sample_class(sample.nodes[i - 1].degree);
        unsigned here = cdn_sample_class(sample.nodes[i].degree);

        ck_assert_uint_le(before, here);
        if (before == here)
            ck_assert_uint_lt(sample.nodes[i - 1].node, sample.nodes[i].node);
    }
    cdn_sample_deinit(&sample);
}
END_TEST

static bool holds(const struct cdn_sample *sample, uint32_t node)
{
    for (size_t i = 0; i < sample->count; i++) {
        if (sample->nodes[i].node == node)
            return true;
    }
    return false;
}

START_TEST(draw__is_the_same_for_a_seed_and_grows_with_the_size)
{
    struct cdn_sample once, again, other, more, all;
    size_t moved = 0;

    draw(&once, INT64_MIN, 7, 20);
    draw(&again, INT64_MIN, 7, 20);
    draw(&other, INT64_MIN, 8, 20);
    draw(&more, INT64_MIN, 7, 60);
    draw(&all, INT64_MIN, 7, NODES);
    ck_assert_uint_eq(once.count, again.count);
    ck_assert_uint_eq(once.count, other.count);
    ck_assert_uint_eq(all.count, NODES);
    for (size_t i = 0; i < once.count; i++) {
        ck_assert_uint_eq(once.nodes[i].node, again.nodes[i].node);
        moved += once.nodes[i].node != other.nodes[i].node;
        ck_assert(holds(&more, once.nodes[i].node));
    }
    ck_assert_uint_gt(moved, 0);
    cdn_sample_deinit(&once);
    cdn_sample_deinit(&again);
    cdn_sample_deinit(&other);
    cdn_sample_deinit(&more);
    cdn_sample_deinit(&all);
}
END_TEST

START_TEST(draw__sorts_into_classes_as_of_a_moment)
{
    struct cdn_sample sample;

    draw(&sample, 999, 1, 3);
    ck_assert_uint_eq(sample.population[0], NODES);
    ck_assert_uint_eq(sample.count, 3);
    cdn_sample_deinit(&sample);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(draw__survives_every_allocation_failure)
{
    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_sample sample;
        cordon_status status =
            cdn_sample_draw(&sample, snapshot, &reads, 0, INT64_MIN, 1, 100, NULL);

        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        cdn_sample_deinit(&sample);
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("sample");

    CDN_UNIT_CASE_IN(s, reads__take_labels_at_the_ends_where_none_is_named, setup,
                     teardown);
    CDN_UNIT_CASE_IN(s, reads__of_nothing_have_no_time, setup, teardown);
    CDN_UNIT_CASE_IN(s, degree__is_of_both_directions_until_as_of, setup, teardown);
    CDN_UNIT_CASE_IN(s, draw__counts_every_node_and_draws_no_more_than_asked, setup,
                     teardown);
    CDN_UNIT_CASE_IN(s, draw__is_the_same_for_a_seed_and_grows_with_the_size, setup,
                     teardown);
    CDN_UNIT_CASE_IN(s, draw__sorts_into_classes_as_of_a_moment, setup, teardown);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE_IN(s, draw__survives_every_allocation_failure, setup, teardown);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
