#include "rule/ruling.h"

#include <dirent.h>

#include "base/alloc.h"
#include "base/file.h"
#include "isolation/read.h"
#include "misbehaving.h"
#include "sandbox/config.h"

/* WORKER and MISBEHAVING are programs, RULES the folder of the rules here. */
static const struct cdn_wall_options options = {
    .program = WORKER,
    .image_bytes = UINT64_C(1) << 20,
    .memory_bytes = UINT64_C(4) << 20,
    .room_bytes = UINT64_C(256) << 20,
    .held_bytes = UINT64_C(200) << 20,
    .cpu_s = 60,
    .start_ns = UINT64_C(60000000000),
    .load = {.instructions = 10 * 1000 * 1000,
             .memory_bytes = UINT64_C(1) << 20,
             .edges = 1,
             .output_bytes = UINT64_C(1) << 20,
             .wall_ns = UINT64_C(600000000000)},
};

static cordon_status read_here(struct cdn_rule **out, const char *text, size_t bytes,
                               const char *file, struct cdn_findings *findings,
                               cordon_error *err)
{
    const struct cdn_slot_config config = {.image_bytes = (size_t)1 << 20,
                                           .memory_bytes = (size_t)4 << 20};
    struct cdn_slot *slot;
    cordon_status status;

    ck_assert(!cdn_slot_new(&slot, &config, err));
    status = cdn_rule_load(out, slot, text, bytes, file, &options.load, findings, err);
    cdn_slot_free(slot);
    return status;
}

/* What comes of the text is the same here and behind a wall, down to its last complaint. */
static void agree(const char *text, size_t bytes, const char *file)
{
    struct cdn_findings here = {0}, there = {0};
    struct cdn_rule *a, *b;
    cordon_error why, reason;
    cordon_status status;

    cdn_error_clear(&why);
    cdn_error_clear(&reason);
    status = read_here(&a, text, bytes, file, &here, &why);
    ck_assert_msg(cdn_wall_read_rule(&b, CORDON_WALL_PROCESS, &options, text, bytes,
                                     file, &there, &reason) == status,
                  "%s: %s where %s", file, reason.message, why.message);
    ck_assert_str_eq(reason.message, why.message);
    ck_assert_str_eq(reason.file, why.file);
    ck_assert_uint_eq(reason.line, why.line);
    ck_assert_uint_eq(reason.column, why.column);
    ck_assert_uint_eq(there.count, here.count);
    for (uint32_t i = 0; i < here.count; i++) {
        ck_assert_str_eq(there.items[i].message, here.items[i].message);
        ck_assert_uint_eq(there.items[i].line, here.items[i].line);
    }
    ck_assert_int_eq(a == NULL, b == NULL);
    ck_assert_int_eq(a == NULL, status != CORDON_OK);
    if (a) {
        ck_assert_uint_eq(b->contract_hash, a->contract_hash);
        ck_assert_uint_eq(b->image_bytes, a->image_bytes);
        ck_assert_str_eq(b->name, a->name);
        ck_assert_str_eq(b->source, a->source);
        ck_assert_uint_eq(b->param_count, a->param_count);
        ck_assert_uint_eq(b->names.kind_count, a->names.kind_count);
        ck_assert_mem_eq(&b->limits, &a->limits, sizeof a->limits);
        ck_assert_mem_eq(b->decisions, a->decisions, sizeof a->decisions);
    }
    cdn_rule_free(a);
    cdn_rule_free(b);
    cdn_findings_deinit(&here);
    cdn_findings_deinit(&there);
}

static const char *const texts[] = {
    "return { name = 'a', fallback = 'none', evaluate = function() end }",
    "return { name = 'b', params = { n = { type = 'integer', default = 3 }, "
    "s = { type = 'string', choices = { 'x', 'y' } } }, decisions = { 'allow', 'deny' "
    "}, "
    "fallback = 'deny', limits = { instructions = 1e6, time = '5ms' }, "
    "reads = { Account = { 'amount' }, transfer = {} }, tags = { 'fraud' }, "
    "returns = { n = 'integer', s = 'string?' }, evaluate = function() end }",
    "",
    "return",
    "return 4",
    "return {",
    "return { name = 'x y', params = 3, decisions = { 'a', 'a' }, evaluate = 4, zz = 1 "
    "}",
    "return { [1] = 2, [{}] = 3, name = 'a' }",
    "return { name = 'a', fallback = 'none', evaluate = function() end, "
    "params = { a = function() end } }",
    "error('no')",
    "error({})",
    "while true do end",
    "local t = {} for i = 1, 1e6 do t[i] = {} end return t",
    "local s = ('x'):rep(300000) return { name = s }",
    "return { name = 'a', fallback = 'none', evaluate = function() end, "
    "description = ('x'):rep(70000) }",
    /* as many fields and complaints as there can be */
    "local t = { name = 'a' } for i = 1, 1000 do t['f' .. i] = i end return t",
    "local t = {} for i = 1, 200 do t['a' .. i] = 1 end return { name = 'a', params = "
    "t }",
    "goto out",
    "local a <const> = 1",
    "return setmetatable({}, {})",
    /* a rule once, but not when run again: which is seen when its image is built */
    "return { name = 'a', fallback = 'none', evaluate = print }",
};

