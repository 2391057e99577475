/* Reading and parsing the CSV of a schema and nothing else: what an import could not be faster
 * than.  bench_parse SCHEMA FOLDER prints the rows and how many were not taken. */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>

#include "import/feed.h"
#include "import/mapping.h"

static cordon_status read_file(uint64_t counts[2], const struct cdn_mapping *mapping,
                               const struct cdn_mapping_source *source,
                               const char *path, cordon_error *err)
{
    enum cdn_feed_event event = CDN_FEED_ROW;
    struct cdn_feed feed;
    cordon_status status = cdn_feed_open(&feed, mapping, source, path, err);

    if (status)
        return status;
    while (!status && event != CDN_FEED_END) {
        status = cdn_feed_next(&feed, &event, err);
        if (event != CDN_FEED_END)
            counts[event != CDN_FEED_ROW]++;
    }
    cdn_feed_close(&feed);
    return status;
}

int main(int argc, char **argv)
{
    struct cdn_mapping mapping;
    uint64_t counts[2] = {0};
    cordon_error err;
    cordon_status status;

    if (argc != 3) {
        fputs("usage: bench_parse SCHEMA FOLDER\n", stderr);
        return 2;
    }
    status = cdn_mapping_load(&mapping, argv[1], &err);
    for (uint32_t s = 0; !status && s < mapping.source_count; s++)
        for (uint32_t f = 0; !status && f < mapping.sources[s].file_count; f++) {
            char path[PATH_MAX];

            snprintf(path, sizeof(path), "%s/%s", argv[2], mapping.sources[s].files[f]);
            status = read_file(counts, &mapping, &mapping.sources[s], path, &err);
        }
    cdn_mapping_deinit(&mapping);
    if (status) {
        fprintf(stderr, "bench_parse: %s\n", err.message);
        return 3;
    }
    printf("%" PRIu64 " rows, %" PRIu64 " not taken\n", counts[0], counts[1]);
    return 0;
}
