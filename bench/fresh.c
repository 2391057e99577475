/* What a pristine sandbox costs without images: luaL_newstate, the libraries, loading the
 * rule, running it, lua_close, per request.  Prints the median ns of REQUESTS requests.
 *
 *   bench_fresh RULE REQUESTS
 *
 * The same rule file as W0; stock libraries, JIT off, a count hook of the same quantum, so
 * that the two do the same work. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <lauxlib.h>
#include <lua.h>
#include <luajit.h>
#include <lualib.h>

static void hook(lua_State *L, lua_Debug *ar)
{
    (void)ar;
    luaL_error(L, "out of instructions");
}

static uint64_t now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static int by_size(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

static int request(const char *source, size_t bytes)
{
    lua_State *L = luaL_newstate();
    int answer;

    if (!L)
        return -1;
    luaL_openlibs(L);
    luaJIT_setmode(L, 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_OFF);
    lua_sethook(L, hook, LUA_MASKCOUNT, 1000000);
    if (luaL_loadbuffer(L, source, bytes, "=rule") || lua_pcall(L, 0, 1, 0))
        return -1;
    lua_getfield(L, -1, "evaluate");
    if (lua_pcall(L, 0, 1, 0))
        return -1;
    lua_getfield(L, -1, "output");
    answer = (int)lua_tointeger(L, -1);
    lua_close(L);
    return answer;
}

int main(int argc, char **argv)
{
    static char source[65536];

    if (argc != 3)
        return 2;
    FILE *file = fopen(argv[1], "r");
    if (!file)
        return 3;
    size_t bytes = fread(source, 1, sizeof source, file);
    fclose(file);
    size_t count = (size_t)strtoull(argv[2], NULL, 10);
    uint64_t *ns = calloc(count + 1, sizeof *ns);
    if (!ns || !count)
        return 3;
    for (size_t i = 0; i < count; i++) {
        uint64_t started = now_ns();
        if (request(source, bytes) != 1)
            return 1;
        ns[i] = now_ns() - started;
    }
    qsort(ns, count, sizeof *ns, by_size);
    printf("%llu\n", (unsigned long long)ns[count / 2]);
    free(ns);
    return 0;
}