START_TEST(read__comes_to_the_same_behind_a_wall)
{
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        agree(texts[i], strlen(texts[i]), "rule.lua");
    agree("\0\1\2", 3, "bytes.lua");
}
END_TEST

START_TEST(read__too_much_is_refused_before_anybody_is_started)
{
    static char text[CORDON_RULE_MAX_SOURCE_BYTES + 1];

    memset(text, ' ', sizeof text);
    agree(text, sizeof text, "long.lua");
}
END_TEST

/* All rules of a folder of RULES; how many. */
static uint32_t agree_all(const char *folder)
{
    char path[600];
    struct cdn_buf text = {0};
    const struct dirent *entry;
    uint32_t count = 0;
    DIR *dir;

    (void)snprintf(path, sizeof path, "%s/%s", RULES, folder);
    dir = opendir(path);
    ck_assert_msg(dir != NULL, "%s", path);
    while ((entry = readdir(dir))) {
        const char *dot = strrchr(entry->d_name, '.');

        if (!dot || strcmp(dot, ".lua"))
            continue;
        (void)snprintf(path, sizeof path, "%s/%s/%s", RULES, folder, entry->d_name);
        cdn_buf_clear(&text);
        ck_assert(!cdn_file_read(&text, path, CORDON_RULE_MAX_SOURCE_BYTES, NULL));
        agree((const char *)text.data, text.length, entry->d_name);
        count++;
    }
    closedir(dir);
    cdn_buf_deinit(&text);
    return count;
}

START_TEST(read__rules_here_are_the_same_behind_a_wall)
{
    ck_assert_uint_gt(agree_all("fraud"), 5);
    ck_assert_uint_gt(agree_all("recommend"), 0);
}
END_TEST

START_TEST(read__tables_come_to_the_same_behind_a_wall)
{
    static const char *const tables[] = {
        "return { 1, 2, { a = 'b', [3] = true } }",
        "return {}",
        "return 1",
        "return { function() end }",
        "return {",
        "error('no')",
        "while true do end",
        "local t = {} for i = 1, 1e7 do t[i] = 'x' .. i end return t",
    };

    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        const char *text = tables[i];
        struct cdn_buf here = {0}, there = {0};
        cordon_error why, reason;
        cordon_status status;

        cdn_error_clear(&why);
        cdn_error_clear(&reason);
        status = cdn_config_evaluate(&here, text, strlen(text), "set.lua", &why);
        ck_assert_msg(cdn_wall_read_table(&there, CORDON_WALL_PROCESS, &options, text,
                                          strlen(text), "set.lua", &reason) == status,
                      "%s: %s where %s", text, reason.message, why.message);
        ck_assert_str_eq(reason.message, why.message);
        ck_assert_uint_eq(reason.line, why.line);
        ck_assert_uint_eq(there.length, here.length);
        if (here.length)
            ck_assert_mem_eq(there.data, here.data, here.length);
        cdn_buf_deinit(&here);
        cdn_buf_deinit(&there);
    }
}
END_TEST

/* ---- a worker that a text has taken over ---- */

static const char honest[] =
    "return { name = 'honest', fallback = 'none', evaluate = function() end }";

static cordon_status read_lie(struct cdn_rule **out, int lie, cordon_error *err)
{
    struct cdn_wall_options with = options;
    char file[16];

    with.program = MISBEHAVING;
    with.load.wall_ns = UINT64_C(500000000);
    (void)snprintf(file, sizeof file, "lie:%d", lie);
    cdn_error_clear(err);
    return cdn_wall_read_rule(out, CORDON_WALL_PROCESS, &with, honest,
                              sizeof honest - 1, file, NULL, err);
}

static uint32_t descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    uint32_t count = 0;

    ck_assert(dir != NULL);
    while (readdir(dir))
        count++;
    closedir(dir);
    return count;
}

