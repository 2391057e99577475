/* Reading LuaJIT's own dump of a compiled text: see code.h.
 *
 * A dump (lj_bcdump.h of LuaJIT) is
 *
 *     ESC 'L' 'J' version flags [name's length, name] proto* 0
 *     proto  length, then in so many bytes:
 *            flags params framesize upvalues   a byte each
 *            gc-constants numbers instructions debug [firstline lines]   as ULEB128
 *            instructions, 4 bytes each; ...; debug bytes, which begin with a line for each
 *            instruction, counted from firstline: 1, 2 or 4 bytes each by `lines`
 *
 * It is written by the library that we link, and read as if it were hostile all the same.
 *
 * Where a line branches goes: from each of its instructions that does, along both ways, until
 * another line is reached.  Calls are stepped over and returns end a way.  What is asked is a
 * line's ways together, so each instruction is followed once. */
#include "sandbox/code.h"

#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/error.h"
#include "sandbox/library.h"
#include "sandbox/slot.h"

enum {
    MEMORY_BYTES = 16 << 20,
    DUMP_VERSION = 2,
    DUMP_BIG_ENDIAN = 1,
    DUMP_STRIPPED = 2,
    JUMP_BIAS = 0x8000
};

/* What an instruction does to where execution goes. */
enum kind {
    KIND_PLAIN,
    KIND_TEST, /* goes on with the next, a jump, or the one after that */
    KIND_JUMP,
    KIND_LOOP, /* jumps, or goes on */
    KIND_END   /* leaves the function */
};

struct learnt {
    bool known;
    unsigned char kind[256]; /* enum kind, by opcode */
};

struct proto {
    const unsigned char *code;  /* `count` instructions */
    const unsigned char *lines; /* of each, `width` bytes, from `first_line` */
    uint32_t count, first_line, width;
};

/* ---- lines ---- */

const char *cdn_code_next_line(const char *at, const char *end)
{
    while (at < end && *at != '\n' && *at != '\r')
        at++;
    if (at == end)
        return NULL;
    at++;
    return at < end && (*at == '\n' || *at == '\r') && *at != at[-1] ? at + 1 : at;
}

uint32_t cdn_code_lines(const char *source, size_t bytes)
{
    uint32_t lines = 0;

    for (const char *at = source; at; at = cdn_code_next_line(at, source + bytes))
        lines++;
    return lines;
}

/* ---- the dump ---- */

struct reader {
    const unsigned char *at, *end;
    bool failed;
};

static uint32_t read_byte(struct reader *reader)
{
    if (reader->at < reader->end)
        return *reader->at++;
    reader->failed = true;
    return 0;
}

static uint32_t read_uleb(struct reader *reader)
{
    uint32_t value = 0;

    for (unsigned shift = 0; shift < 35; shift += 7) {
        uint32_t byte = read_byte(reader);

        value |= shift < 32 ? (byte & 0x7f) << shift : 0;
        if (!(byte & 0x80))
            return value;
    }
    reader->failed = true;
    return 0;
}

/* Skip so many bytes; where they begin. */
static const unsigned char *take(struct reader *reader, uint64_t bytes)
{
    const unsigned char *at = reader->at;

    if (bytes > (uint64_t)(reader->end - reader->at)) {
        reader->failed = true;
        return at;
    }
    reader->at += bytes;
    return at;
}

static bool read_header(struct reader *reader)
{
    static const unsigned char magic[] = {0x1b, 'L', 'J', DUMP_VERSION};
    uint32_t flags;

    if (reader->end - reader->at < (ptrdiff_t)sizeof magic ||
        memcmp(reader->at, magic, sizeof magic) != 0)
        return false;
    reader->at += sizeof magic;
    flags = read_uleb(reader);
    if (flags & (DUMP_BIG_ENDIAN | DUMP_STRIPPED))
        return false;
    take(reader, read_uleb(reader));
    return !reader->failed;
}

/* The next function; false: there are no more, or the dump is not understood. */
static bool read_proto(struct proto *out, struct reader *reader)
{
    uint32_t length = read_uleb(reader), debug, lines;
    struct reader inner;

    if (!length || reader->failed)
        return false;
    inner = (struct reader){.at = take(reader, length), .end = reader->at};
    take(&inner, 4);
    read_uleb(&inner);
    read_uleb(&inner);
    out->count = read_uleb(&inner);
    debug = read_uleb(&inner);
    out->first_line = debug ? read_uleb(&inner) : 0;
    lines = debug ? read_uleb(&inner) : 0;
    out->width = lines < 256 ? 1 : lines < 65536 ? 2 : 4;
    out->code = take(&inner, (uint64_t)out->count * 4);
    if (reader->failed || inner.failed || debug > inner.end - inner.at ||
        (uint64_t)out->count * out->width > debug) {
        reader->failed = true;
        return false;
    }
    out->lines = inner.end - debug;
    return true;
}

