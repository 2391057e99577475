/* A graph too large for memory, as CSV: scale_gen NODES EDGES FILES DIR.
 *
 * Writes nodes-1.csv .. (id,country,risk) and edges-1.csv .. (from,to,amount,at), FILES of
 * each, and schema.lua.  Integers from a counter-based generator alone, so that equal
 * arguments give equal bytes on every machine.  Ids are spread, so that a plain table over
 * them would not do.  A fifth of the edges start at one node in a thousand and a fifth end
 * there; times ascend over all edges, as exports have it. */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER_BYTES ((size_t)1 << 20)
#define LINE_BYTES   128

struct out {
    FILE *file;
    size_t used;
    char bytes[BUFFER_BYTES + LINE_BYTES];
};

static struct out out;

static void flush(void)
{
    if (fwrite(out.bytes, 1, out.used, out.file) != out.used) {
        perror("scale_gen");
        exit(3);
    }
    out.used = 0;
}

static void begin(const char *folder, const char *name, unsigned number,
                  const char *header)
{
    char path[4096];

    snprintf(path, sizeof(path), "%s/%s-%u.csv", folder, name, number);
    out.file = fopen(path, "w");
    if (!out.file) {
        fprintf(stderr, "scale_gen: %s: %s\n", path, strerror(errno));
        exit(3);
    }
    out.used = strlen(header);
    memcpy(out.bytes, header, out.used);
}

static void end(void)
{
    flush();
    if (fclose(out.file)) {
        perror("scale_gen");
        exit(3);
    }
}

static void put_number(uint64_t number, char behind)
{
    char digits[24];
    size_t count = 0;

    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    while (count > 0)
        out.bytes[out.used++] = digits[--count];
    out.bytes[out.used++] = behind;
    if (out.used >= BUFFER_BYTES)
        flush();
}

static uint64_t mix(uint64_t counter)
{
    counter += UINT64_C(0x9e3779b97f4a7c15);
    counter = (counter ^ (counter >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    counter = (counter ^ (counter >> 27)) * UINT64_C(0x94d049bb133111eb);
    return counter ^ (counter >> 31);
}

static uint64_t id_of(uint64_t node)
{
    return 1000000000 + node * 7919;
}

static uint64_t pick(uint64_t bits, uint64_t nodes)
{
    uint64_t node = (bits >> 16) % nodes;

    return bits % 5 == 0 ? node - node % 1000 : node;
}

static void write_nodes(const char *folder, uint64_t nodes, unsigned files)
{
    static const char *const COUNTRIES[] = {"NO", "SE", "DK", "DE", "FR", "NL", "PL"};

    for (unsigned f = 0; f < files; f++) {
        begin(folder, "nodes", f + 1, "id,country,risk\n");
        for (uint64_t n = nodes * f / files; n < nodes * (f + 1) / files; n++) {
            /* out of key order, as exports are */
            uint64_t node = (n * UINT64_C(1000003) + 17) % nodes;
            uint64_t bits = mix(node);

            put_number(id_of(node), ',');
            memcpy(out.bytes + out.used, COUNTRIES[bits % 7], 2);
            out.used += 2;
            out.bytes[out.used++] = ',';
            put_number((bits >> 8) % 100, '\n');
        }
        end();
    }
}

static void write_edges(const char *folder, uint64_t nodes, uint64_t edges,
                        unsigned files)
{
    for (unsigned f = 0; f < files; f++) {
        begin(folder, "edges", f + 1, "from,to,amount,at\n");
        for (uint64_t e = edges * f / files; e < edges * (f + 1) / files; e++) {
            put_number(id_of(pick(mix(3 * e + nodes), nodes)), ',');
            put_number(id_of(pick(mix(3 * e + nodes + 1), nodes)), ',');
            put_number(mix(3 * e + nodes + 2) % 1000000, ',');
            put_number(UINT64_C(1700000000000) + e * 40, '\n');
        }
        end();
    }
}

static void write_schema(const char *folder, unsigned files)
{
    char path[4096];
    FILE *file;

    snprintf(path, sizeof(path), "%s/schema.lua", folder);
    file = fopen(path, "w");
    if (!file) {
        fprintf(stderr, "scale_gen: %s: %s\n", path, strerror(errno));
        exit(3);
    }
    fprintf(file,
            "local function files(name)\n"
            "  local list = {}\n"
            "  for i = 1, %u do list[i] = name .. '-' .. i .. '.csv' end\n"
            "  return list\n"
            "end\n"
            "return {\n"
            "  labels = { Account = { file = files('nodes'), key = { column = 'id', "
            "type = 'int64' },\n"
            "    properties = { country = 'string', risk = 'int64' } } },\n"
            "  edges = { { type = 'transfer', from = 'Account', to = 'Account', file = "
            "files('edges'),\n"
            "    source = 'from', target = 'to', time = { column = 'at', format = 'ms' "
            "},\n"
            "    properties = { amount = 'int64' } } },\n"
            "}\n",
            files);
    if (fclose(file)) {
        perror("scale_gen");
        exit(3);
    }
}

static bool number(uint64_t *to, const char *text)
{
    char *behind;

    errno = 0;
    *to = strtoull(text, &behind, 10);
    return !errno && *text >= '0' && *text <= '9' && !*behind && *to > 0;
}

int main(int argc, char **argv)
{
    uint64_t nodes;
    uint64_t edges;
    uint64_t files;

    if (argc != 5 || !number(&nodes, argv[1]) || !number(&edges, argv[2]) ||
        !number(&files, argv[3]) || files > 1000) {
        fputs("usage: scale_gen NODES EDGES FILES DIR\n", stderr);
        return 2;
    }
    write_nodes(argv[4], nodes, (unsigned)files);
    write_edges(argv[4], nodes, edges, (unsigned)files);
    write_schema(argv[4], (unsigned)files);
    return 0;
}
