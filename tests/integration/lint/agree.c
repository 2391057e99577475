/* agree FILE...: our parser and LuaJIT's on every file, on what is left of it when a byte is
 * taken, doubled or changed, and on programs derived over the grammar of tests/fuzz.
 *
 * Prints how many sources were seen and taken; exits with 1 where the parsers differ. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/lua_gen.h"
#include "fuzz/syntax_agree.h"

enum {
    MOST_BYTES = 300000,
    CHANGES = 12,   /* of each file */
    PROGRAMS = 100, /* derived */
    SOUPS = 20000,  /* a few statements around jumps */
    DECISIONS = 200 /* bytes that each is derived from */
};

static struct lua_gen gen;
static uint64_t state = 1;
static unsigned long seen, shown, accepted, faults;

static uint32_t below(uint32_t n)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(state >> 33) % n;
}

static void ask(const char *name, const char *source, size_t bytes)
{
    struct syntax_verdict verdict;

    syntax_agree(&verdict, source, bytes);
    seen++;
    shown += verdict.shown;
    accepted += verdict.accepted;
    if (!verdict.fault[0])
        return;
    faults++;
    printf("%s: %s\n", name, verdict.fault);
    if (faults <= 3)
        printf("----\n%.*s\n----\n", (int)(bytes < 3000 ? bytes : 3000), source);
}

/* One byte taken out, written again behind itself, or swapped with another. */
static size_t change(char *text, size_t bytes)
{
    size_t at, other;

    if (!bytes)
        return 0;
    at = below((uint32_t)bytes);
    other = below((uint32_t)bytes);
    switch (below(4)) {
    case 0:
        memmove(text + at, text + at + 1, bytes - at - 1);
        return bytes - 1;
    case 1:
        memmove(text + at + 1, text + at, bytes - at);
        return bytes + 1;
    case 2:
        text[at] = text[other];
        return bytes;
    default:
        text[at] = "()[]{}=,;:.'\"\n \\-~#%"[below(20)];
        return bytes;
    }
}

static void ask_changed(const char *name, const char *text, size_t bytes)
{
    static char room[MOST_BYTES + CHANGES + 1];

    for (int i = 0; i < CHANGES; i++) {
        size_t left = bytes;

        memcpy(room, text, bytes);
        for (uint32_t times = below(3) + 1; times > 0; times--)
            left = change(room, left);
        ask(name, room, left);
    }
}

static int ask_file(const char *path)
{
    static char text[MOST_BYTES];
    FILE *file = fopen(path, "rb");
    size_t bytes;

    if (!file) {
        printf("%s: cannot be read\n", path);
        return 1;
    }
    bytes = fread(text, 1, sizeof text, file);
    fclose(file);
    ask(path, text, bytes);
    if (bytes < 20000)
        ask_changed(path, text, bytes);
    return 0;
}

static void ask_derived(void)
{
    for (int i = 0; i < PROGRAMS; i++) {
        uint8_t decisions[DECISIONS];

        for (int k = 0; k < DECISIONS; k++)
            decisions[k] = (uint8_t)below(256);
        lua_gen_init(&gen, decisions, sizeof decisions);
        lua_gen_rule(&gen, "derived", lua_gen_reads);
        ask("derived", gen.text, gen.length);
        ask_changed("derived and changed", gen.text, gen.length);
    }
}

/* Statements around labels, gotos, breaks and lines, where the rules are the oddest. */
static void ask_jumps(void)
{
    static const char *const parts[] = {"goto a ",
                                        "goto b ",
                                        "::a:: ",
                                        "::b:: ",
                                        "local x ",
                                        "local y = x ",
                                        "do ",
                                        "end ",
                                        "end ",
                                        "end ",
                                        "repeat ",
                                        "until x ",
                                        "while x do ",
                                        "if x then ",
                                        "else ",
                                        "elseif y then ",
                                        "break ",
                                        "break; ",
                                        "; ",
                                        "return ",
                                        "return x; ",
                                        "for i = 1, 2 do ",
                                        "for k in x do ",
                                        "goto = 1 ",
                                        "goto(x) ",
                                        "local function a() ",
                                        "x = function(...) ",
                                        "f\n(x) ",
                                        "x = {f\n(x)} ",
                                        "f(...) ",
                                        "local goto = x ",
                                        "x.goto = {goto = 1} ",
                                        "x = 0b101 ",
                                        "x = 0x.8p1 ",
                                        "a, b = 1 ",
                                        "f() = 1 ",
                                        "(f)() ",
                                        "(x) = 1 ",
                                        "x:y'z' ",
                                        "x = '\\u{7f}\\z ' "};
    char text[1000];

    for (int i = 0; i < SOUPS; i++) {
        size_t length = 0;
        uint32_t open = 0;

        for (uint32_t k = below(14) + 1; k > 0; k--) {
            const char *part = parts[below(sizeof parts / sizeof parts[0])];

            if (!strcmp(part, "end ") && !open)
                continue;
            open += strstr(part, "do ") || strstr(part, "then ") || strstr(part, ") ")
                        ? 1
                        : 0;
            open -= !strcmp(part, "end ") ? 1 : 0;
            length += (size_t)snprintf(text + length, sizeof text - length, "%s", part);
        }
        for (uint32_t k = 0; k < open && k < 12; k++) {
            if (below(8))
                length += (size_t)snprintf(text + length, sizeof text - length, "end ");
        }
        ask("jumps", text, length);
    }
}

int main(int argc, char **argv)
{
    int result = argc < 2;

    for (int i = 1; i < argc; i++)
        result |= ask_file(argv[i]);
    ask_derived();
    ask_jumps();
    syntax_agree_end();
    printf("%lu sources, %lu shown to LuaJIT, %lu taken, %lu faults\n", seen, shown,
           accepted, faults);
    return result || faults || !accepted || accepted == seen;
}