static uint32_t line_of(const struct proto *proto, uint32_t instruction)
{
    const unsigned char *at = proto->lines + (size_t)instruction * proto->width;
    uint32_t line = 0;

    for (uint32_t i = 0; i < proto->width; i++)
        line |= (uint32_t)at[i] << (8 * i);
    return proto->first_line + line;
}

static unsigned char opcode_of(const struct proto *proto, uint32_t instruction)
{
    return proto->code[(size_t)instruction * 4];
}

/* Where a jump leads; `count`, which is no instruction: outside. */
static uint32_t target_of(const struct proto *proto, uint32_t instruction)
{
    const unsigned char *at = proto->code + (size_t)instruction * 4;
    int64_t target = (int64_t)instruction + 1 + (at[2] | at[3] << 8) - JUMP_BIAS;

    return target >= 0 && target < proto->count ? (uint32_t)target : proto->count;
}

/* ---- compiling ---- */

struct compiling {
    const char *source, *file;
    size_t bytes;
    struct cdn_buf dump;
};

static int append(lua_State *L, const void *bytes, size_t count, void *ud)
{
    struct cdn_buf *dump = ud;

    (void)L;
    cdn_buf_append(dump, bytes, count);
    return dump->failed;
}

static int nothing(lua_State *L)
{
    (void)L;
    return 0;
}

CDN_RAISES static int build(lua_State *L)
{
    struct compiling *compiling = lua_touserdata(L, 1);

    cdn_library_load(L, compiling->source, compiling->bytes, compiling->file);
    lua_dump(L, append, &compiling->dump);
    lua_pushcfunction(L, nothing);
    return 1;
}

/* Compile and dump; the caller deinits the dump in any case. */
static cordon_status compile(struct compiling *compiling, cordon_error *err)
{
    static const struct cdn_slot_config config = {.image_bytes = 4 << 20,
                                                  .memory_bytes = MEMORY_BYTES};
    static const struct cdn_budget budget = {.instructions = 10 * 1000 * 1000,
                                             .memory_bytes = MEMORY_BYTES,
                                             .output_bytes = MEMORY_BYTES,
                                             .wall_ns = UINT64_C(5000000000)};
    struct cdn_slot *slot = NULL;
    struct cdn_image *image = NULL;
    enum cdn_run run = CDN_RUN_OK;
    cordon_status status = cdn_slot_new(&slot, &config, err);

    if (!status)
        status =
            cdn_image_build(&image, &run, slot, build, compiling, &budget, NULL, err);
    if (!status && !image) {
        uint32_t line = 0;
        const char *message = cdn_slot_message(slot, NULL, &line);

        status = cdn_error_at(err, CORDON_E_RULE, compiling->file, line, 0, "%s",
                              run == CDN_RUN_STOPPED ? "it takes too long to compile"
                                                     : message);
    }
    if (!status && compiling->dump.failed)
        status = cdn_error_nomem(err);
    cdn_image_free(image);
    cdn_slot_free(slot);
    return status;
}

/* ---- which instructions branch ---- */

/* On each line the first two instructions are a test and its jump ... */
static const char tests[] = "local a, b = ...\n"
                            "if a then b() end\n"
                            "if not a then b() end\n"
                            "if a == b then b() end\n"
                            "if a ~= b then b() end\n"
                            "if a < b then b() end\n"
                            "if a <= b then b() end\n"
                            "if not (a < b) then b() end\n"
                            "if not (a <= b) then b() end\n"
                            "if a == 'x' then b() end\n"
                            "if a ~= 'x' then b() end\n"
                            "if a == 1 then b() end\n"
                            "if a ~= 1 then b() end\n"
                            "if a == nil then b() end\n"
                            "if a ~= nil then b() end\n"
                            "do local c = a or b end\n"
                            "do local c = a and b end\n";
/* ... on each of these the last one is a loop's own, and on the first of them the fourth
 * begins it, on the last the fourth jumps to its end. */
static const char loops[] = "for i = a, b do b() end\n"
                            "for k in a do b() end\n"
                            "for k in pairs(a) do b() end\n";
/* ... and on these the last one leaves. */
static const char ends[] = "if a then return end\n"
                           "if a then return a end\n"
                           "if a then return a, b end\n"
                           "if a then return a() end\n"
                           "if a then return ... end\n"
                           "if a then return a(...) end\n"
                           "b()\n";

enum {
    FIRST_TEST = 2,
    TESTS = 16,
    FIRST_LOOP = FIRST_TEST + TESTS,
    LOOPS = 3,
    FIRST_END = FIRST_LOOP + LOOPS,
    ENDS = 6
};

