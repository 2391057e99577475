#include "unit/sandbox/fixture.h"

#include "sandbox/operands.h"
#include "sandbox/state.h"

static struct fixture fixture;

/* What the last run of a chunk used. */
static uint64_t used_by(const char *source)
{
    struct cdn_image *image = fixture_image_with(&fixture, fixture_build_bare, source);
    uint64_t used;

    ck_assert_msg(fixture_run(&fixture, image, NULL) == CDN_RUN_OK, "%s: %s", source,
                  cdn_slot_message(fixture.slot, NULL, NULL));
    used = cdn_slot_instructions(fixture.slot);
    cdn_image_free(image);
    return used;
}

START_TEST(operators__are_found_in_this_luajit)
{
    static const enum cdn_operator forms[] = {CDN_OPERATOR_CONCAT, CDN_OPERATOR_COMPARE,
                                              CDN_OPERATOR_BOTH,   CDN_OPERATOR_LEFT,
                                              CDN_OPERATOR_ONE,    CDN_OPERATOR_LOOP};
    static const int opcodes[] = {1, 4, 6, 10, 1, 1};

    fixture_open(&fixture);
    ck_assert(fixture.slot->operands.known);
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        int found = 0;

        for (int opcode = 0; opcode < 256; opcode++)
            found += fixture.slot->operands.operator[opcode] ==(unsigned char) forms[i];
        ck_assert_int_eq(found, opcodes[i]);
    }
    cdn_slot_free(fixture.slot);
}
END_TEST

START_TEST(proof__comes_out_the_same_in_every_slot)
{
    struct cdn_operands first;

    fixture_open(&fixture);
    first = fixture.slot->operands;
    cdn_slot_free(fixture.slot);
    for (int i = 0; i < 4; i++) {
        fixture_open(&fixture);
        ck_assert_mem_eq(&first, &fixture.slot->operands, sizeof first);
        cdn_slot_free(fixture.slot);
    }
}
END_TEST

/* The making of a long string is in both; what comes after differs by exactly one operator
 * and its bytes. */
START_TEST(bytes__are_charged_exactly)
{
    static const struct {
        const char *without, *with;
        uint64_t more;
    } cases[] = {
        {"local s = ('x'):rep(32000) local a = s",
         "local s = ('x'):rep(32000) local a = s .. ''", 3 + 1000 - 1},
        {"local s = ('x'):rep(32000) local a = s",
         "local s = ('x'):rep(32000) local a = s .. s .. s .. s .. 1", 6 + 4000 - 1},
        /* to the first difference, in steps of 4096 */
        {"local s, t = ('x'):rep(64000), ('y'):rep(64000)",
         "local s, t = ('x'):rep(64000), ('y'):rep(64000) local a = s < t",
         5 + 4096 / 32 - 1},
        {"local s, t = ('x'):rep(3200), ('x'):rep(32000)",
         "local s, t = ('x'):rep(3200), ('x'):rep(32000) local a = s < t",
         5 + 3200 / 32 - 1},
        {"local s = ('x'):rep(32000)", "local s = ('x'):rep(32000) local a = s < s", 4},
        /* tables, numbers and booleans have no bytes */
        {"local s, t = ('x'):rep(32000), {}",
         "local s, t = ('x'):rep(32000), {} local a = t == s", 5 - 1},
        {"local s = ('x'):rep(32000) local a = 1",
         "local s = ('x'):rep(32000) local a = 1 a = a + 1", 1},
    };

    fixture_open(&fixture);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t without = used_by(cases[i].without), with = used_by(cases[i].with);
        uint64_t more = with - without;

        ck_assert_msg(more + 4 >= cases[i].more && more <= cases[i].more + 4,
                      "%s: %llu more, not %llu", cases[i].with,
                      (unsigned long long)more, (unsigned long long)cases[i].more);
    }
    cdn_slot_free(fixture.slot);
}
END_TEST

/* Rules without long strings pay nothing and are not looked at. */
START_TEST(short_strings__are_one_instruction)
{
    fixture_open(&fixture);
    uint64_t number =
        used_by("local s, a = ('x'):rep(1000), 1 for i = 1, 50 do a = i + i end");
    uint64_t joined =
        used_by("local s, a = ('x'):rep(1000), 1 for i = 1, 50 do a = s .. i end");

    ck_assert_uint_eq(joined, number + 2 * 50); /* two operands to move */
    ck_assert(!fixture.slot->single);
    cdn_slot_free(fixture.slot);
}
END_TEST

/* Where the hook would have fired without it does not matter: the count depends on what was
 * run alone, with much time left or little. */
START_TEST(count__does_not_depend_on_the_time_left)
{
    static const char source[] = "local s, t = 'x', nil\n"
                                 "for i = 1, 14 do s = s .. s end\n"
                                 "for i = 1, 30 do t = s .. i end\n"
                                 "for i = 1, 2500 do local u = i .. 'k' end\n"
                                 "return t > s";

    fixture_open(&fixture);
    ck_assert_uint_gt(fixture_counts_alike(&fixture, source, 20), 30 * 16384 / 32);
    cdn_slot_free(fixture.slot);
}
END_TEST

START_TEST(budget__ends_joining)
{
    struct cdn_budget budget = fixture_budget;
    struct cdn_image *image;

    fixture_open(&fixture);
    budget.instructions = 100000;
    image = fixture_image_with(&fixture, fixture_build_bare,
                               "local s = ('x'):rep(32000)\n"
                               "for i = 1, 1e9 do local t = s .. 'y' end");
    ck_assert_int_eq(fixture_run(&fixture, image, &budget), CDN_RUN_STOPPED);
    ck_assert_int_eq(cdn_slot_meter(fixture.slot)->stop, CDN_STOP_INSTRUCTIONS);
    cdn_image_free(image);
    cdn_slot_free(fixture.slot);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("operands");

    CDN_UNIT_CASE(s, operators__are_found_in_this_luajit);
    CDN_UNIT_CASE(s, proof__comes_out_the_same_in_every_slot);
    CDN_UNIT_CASE(s, bytes__are_charged_exactly);
    CDN_UNIT_CASE(s, short_strings__are_one_instruction);
    CDN_UNIT_CASE(s, count__does_not_depend_on_the_time_left);
    CDN_UNIT_CASE(s, budget__ends_joining);
    return s;
}

CDN_UNIT_MAIN(suite)
