/* A file that cordon bench --compare is given, as hostile as it comes: it is refused with a
 * reason, or what was read of it can be compared with a bench that has the same groups. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "cli/bench/saved.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Against itself, once as it is and once with every cost one more. */
static void check_compare(const struct cdn_bench_saved *saved)
{
    struct cdn_bench_report report = {.identity = saved->identity,
                                      .figures = saved->figures};
    struct cdn_bench_comparison same = {.threshold = 0, .time_threshold = 0};
    struct cdn_bench_saved other = *saved;
    size_t bytes = saved->figures.count * sizeof(*other.figures.groups);

    other.figures.groups = cdn_alloc(bytes);
    if (!other.figures.groups)
        abort();
    if (bytes)
        memcpy(other.figures.groups, saved->figures.groups, bytes);
    for (size_t i = 0; i < other.figures.count; i++)
        other.figures.groups[i].quantiles[CDN_COST_EDGES][CDN_QUANTILE_MAX]++;
    if (cdn_bench_compare(&same, &report, &other, NULL))
        abort();
    if (same.regressions > same.count || same.count < saved->figures.count)
        abort();
    cdn_free(same.changes);
    cdn_free(other.figures.groups);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cdn_bench_saved saved;
    cordon_error err;

    err.message[0] = '\0';
    if (!cdn_bench_read(&saved, (const char *)data, size, &err))
        check_compare(&saved);
    else if (!err.message[0])
        abort();
    cdn_figures_deinit(&saved.figures);
    return 0;
}