/* The first instruction of a line, or behind its last; count: it has none. */
static uint32_t edge_of(const struct proto *proto, uint32_t line, bool last)
{
    for (uint32_t i = 0; i < proto->count; i++) {
        if (line_of(proto, i) != line)
            continue;
        while (last && i < proto->count && line_of(proto, i) == line)
            i++;
        return i;
    }
    return proto->count;
}

static void learn_from(struct learnt *out, const struct proto *proto)
{
    uint32_t first = edge_of(proto, FIRST_TEST, false);
    unsigned char jump;

    if (first + 1 >= proto->count)
        return;
    jump = opcode_of(proto, first + 1);
    for (uint32_t i = 0; i < TESTS; i++) {
        uint32_t at = edge_of(proto, FIRST_TEST + i, false);

        if (at + 1 >= proto->count || opcode_of(proto, at + 1) != jump ||
            opcode_of(proto, at) == jump || target_of(proto, at + 1) <= at + 1)
            return;
        out->kind[opcode_of(proto, at)] = KIND_TEST;
    }
    for (uint32_t i = 0; i < LOOPS; i++) {
        uint32_t begin = edge_of(proto, FIRST_LOOP + i, false);
        uint32_t end = edge_of(proto, FIRST_LOOP + i, true);
        uint32_t enter = begin + 3;

        if (end >= proto->count || end < begin + 5 ||
            target_of(proto, end - 1) >= end - 1)
            return;
        out->kind[opcode_of(proto, end - 1)] = KIND_LOOP;
        if (i == 1)
            continue;
        if (target_of(proto, enter) <= enter || target_of(proto, enter) > end)
            return;
        out->kind[opcode_of(proto, enter)] = i == 0 ? KIND_LOOP : KIND_JUMP;
    }
    for (uint32_t i = 0; i < ENDS; i++) {
        uint32_t end = edge_of(proto, FIRST_END + i, true);

        if (end >= proto->count || out->kind[opcode_of(proto, end - 1)] != KIND_PLAIN)
            return;
        out->kind[opcode_of(proto, end - 1)] = KIND_END;
    }
    out->kind[jump] = KIND_JUMP;
    out->known = true;
}

static cordon_status learn(struct learnt *out, cordon_error *err)
{
    struct compiling compiling = {.file = "lines"};
    struct cdn_buf text = {0};
    cordon_status status;
    struct proto proto;

    *out = (struct learnt){0};
    cdn_buf_append(&text, tests, sizeof tests - 1);
    cdn_buf_append(&text, loops, sizeof loops - 1);
    cdn_buf_append(&text, ends, sizeof ends - 1);
    compiling.source = (const char *)text.data;
    compiling.bytes = text.length;
    status = text.failed ? cdn_error_nomem(err) : compile(&compiling, err);
    if (!status) {
        struct reader reader = {.at = compiling.dump.data,
                                .end = compiling.dump.data + compiling.dump.length};

        if (read_header(&reader) && read_proto(&proto, &reader))
            learn_from(out, &proto);
    }
    cdn_buf_deinit(&compiling.dump);
    cdn_buf_deinit(&text);
    return status;
}

/* ---- a function ---- */

struct pair {
    uint32_t from, to;
};

struct finding {
    const struct learnt *learnt;
    const struct proto *proto;
    struct cdn_buf pairs; /* struct pair */
    uint32_t *ways;       /* instructions that are still to be followed */
    uint32_t way_count;
    unsigned char *seen; /* by instruction: it is among them, or was */
};

/* An instruction to be followed, if it is not yet. */
static void add_way(struct finding *finding, uint32_t at)
{
    if (finding->seen[at])
        return;
    finding->seen[at] = 1;
    finding->ways[finding->way_count++] = at;
}

/* `at` is reached from an instruction of `line`. */
static void reach(struct finding *finding, uint32_t line, uint32_t at)
{
    const struct proto *proto = finding->proto;
    struct pair pair = {.from = line};

    if (at >= proto->count)
        return;
    pair.to = line_of(proto, at);
    if (pair.to != line) {
        cdn_buf_append(&finding->pairs, &pair, sizeof pair);
        return;
    }
    add_way(finding, at);
}

/* All ways from an instruction to other lines that have not been followed yet. */
static void follow(struct finding *finding, uint32_t start)
{
    const struct proto *proto = finding->proto;
    uint32_t line = line_of(proto, start);

    add_way(finding, start);
    while (finding->way_count) {
        uint32_t at = finding->ways[--finding->way_count];

        switch ((enum kind)finding->learnt->kind[opcode_of(proto, at)]) {
        case KIND_TEST:
            reach(finding, line, at + 1);
            reach(finding, line, at + 2);
            break;
        case KIND_JUMP:
            reach(finding, line, target_of(proto, at));
            break;
        case KIND_LOOP:
            reach(finding, line, at + 1);
            reach(finding, line, target_of(proto, at));
            break;
        case KIND_END:
            break;
        case KIND_PLAIN:
            reach(finding, line, at + 1);
            break;
        }
    }
}

