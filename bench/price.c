/* What the meter costs: the same Lua in stock LuaJIT's interpreter, in the same with a bare
 * count hook, and in cordon's sandbox.
 *
 *   bench_price FOLDER ROUNDS
 *
 * Each FOLDER/NAME.lua returns a function; its result is compared between the three before
 * anything is timed.  A round runs all three, one after the other, and its ratios are kept,
 * so that what else the machine does meets them alike; the medians over the rounds are
 * printed, one JSON line a workload and one for the geometric means.
 *
 *   interpreter  luaL_newstate, luaL_openlibs, JIT off, no hook
 *   hook         the same, with a count hook every 1,000 bytecodes that only counts down
 *   cordon       restoring the image, arming the meter, running, reading the meter */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <lauxlib.h>
#include <lua.h>
#include <luajit.h>
#include <lualib.h>

#include "sandbox/library.h"
#include "sandbox/slot.h"

static const char *const workloads[] = {"fib",    "rule",   "strings",
                                        "floats", "tables", "sort"};
#define WORKLOADS  (sizeof workloads / sizeof workloads[0])
#define ROUNDS_MAX 1001
#define REPEATS    8

struct subject {
    lua_State *interpreter, *hooked;
    struct cdn_slot *slot;
    struct cdn_image *image;
    lua_Number answer; /* of the last run in the slot */
};

static const struct cdn_budget budget = {.instructions = UINT64_C(1) << 40,
                                         .memory_bytes = 4 << 20,
                                         .edges = 1,
                                         .output_bytes = 1024,
                                         .wall_ns = UINT64_C(60000000000)};
static int64_t hook_budget;

static uint64_t now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void die(const char *what)
{
    fprintf(stderr, "bench_price: %s\n", what);
    exit(3);
}

static void count_down(lua_State *L, lua_Debug *frame)
{
    (void)frame;
    hook_budget -= 1000;
    if (hook_budget < 0)
        luaL_error(L, "out of instructions");
}

static lua_State *open_stock(const char *source, bool hooked)
{
    lua_State *L = luaL_newstate();

    if (!L)
        die("no state");
    luaL_openlibs(L);
    luaJIT_setmode(L, 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_OFF);
    if (luaL_loadbuffer(L, source, strlen(source), "=workload") ||
        lua_pcall(L, 0, 1, 0))
        die(lua_tostring(L, -1));
    if (hooked)
        lua_sethook(L, count_down, LUA_MASKCOUNT, 1000);
    return L;
}

static lua_Number run_stock(lua_State *L)
{
    lua_Number answer;

    hook_budget = INT64_MAX / 2;
    lua_pushvalue(L, -1);
    if (lua_pcall(L, 0, 1, 0))
        die(lua_tostring(L, -1));
    answer = lua_tonumber(L, -1);
    lua_pop(L, 1);
    return answer;
}

static int entry(lua_State *L)
{
    struct subject *subject = cdn_slot_host(L);

    lua_pushvalue(L, lua_upvalueindex(1));
    lua_call(L, 0, 1);
    subject->answer = lua_tonumber(L, -1);
    return 0;
}

static int build(lua_State *L)
{
    const char *source = lua_touserdata(L, 1);

    cdn_library_load(L, source, strlen(source), "workload.lua");
    lua_call(L, 0, 1);
    lua_pushcclosure(L, entry, 1);
    return 1;
}

static lua_Number run_slot(struct subject *subject)
{
    if (cdn_slot_run(subject->slot, subject->image, &budget, 0, NULL, 1) != CDN_RUN_OK)
        die(cdn_slot_message(subject->slot, NULL, NULL));
    return subject->answer;
}

static void subject_open(struct subject *subject, const char *folder, const char *name)
{
    static char source[65536];
    char path[4096];
    enum cdn_run run;
    FILE *file;

    snprintf(path, sizeof path, "%s/%s.lua", folder, name);
    file = fopen(path, "r");
    if (!file)
        die(path);
    source[fread(source, 1, sizeof source - 1, file)] = '\0';
    fclose(file);
    subject->interpreter = open_stock(source, false);
    subject->hooked = open_stock(source, true);
    if (cdn_slot_new(&subject->slot, NULL, NULL))
        die("no slot");
    cdn_slot_set_host(subject->slot, subject);
    if (cdn_image_build(&subject->image, &run, subject->slot, build, source, &budget,
                        NULL, NULL) ||
        !subject->image)
        die(cdn_slot_message(subject->slot, NULL, NULL));
}

static void subject_close(struct subject *subject)
{
    cdn_image_free(subject->image);
    cdn_slot_free(subject->slot);
    lua_close(subject->hooked);
    lua_close(subject->interpreter);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, by_size);
    return values[count / 2];
}

/* The least of REPEATS runs each, in turns: what a round compares. */
static void measure(struct subject *subject, double ns[3])
{
    ns[0] = ns[1] = ns[2] = INFINITY;
    for (int i = 0; i < REPEATS; i++) {
        uint64_t times[4] = {now_ns()};

        run_stock(subject->interpreter);
        times[1] = now_ns();
        run_stock(subject->hooked);
        times[2] = now_ns();
        run_slot(subject);
        times[3] = now_ns();
        for (int j = 0; j < 3; j++) {
            double took = (double)(times[j + 1] - times[j]);

            if (took < ns[j])
                ns[j] = took;
        }
    }
}

int main(int argc, char **argv)
{
    static double hook[ROUNDS_MAX], cordon[ROUNDS_MAX], over[ROUNDS_MAX];
    double means[3] = {0};
    size_t rounds;

    if (argc != 3 || (rounds = strtoull(argv[2], NULL, 10)) == 0 ||
        rounds > ROUNDS_MAX) {
        fprintf(stderr, "usage: bench_price FOLDER ROUNDS\n");
        return 2;
    }
    for (size_t i = 0; i < WORKLOADS; i++) {
        struct subject subject;
        double ns[3], last;

        subject_open(&subject, argv[1], workloads[i]);
        if (run_stock(subject.interpreter) != run_slot(&subject) ||
            run_stock(subject.hooked) != subject.answer) {
            fprintf(stderr, "bench_price: %s: answers differ\n", workloads[i]);
            return 1;
        }
        for (size_t round = 0; round < rounds; round++) {
            measure(&subject, ns);
            hook[round] = ns[1] / ns[0];
            cordon[round] = ns[2] / ns[0];
            over[round] = ns[2] / ns[1];
        }
        last = ns[0];
        printf("{\"bench\": \"price\", \"workload\": \"%s\", \"reference\": "
               "\"interpreter, "
               "no hook\", \"reference_ns\": %.0f, \"hook\": %.3f, \"cordon\": %.3f, "
               "\"cordon_to_hook\": %.3f}\n",
               workloads[i], last, median(hook, rounds), median(cordon, rounds),
               median(over, rounds));
        fflush(stdout);
        means[0] += log(median(hook, rounds));
        means[1] += log(median(cordon, rounds));
        means[2] += log(median(over, rounds));
        subject_close(&subject);
    }
    printf("{\"bench\": \"price\", \"workload\": \"geometric mean\", \"hook\": %.3f, "
           "\"cordon\": %.3f, \"cordon_to_hook\": %.3f}\n",
           exp(means[0] / (double)WORKLOADS), exp(means[1] / (double)WORKLOADS),
           exp(means[2] / (double)WORKLOADS));
    return 0;
}