START_TEST(read__a_lie_is_a_text_that_does_not_load)
{
    static const int lies[] = {
        LIE_NO_FRAME, LIE_HUGE,  LIE_OUTSIDE_AREA, LIE_OUT_OF_TURN,  LIE_JUNK,
        LIE_EXIT,     LIE_CRASH, LIE_MEMORY,       LIE_FLOOD,        LIE_FAILED,
        LIE_FORK,     LIE_RING,  LIE_SCRIBBLE,     LIE_TRACE,        LIE_SILENCE,
        LIE_HALF,     LIE_SLEEP, LIE_AWAKE,        READ_NO_CONTRACT, READ_UNSORTED,
        READ_TWICE,   READ_CUT,  READ_KEYS,        READ_NO_IMAGE,    READ_LARGE_IMAGE,
        READ_TYPE,    READ_TABLE};
    uint32_t before = descriptors();

    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        struct cdn_rule *rule;
        cordon_error err;

        ck_assert_msg(read_lie(&rule, lies[i], &err) == CORDON_E_RULE, "lie %d: %s",
                      lies[i], err.message);
        ck_assert_ptr_null(rule);
        ck_assert_msg(strstr(err.message, "the worker that read it behind the wall "
                                          "'process'") == err.message,
                      "lie %d: %s", lies[i], err.message);
        ck_assert_uint_eq(descriptors(), before);
    }
}
END_TEST

/* Whoever reads a text knows what it says, and the host, which did not run it, takes his word.
 * The next worker to read the same text finds out. */
START_TEST(read__a_contract_that_is_another_s_is_found_out_by_the_next_worker)
{
    const cordon_request request = CORDON_REQUEST_INIT;
    struct cdn_worker *worker;
    cordon_outcome *outcome;
    struct ruling ruling;
    struct cdn_rule *rule;
    cordon_error err;

    ck_assert_msg(!read_lie(&rule, READ_OTHER, &err), "%s", err.message);
    ck_assert_str_eq(rule->name, "liar");
    ruling_evaluate(&ruling, "fallback = 'none',", "return {}");
    ck_assert_msg(!cdn_wall_start(&worker, CORDON_WALL_PROCESS, &options, NULL, &err),
                  "%s", err.message);
    ck_assert(!cordon_outcome_new(&outcome, &err));
    {
        const struct cdn_rule_call call = {.rule = rule,
                                           .host = &ruling.host,
                                           .snapshot = ruling.snapshot,
                                           .grant = &cdn_grant_everything,
                                           .request = &request,
                                           .budget = ruling.budget,
                                           .entered_ns = cdn_clock_ns()};

        ck_assert_int_eq(cdn_worker_run(outcome, worker, &call, &err), CORDON_E_DATA);
    }
    ck_assert(worker->broken);
    ck_assert_msg(strstr(err.message, "another contract") != NULL, "%s", err.message);
    worker->end(worker);
    cordon_outcome_free(outcome);
    cdn_rule_free(rule);
    ruling_deinit(&ruling);
}
END_TEST

START_TEST(read__a_wall_that_there_is_not_is_no_fault_of_the_text_s)
{
    struct cdn_wall_options with = options;
    struct cdn_rule *rule;
    cordon_error err;

    with.program = "/nowhere/cordon-worker";
    ck_assert_int_eq(cdn_wall_read_rule(&rule, CORDON_WALL_PROCESS, &with, honest,
                                        sizeof honest - 1, "a.lua", NULL, &err),
                     CORDON_E_NOTFOUND);
    ck_assert_ptr_null(rule);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(read__without_memory_there_is_no_rule_and_nothing_is_left)
{
    uint32_t before = descriptors();
    long nth = 0;
    bool fired;

    do {
        struct cdn_rule *rule;
        cordon_error err;
        cordon_status status;

        cdn_failalloc_after(nth++, false);
        status = cdn_wall_read_rule(&rule, CORDON_WALL_PROCESS, &options, texts[1],
                                    strlen(texts[1]), "a.lua", NULL, &err);
        fired = cdn_failalloc_fired();
        cdn_failalloc_after(-1, false);
        ck_assert_int_eq(status, fired ? CORDON_E_NOMEM : CORDON_OK);
        ck_assert_int_eq(rule == NULL, fired);
        ck_assert_uint_eq(descriptors(), before);
        cdn_rule_free(rule);
    } while (fired);
    ck_assert_int_gt(nth, 10);
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("read");

    CDN_UNIT_CASE(s, read__comes_to_the_same_behind_a_wall);
    CDN_UNIT_CASE(s, read__too_much_is_refused_before_anybody_is_started);
    CDN_UNIT_CASE(s, read__rules_here_are_the_same_behind_a_wall);
    CDN_UNIT_CASE(s, read__tables_come_to_the_same_behind_a_wall);
    CDN_UNIT_CASE(s, read__a_lie_is_a_text_that_does_not_load);
    CDN_UNIT_CASE(s,
                  read__a_contract_that_is_another_s_is_found_out_by_the_next_worker);
    CDN_UNIT_CASE(s, read__a_wall_that_there_is_not_is_no_fault_of_the_text_s);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, read__without_memory_there_is_no_rule_and_nothing_is_left);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
