/* cordon snapshot slice: cut a neighbourhood out of a snapshot.
 *
 * The public API does the work; here words become its options.  A slice is bytes for a file,
 * another program or another machine, so it is not written to a terminal. */
#include "cli/cli.h"

#include <string.h>

#include "base/alloc.h"
#include "base/file.h"

/* "Account:17" cut in two, and "transfer:amount,ts" into its words: copies that live as long
 * as the command runs. */
struct words {
    char **copies;
    cordon_slice_node *nodes;
    cordon_slice_kind *kinds;
    const char **properties; /* of all kinds, one after another */
    size_t copy_count;
    size_t property_count;
};

static void words_deinit(struct words *words)
{
    for (size_t i = 0; i < words->copy_count; i++)
        cdn_free(words->copies[i]);
    cdn_free(words->copies);
    cdn_free(words->nodes);
    cdn_free(words->kinds);
    cdn_free(words->properties);
}

static int no_memory(struct cdn_cli *cli)
{
    cdn_cli_error(cli, "out of memory");
    return CDN_EXIT_DATA;
}

static bool words_init(struct words *words, const struct cdn_strings *nodes,
                       const struct cdn_strings *reads)
{
    size_t properties = 0;

    for (size_t i = 0; i < reads->count; i++)
        for (const char *at = reads->items[i]; *at; at++)
            properties += *at == ',' || *at == ':' ? 1 : 0;
    words->copies = cdn_calloc(nodes->count + reads->count, sizeof(*words->copies));
    words->nodes = cdn_calloc(nodes->count, sizeof(*words->nodes));
    words->kinds = cdn_calloc(reads->count, sizeof(*words->kinds));
    words->properties = cdn_calloc(properties, sizeof(*words->properties));
    return words->copies && words->nodes && words->kinds && words->properties;
}

static char *copy_word(struct words *words, const char *text)
{
    char *copy = cdn_strdup(text);

    if (copy)
        words->copies[words->copy_count++] = copy;
    return copy;
}

static int read_node(struct cdn_cli *cli, struct words *words, size_t at,
                     const char *text)
{
    char *copy = copy_word(words, text);
    char *colon;

    if (!copy)
        return no_memory(cli);
    colon = strchr(copy, ':');
    if (!colon || colon == copy)
        return cdn_cli_usage(cli, "--node is LABEL:KEY, such as Account:17, not '%s'",
                             text);
    *colon = '\0';
    words->nodes[at] = (cordon_slice_node){.label = copy, .key = colon + 1};
    return CDN_EXIT_OK;
}

static int read_kind(struct cdn_cli *cli, struct words *words, size_t at,
                     const char *text)
{
    cordon_slice_kind *kind = &words->kinds[at];
    char *copy = copy_word(words, text);

    if (!copy)
        return no_memory(cli);
    kind->name = copy;
    kind->properties = words->properties + words->property_count;
    copy = strchr(copy, ':');
    while (copy) {
        *copy++ = '\0';
        if (*copy == '\0' || *copy == ',')
            return cdn_cli_usage(
                cli, "--read is KIND or KIND:PROPERTY,PROPERTY, not '%s'", text);
        words->properties[words->property_count++] = copy;
        kind->property_count++;
        copy = strchr(copy, ',');
    }
    return CDN_EXIT_OK;
}

/* Every --node and --read into words. */
static int read_words(struct cdn_cli *cli, struct words *words,
                      const struct cdn_strings *nodes, const struct cdn_strings *reads)
{
    int code = CDN_EXIT_OK;

    if (!words_init(words, nodes, reads))
        return no_memory(cli);
    for (size_t i = 0; !code && i < nodes->count; i++)
        code = read_node(cli, words, i, nodes->items[i]);
    for (size_t i = 0; !code && i < reads->count; i++)
        code = read_kind(cli, words, i, reads->items[i]);
    return code;
}

static int write_out(struct cdn_cli *cli, const char *path, const void *bytes,
                     size_t size)
{
    cordon_error err;

    if (path) {
        if (cdn_file_replace(path, bytes, size, &err)) {
            cdn_cli_error_of(cli, &err);
            return CDN_EXIT_DATA;
        }
        return CDN_EXIT_OK;
    }
    /* a failed write is found by cdn_cli_finish() */
    (void)fwrite(bytes, 1, size, cli->out);
    return CDN_EXIT_OK;
}

