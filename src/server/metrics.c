/* Counters of lanes, and the text they become.
 *
 * A lane's table is open-addressed by route and code.  There are a few hundred pairs at most;
 * the table holds more, and what would not fit is counted under the route "other".  A cell is written
 * by one thread: a store that another thread reads meanwhile is atomic, and that is all. */
#include "server/metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "server/host.h"
#include "server/lane.h"
#include "server/observe.h"
#include "server/work.h"

enum { CELLS = 1024, BUCKETS = 14 };

static const uint64_t bounds_ns[BUCKETS] = {
    50000,    100000,   250000,   500000,    1000000,   2500000,    5000000,
    10000000, 25000000, 50000000, 100000000, 250000000, 1000000000, 5000000000};

/* Of paths that there are not, and of what does not fit. */
static const struct cdn_route no_route = {.path = "none"};
static const struct cdn_route other_route = {.path = "other"};

struct cell {
    const struct cdn_route *route; /* NULL: free */
    unsigned status;
    uint64_t buckets[BUCKETS + 1]; /* not cumulated; the last: above all bounds */
    uint64_t sum_ns;
};

struct cdn_counts {
    uint64_t begun;
    uint64_t ended;
    struct cell cells[CELLS];
};

struct cdn_counts *cdn_counts_new(void)
{
    return cdn_calloc(1, sizeof(struct cdn_counts));
}

void cdn_counts_free(struct cdn_counts *counts)
{
    cdn_free(counts);
}

/* ---- counting ---- */

static void add(uint64_t *to, uint64_t more)
{
    __atomic_store_n(to, *to + more, __ATOMIC_RELAXED);
}

void cdn_counts_begin(struct cdn_counts *counts)
{
    add(&counts->begun, 1);
}

static size_t place_of(const struct cdn_route *route, unsigned status)
{
    return (size_t)(((uintptr_t)route / sizeof *route) * 31 + status) % CELLS;
}

static struct cell *cell_of(struct cdn_counts *counts, const struct cdn_route *route,
                            unsigned status)
{
    for (size_t at = place_of(route, status), tries = 0; tries < CELLS - 1;
         at = (at + 1) % CELLS, tries++) {
        struct cell *cell = &counts->cells[at];

        if (cell->route == route && cell->status == status)
            return cell;
        if (cell->route)
            continue;
        cell->status = status;
        __atomic_store_n(&cell->route, route, __ATOMIC_RELEASE);
        return cell;
    }
    return NULL;
}

void cdn_counts_end(struct cdn_counts *counts, const struct cdn_route *route,
                    unsigned status, uint64_t took_ns)
{
    struct cell *cell = cell_of(counts, route ? route : &no_route, status);
    size_t bucket = 0;

    add(&counts->ended, 1);
    if (!cell)
        cell = cell_of(counts, &other_route, 0);
    if (!cell)
        return;
    while (bucket < BUCKETS && took_ns > bounds_ns[bucket])
        bucket++;
    add(&cell->buckets[bucket], 1);
    add(&cell->sum_ns, took_ns);
}

/* ---- adding up ---- */

static uint64_t read_of(const uint64_t *from)
{
    return __atomic_load_n(from, __ATOMIC_RELAXED);
}

static void add_lane(void *ud, struct cdn_lane *lane)
{
    struct cdn_counts *all = ud;

    all->begun += read_of(&lane->counts->begun);
    all->ended += read_of(&lane->counts->ended);
    for (size_t i = 0; i < CELLS; i++) {
        const struct cell *from = &lane->counts->cells[i];
        const struct cdn_route *route = __atomic_load_n(&from->route, __ATOMIC_ACQUIRE);
        struct cell *to = route ? cell_of(all, route, from->status) : NULL;

        if (!to)
            continue;
        for (size_t j = 0; j <= BUCKETS; j++)
            to->buckets[j] += read_of(&from->buckets[j]);
        to->sum_ns += read_of(&from->sum_ns);
    }
}

