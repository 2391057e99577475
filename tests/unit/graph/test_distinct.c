/* Growing sets of nodes: table, growth, bitmap. */
#include "graph/distinct.h"
#include "oracle.h"

struct job {
    uint32_t nodes;
    uint32_t adds;
    uint32_t expected;
    bool became_bitmap;
    uint32_t count;
};

static int add_many(lua_State *L)
{
    struct job *job = ((struct harness *)cdn_slot_host(L))->ud;
    unsigned char *seen = calloc(job->nodes, 1);
    struct cdn_distinct distinct;
    uint64_t state = job->nodes;
    uint32_t count = 0;

    MUST(seen != NULL);
    cdn_distinct_init(&distinct, L, job->nodes, job->expected);
    for (uint32_t i = 0; i < job->adds; i++) {
        uint32_t node = (uint32_t)(oracle_random(&state) % job->nodes);

        MUST(cdn_distinct_add(&distinct, node) == !seen[node]);
        count += !seen[node];
        seen[node] = 1;
    }
    MUST(distinct.count == count);
    job->became_bitmap = distinct.bitmap != NULL;
    job->count = count;
    free(seen);
    return 0;
}

START_TEST(add__agrees_with_a_byte_map)
{
    static const struct job jobs[] = {
        {.nodes = 1, .adds = 10},
        {.nodes = 33, .adds = 500},
        {.nodes = 1000, .adds = 5000},
        {.nodes = 1000000, .adds = 20, .expected = 20},
        {.nodes = 1000000, .adds = 3000, .expected = 0},
        {.nodes = 1000000, .adds = 60000, .expected = 8192},
    };
    static const bool bitmap[] = {false, true, true, false, false, true};
    struct harness *h = harness_new(cdn_fixture_bank_open(), "Account");

    for (int i = 0; i < CDN_UNIT_COUNT(jobs); i++) {
        struct job job = jobs[i];

        ck_assert_str_eq(harness_call(h, add_many, &job), "");
        ck_assert_uint_gt(job.count, 0);
        ck_assert_int_eq(job.became_bitmap, bitmap[i]);
    }
    harness_free(h);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("distinct");

    CDN_UNIT_CASE(s, add__agrees_with_a_byte_map);
    return s;
}

CDN_UNIT_MAIN(suite)