static cordon_status find_in(struct finding *finding, struct cdn_code *code,
                             const struct proto *proto, cordon_error *err)
{
    bool failed;

    finding->proto = proto;
    finding->seen = cdn_calloc(proto->count, 1);
    finding->ways = cdn_calloc(proto->count, sizeof *finding->ways);
    for (uint32_t i = 0; finding->seen && finding->ways && i < proto->count; i++) {
        uint32_t line = line_of(proto, i);
        unsigned char kind = finding->learnt->kind[opcode_of(proto, i)];

        if (line > 0 && line <= code->count)
            code->active[line] = 1;
        if (finding->learnt->known && (kind == KIND_TEST || kind == KIND_LOOP))
            follow(finding, i);
    }
    failed = !finding->seen || !finding->ways || finding->pairs.failed;
    cdn_free(finding->seen);
    cdn_free(finding->ways);
    finding->seen = NULL;
    finding->ways = NULL;
    return failed ? cdn_error_nomem(err) : CORDON_OK;
}

/* ---- all of it ---- */

static int by_place(const void *a, const void *b)
{
    const struct pair *one = a, *two = b;

    if (one->from != two->from)
        return one->from < two->from ? -1 : 1;
    return (one->to > two->to) - (one->to < two->to);
}

/* Those lines that go on to two others or more. */
static cordon_status gather(struct cdn_code *out, struct cdn_buf *found,
                            cordon_error *err)
{
    struct pair *pairs = (struct pair *)(void *)found->data;
    size_t count = found->length / sizeof *pairs, kept = 0;

    if (count)
        qsort(pairs, count, sizeof *pairs, by_place);
    for (size_t i = 0; i < count; i++)
        if (!i || by_place(&pairs[i], &pairs[i - 1]))
            pairs[kept++] = pairs[i];
    out->branches = cdn_calloc(kept ? kept : 1, sizeof *out->branches);
    out->targets = cdn_calloc(kept ? kept : 1, sizeof *out->targets);
    if (!out->branches || !out->targets)
        return cdn_error_nomem(err);
    for (size_t i = 0, next; i < kept; i = next) {
        struct cdn_branch *branch = &out->branches[out->branch_count];

        for (next = i; next < kept && pairs[next].from == pairs[i].from;)
            next++;
        if (next - i < 2)
            continue;
        *branch = (struct cdn_branch){.from = pairs[i].from,
                                      .to_count = (uint32_t)(next - i),
                                      .first = out->target_count};
        for (size_t at = i; at < next; at++)
            out->targets[out->target_count++] = pairs[at].to;
        out->branch_count++;
    }
    return CORDON_OK;
}

cordon_status cdn_code_read(struct cdn_code *out, const char *source, size_t bytes,
                            const char *file, cordon_error *err)
{
    struct compiling compiling = {.source = source, .bytes = bytes, .file = file};
    struct finding finding = {.proto = NULL};
    struct learnt learnt;
    cordon_status status;

    *out = (struct cdn_code){.count = cdn_code_lines(source, bytes)};
    out->active = cdn_calloc((size_t)out->count + 1, 1);
    status = out->active ? learn(&learnt, err) : cdn_error_nomem(err);
    if (!status)
        status = compile(&compiling, err);
    if (!status) {
        struct reader reader = {.at = compiling.dump.data,
                                .end = compiling.dump.data + compiling.dump.length};
        bool read = read_header(&reader), more;
        struct proto proto;

        finding.learnt = &learnt;
        /* the last one is the chunk itself, which runs when the rule is loaded */
        for (more = read && read_proto(&proto, &reader); more && !status;) {
            struct proto next;

            more = read_proto(&next, &reader);
            if (more)
                status = find_in(&finding, out, &proto, err);
            proto = next;
        }
        out->known = learnt.known && read && !reader.failed;
    }
    if (!status)
        status = gather(out, &finding.pairs, err);
    cdn_buf_deinit(&finding.pairs);
    cdn_buf_deinit(&compiling.dump);
    return status;
}

void cdn_code_deinit(struct cdn_code *code)
{
    cdn_free(code->active);
    cdn_free(code->branches);
    cdn_free(code->targets);
    *code = (struct cdn_code){0};
}

const struct cdn_branch *cdn_code_branch(const struct cdn_code *code, uint32_t line)
{
    uint32_t low = 0, high = code->branch_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (code->branches[middle].from < line)
            low = middle + 1;
        else
            high = middle;
    }
    return low < code->branch_count && code->branches[low].from == line
               ? &code->branches[low]
               : NULL;
}
