/* Measuring.  malloc's own count of bytes in use must not change at all from round to round:
 * once warm an evaluation allocates nothing that it keeps.  Resident memory sees what malloc
 * does not, such as mappings, but moves by itself: the arena's pages stay once they have
 * been touched, and how many a rule touches that the clock stops differs.  So it may grow by
 * RESIDENT_SLACK in all the rounds together, which a leak of a page or two a round stays
 * below but any lost mapping of a slot or an image does not.  Sanitizers keep freed memory
 * and replace malloc; under them only they judge. */
#include "attack/measure.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED true
#endif
#endif
#ifndef SANITIZED
#define SANITIZED false
#endif

#define RESIDENT_SLACK ((int64_t)1024 * 1024)

/* What a run may have beyond its cap once it is stopped: the sandbox's reserve. */
#define RESERVE_BYTES UINT64_C(262144)

#define PLANTED_BLOCK ((size_t)48)
#define PLANTED_PAGES ((size_t)1024 * 1024)

uint64_t attack_now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static uint64_t past(uint64_t used, uint64_t limit)
{
    return used > limit ? used - limit : 0;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

void attack_excess_add(struct excess *excess, const cordon_usage *usage)
{
    excess->instructions = larger(excess->instructions,
                                  past(usage->instructions, usage->instructions_limit));
    excess->memory_bytes = larger(excess->memory_bytes,
                                  past(usage->memory_bytes, usage->memory_limit_bytes));
    if (excess->runs < ATTACK_RUNS_MAX)
        excess->late_ns[excess->runs++] = past(usage->wall_ns, usage->wall_limit_ns);
}

static int by_size(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

    return (left > right) - (left < right);
}

/* The run at a place of the order from the most punctual, 0, to the latest, 1. */
static uint64_t late_at(const struct excess *excess, double place)
{
    struct excess sorted = *excess;

    if (!sorted.runs)
        return 0;
    qsort(sorted.late_ns, sorted.runs, sizeof sorted.late_ns[0], by_size);
    return sorted.late_ns[(uint32_t)(place * (sorted.runs - 1))];
}

uint64_t attack_excess_latest(const struct excess *excess)
{
    return late_at(excess, 1);
}

uint64_t attack_excess_median(const struct excess *excess)
{
    return late_at(excess, 0.5);
}

const char *attack_usage_fault(const cordon_usage *usage, cordon_outcome_kind kind)
{
    bool stopped = kind == CORDON_OUTCOME_LIMIT;

    if (usage->edges > usage->edges_limit)
        return "more edges were read than the limit";
    if (usage->output_bytes > usage->output_limit_bytes)
        return "more was put out than the limit";
    if (past(usage->memory_bytes, usage->memory_limit_bytes) >
        (stopped ? RESERVE_BYTES : 0))
        return "more memory was used than the limit";
    if (!stopped && usage->instructions > usage->instructions_limit)
        return "more instructions were used than the limit, and it was not stopped";
    if (kind == CORDON_OUTCOME_OK && usage->instructions == 0)
        return "it ran without an instruction";
    if (usage->native_ns > usage->wall_ns)
        return "more time was spent inside native calls than in all";
    return NULL;
}

bool attack_footprint_tells(void)
{
    return !SANITIZED;
}

void attack_footprint_take(struct footprint *now)
{
    unsigned long pages = 0, resident = 0;
    FILE *file;

    *now = (struct footprint){0};
    if (SANITIZED)
        return;
    file = fopen("/proc/self/statm", "r");
    if (file) {
        if (fscanf(file, "%lu %lu", &pages, &resident) == 2)
            now->resident_bytes = resident * (size_t)sysconf(_SC_PAGESIZE);
        fclose(file);
    }
    now->heap_bytes = mallinfo2().uordblks + mallinfo2().hblkhd;
}

const char *attack_growth_fault(struct growth *growth, const struct footprint *before,
                                const struct footprint *after)
{
    static char text[128];

    growth->heap_bytes = (int64_t)after->heap_bytes - (int64_t)before->heap_bytes;
    growth->resident_bytes =
        (int64_t)after->resident_bytes - (int64_t)before->resident_bytes;
    if (growth->heap_bytes != 0)
        snprintf(text, sizeof text, "the heap changed by %lld bytes in %u rounds",
                 (long long)growth->heap_bytes, (unsigned)growth->rounds);
    else if (growth->resident_bytes > RESIDENT_SLACK)
        snprintf(text, sizeof text, "resident memory grew by %lld KiB in %u rounds",
                 (long long)growth->resident_bytes / 1024, (unsigned)growth->rounds);
    else
        return NULL;
    return text;
}

bool attack_leak(const char *what)
{
    void *lost = NULL;

    if (strcmp(what, "heap") == 0) {
        lost = malloc(PLANTED_BLOCK);
    } else if (strcmp(what, "pages") == 0) {
        lost = mmap(NULL, PLANTED_PAGES, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (lost != MAP_FAILED)
            memset(lost, 1, PLANTED_PAGES);
    }
    /* the compiler must not see that nobody wants it */
    __asm__ volatile("" : : "r"(lost) : "memory");
    return lost != NULL;
}