static int cut(struct cdn_cli *cli, const char *store, uint64_t generation,
               const cordon_slice_options *slice, const char *path)
{
    cordon_snapshot_options options = CORDON_SNAPSHOT_OPTIONS_INIT;
    cordon_snapshot *snapshot = NULL;
    void *bytes = NULL;
    cordon_status status;
    cordon_error err;
    size_t size = 0;
    int code;

    options.generation = generation;
    status = cordon_snapshot_open(&snapshot, store, &options, &err);
    if (!status)
        status = cordon_snapshot_slice(&bytes, &size, snapshot, slice, &err);
    if (status) {
        cdn_cli_error_of(cli, &err);
        code = CDN_EXIT_DATA;
    } else {
        code = write_out(cli, path, bytes, size);
    }
    cordon_slice_free(bytes);
    cordon_snapshot_release(snapshot);
    return code;
}

static int run_slice(struct cdn_cli *cli, int argc, char **argv)
{
    cordon_slice_options slice = CORDON_SLICE_OPTIONS_INIT;
    struct cdn_strings nodes = {0};
    struct cdn_strings reads = {0};
    struct words words = {0};
    const char *path = NULL;
    uint64_t generation = 0;
    uint64_t hops = 1;
    int code;
    const struct cdn_option options[] = {
        {"node", 0, CDN_OPTION_LIST, &nodes, "LABEL:KEY",
         "where it starts; may be given many times", NULL},
        {"hops", 0, CDN_OPTION_INTEGER, &hops, "N",
         "how many edges from there, in either direction (default: 1)", NULL},
        {"read", 0, CDN_OPTION_LIST, &reads, "KIND[:P,P]",
         "hold this label or edge type, with these properties (default: all)", NULL},
        {"as-of", 0, CDN_OPTION_TIME, &slice.as_of_ms, "TIME",
         "no edge later than this", NULL},
        {"max-nodes", 0, CDN_OPTION_POSITIVE, &slice.max_nodes, "N",
         "refuse to hold more (default: 1,000,000)", NULL},
        {"max-edges", 0, CDN_OPTION_POSITIVE, &slice.max_edges, "N",
         "refuse to hold more (default: 10,000,000)", NULL},
        {"out", 'o', CDN_OPTION_STRING, &path, "FILE",
         "where it goes (default: stdout)", NULL},
        {"generation", 'g', CDN_OPTION_POSITIVE, &generation, "N",
         "which generation of the store (default: the current one)", NULL},
    };

    if (!cdn_options_parse(cli, options, CDN_COUNT(options), &argc, argv, &code))
        goto out;
    code = CDN_EXIT_OK;
    if (argc != 1)
        code = cdn_cli_usage(cli, argc ? "one store at a time" : "no store given");
    else if (nodes.count == 0)
        code = cdn_cli_usage(cli, "no --node given: a slice is cut around one");
    else if (hops > UINT32_MAX)
        code = cdn_cli_usage(cli, "--hops is at most %u", UINT32_MAX);
    else if (!path && cli->out_tty)
        code = cdn_cli_usage(cli, "a slice is not text: give --out, or redirect it");
    else
        code = read_words(cli, &words, &nodes, &reads);
    slice.nodes = words.nodes;
    slice.node_count = nodes.count;
    slice.kinds = words.kinds;
    slice.kind_count = reads.count;
    slice.hops = (uint32_t)hops;
    if (!code)
        code = cdn_cli_finish(cli, cut(cli, argv[0], generation, &slice, path));
out:
    words_deinit(&words);
    cdn_strings_deinit(&nodes);
    cdn_strings_deinit(&reads);
    return code;
}

const struct cdn_command cdn_command_snapshot_slice = {
    .name = "snapshot slice",
    .summary = "cut the neighbourhood of nodes out of a snapshot",
    .run = run_slice,
    .usage = "STORE --node LABEL:KEY... [OPTION...]",
    .examples = "cordon snapshot slice store --node Account:17 --hops 2 > near.slice\n"
                "cordon eval rule.lua --data near.slice --node Account:17\n"
                "cordon snapshot slice store --node Account:17 --read Account --read "
                "transfer:amount -o near.slice",
    .details =
        "A slice holds the nodes at most --hops edges away, and all edges of those\n"
        "that are nearer: a rule that opens lists of no others answers as on the\n"
        "whole, for the same instructions and edges. Wherever --data takes a store it\n"
        "takes a slice too. A label at an end of an edge type given with --read comes\n"
        "along, keys alone.",
    .exits = "023",
};