static int by_route(const void *a, const void *b)
{
    const struct cell *one = a, *two = b;
    int order;

    if (!one->route || !two->route)
        return (one->route == NULL) - (two->route == NULL);
    order = strcmp(one->route->path, two->route->path);
    if (!order)
        order = (int)one->route->method - (int)two->route->method;
    return order ? order : (int)one->status - (int)two->status;
}

static const char *method_word(enum cdn_method method)
{
    switch (method) {
    case CDN_METHOD_GET:
        return "GET";
    case CDN_METHOD_PUT:
        return "PUT";
    case CDN_METHOD_POST:
        return "POST";
    case CDN_METHOD_DELETE:
        return "DELETE";
    }
    return "";
}

static void write_cell(struct cdn_buf *out, const struct cell *cell)
{
    uint64_t count = 0;
    char labels[160];

    snprintf(labels, sizeof labels, "route=\"%s\",method=\"%s\",code=\"%u\"",
             cell->route->path, method_word(cell->route->method), cell->status);
    for (size_t i = 0; i <= BUCKETS; i++) {
        count += cell->buckets[i];
        if (i < BUCKETS)
            cdn_buf_printf(out,
                           "cordon_http_request_duration_seconds_bucket{%s,le=\"%g\"} "
                           "%" PRIu64 "\n",
                           labels, (double)bounds_ns[i] / 1e9, count);
        else
            cdn_buf_printf(
                out,
                "cordon_http_request_duration_seconds_bucket{%s,le=\"+Inf\"} "
                "%" PRIu64 "\n",
                labels, count);
    }
    cdn_buf_printf(out,
                   "cordon_http_request_duration_seconds_sum{%s} %.9f\n"
                   "cordon_http_request_duration_seconds_count{%s} %" PRIu64 "\n",
                   labels, (double)cell->sum_ns / 1e9, labels, count);
}

static void write_gauge(struct cdn_buf *out, const char *name, const char *help,
                        uint64_t value)
{
    cdn_buf_printf(out, "# HELP %s %s\n# TYPE %s gauge\n%s %" PRIu64 "\n", name, help,
                   name, name, value);
}

static void write_shed(struct cdn_buf *out, const struct cdn_host *host,
                       const struct cdn_workers_stats *stats)
{
    cdn_buf_printf(out,
                   "# HELP cordon_http_shed_total Requests refused at once.\n"
                   "# TYPE cordon_http_shed_total counter\n"
                   "cordon_http_shed_total{reason=\"queue\"} %" PRIu64 "\n"
                   "cordon_http_shed_total{reason=\"memory\"} %" PRIu64 "\n",
                   stats->refused, read_of(&host->shed_memory));
}

void cdn_metrics_write(struct cdn_buf *out, struct cdn_host *host)
{
    struct cdn_workers_stats stats = {0};
    struct cdn_counts *all = cdn_counts_new();

    if (!all) {
        out->failed = true;
        return;
    }
    if (host->workers)
        cdn_workers_get_stats(&stats, host->workers);
    cdn_lanes_each(host->lanes, add_lane, all);
    cdn_buf_text(
        out, "# HELP cordon_http_request_duration_seconds From a request's headers to "
             "its answer.\n"
             "# TYPE cordon_http_request_duration_seconds histogram\n");
    qsort(all->cells, CELLS, sizeof *all->cells, by_route);
    for (size_t i = 0; i < CELLS && all->cells[i].route; i++)
        write_cell(out, &all->cells[i]);
    write_gauge(out, "cordon_http_requests_in_flight",
                "Requests that are not answered yet.", all->begun - all->ended);
    write_gauge(out, "cordon_http_queue_depth", "Requests that wait for a worker.",
                stats.waiting);
    write_gauge(out, "cordon_http_workers_running", "Workers that are at a request.",
                stats.running);
    write_shed(out, host, &stats);
    cdn_observe_metrics(out, host);
    cdn_counts_free(all);
}

static void add_in_flight(void *ud, struct cdn_lane *lane)
{
    *(uint64_t *)ud += read_of(&lane->counts->begun) - read_of(&lane->counts->ended);
}

uint64_t cdn_metrics_in_flight(struct cdn_host *host)
{
    uint64_t count = 0;

    cdn_lanes_each(host->lanes, add_in_flight, &count);
    return count;
}
