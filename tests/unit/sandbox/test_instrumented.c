/* Over a LuaJIT that is itself built with AddressSanitizer (.ci/luajit-asan): a fault of
 * LuaJIT's own code on memory inside a slot's arena is seen.  The arena is one mapping, of
 * which the sanitizer knows only what the arena poisons: blocks that are free, and room
 * that was never used.  Each case does in a child process what must not be done, and its
 * report has to name a function of LuaJIT's own, not a copying function of the C library's
 * that the sanitizer watches anyway.
 *
 * Not seen: writing past a block into one in use beside it, since blocks have no gap between
 * them. */
#include <sys/wait.h>

#include "fixture.h"

/* A block of the arena's as LuaJIT gets it, given back at once. */
static void *freed_block(lua_State *L, size_t bytes)
{
    void *ud, *block, *behind;
    lua_Alloc allocate = lua_getallocf(L, &ud);

    block = allocate(ud, NULL, 0, bytes);
    behind =
        allocate(ud, NULL, 0, bytes); /* so that it is not the end of what is used */
    ck_assert_ptr_nonnull(block);
    ck_assert_ptr_nonnull(behind);
    allocate(ud, block, bytes, 0);
    return block;
}

static int read_freed(lua_State *L)
{
    lua_pushlstring(L, freed_block(L, 64),
                    24); /* the hash of it is LuaJIT's own work */
    return 0;
}

static int read_unused(lua_State *L)
{
    size_t used;
    const char *arena = cdn_slot_arena(cdn_slot_of(L), &used);

    lua_pushlstring(L, arena + used + 4096, 24);
    return 0;
}

static const lua_CFunction misdeeds[] = {read_freed, read_unused};

static int build(lua_State *L)
{
    lua_pushcfunction(L, misdeeds[*(const int *)lua_touserdata(L, 1)]);
    return 1;
}

static void run_misdeed(int number)
{
    struct cdn_slot *slot;
    struct cdn_image *image;
    enum cdn_run run;
    cordon_error err;

    if (cdn_slot_new(&slot, NULL, &err) ||
        cdn_image_build(&image, &run, slot, build, &number, &fixture_budget, NULL,
                        &err))
        return;
    cdn_slot_run(slot, image, &fixture_budget, 0, NULL, 1);
}

START_TEST(fault_in_the_arena__is_reported_in_luajit)
{
    char report[16384] = "", *frame;
    size_t length = 0;
    int ends[2];
    ssize_t got;
    pid_t child;

    ck_assert_int_eq(pipe(ends), 0);
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        run_misdeed(_i);
        _exit(0);
    }
    close(ends[1]);
    while (length < sizeof report - 1 &&
           (got = read(ends[0], report + length, sizeof report - 1 - length)) > 0)
        length += (size_t)got;
    report[length] = '\0';
    close(ends[0]);
    waitpid(child, NULL, 0);
    ck_assert_msg(strstr(report, "AddressSanitizer: use-after-poison") != NULL,
                  "not seen: %s", report);
    frame = strstr(report, "#0 ");
    ck_assert_ptr_nonnull(frame);
    frame[strcspn(frame, "\n")] = '\0';
    ck_assert_msg(strstr(frame, " in lj_") != NULL, "seen in %s", frame);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("instrumented");

    CDN_UNIT_LOOP(s, fault_in_the_arena__is_reported_in_luajit, 0,
                  CDN_UNIT_COUNT(misdeeds));
    return s;
}

CDN_UNIT_MAIN(suite)
