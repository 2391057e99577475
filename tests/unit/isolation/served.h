/* A worker's service without a wall, for tests: what they share that ask one. */
#ifndef CORDON_TESTS_ISOLATION_SERVED_H
#define CORDON_TESTS_ISOLATION_SERVED_H

#include "rule/ruling.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "isolation/service.h"
#include "isolation/worker.h"

/* A service on a thread of its own, without a wall, and the host's side of it. */
struct served {
    int ends[2];
    void *area;
    struct cdn_channel channel;
    struct cdn_service *service;
    struct cdn_worker worker;
    pthread_t thread;
    cordon_status ended;
    cordon_outcome *outcome;
    cordon_error err;
};

static void *served_run(void *ud)
{
    struct served *served = ud;

    served->ended = cdn_service_run(served->service, 0, NULL);
    return NULL;
}

static inline void served_init(struct served *served, cordon_snapshot *snapshot)
{
    memset(served, 0, sizeof *served);
    ck_assert(!socketpair(AF_UNIX, SOCK_STREAM, 0, served->ends));
    served->area = aligned_alloc(CDN_CHANNEL_PAGE, CDN_CHANNEL_AREA_BYTES);
    memset(served->area, 0, CDN_CHANNEL_AREA_BYTES);
    cdn_channel_init(&served->channel, CDN_CHANNEL_WORKER, served->ends[1],
                     served->area);
    cdn_channel_init(&served->worker.channel, CDN_CHANNEL_HOST, served->ends[0],
                     served->area);
    served->worker.load = ruling_load_budget;
    ck_assert(!cdn_service_new(&served->service, snapshot, NULL, &served->channel,
                               &served->err));
    ck_assert(!pthread_create(&served->thread, NULL, served_run, served));
    served->worker.identity = snapshot ? snapshot->identity : 0;
    ck_assert_msg(!cdn_worker_greet(&served->worker,
                                    cdn_clock_ns() + UINT64_C(60000000000),
                                    &served->err),
                  "%s", served->err.message);
    ck_assert(!cordon_outcome_new(&served->outcome, &served->err));
}

static inline void served_deinit(struct served *served)
{
    ck_assert(!shutdown(served->ends[0], SHUT_RDWR));
    ck_assert(!pthread_join(served->thread, NULL));
    ck_assert_int_eq(served->ended, CORDON_OK);
    cdn_service_free(served->service);
    cdn_channel_deinit(&served->channel);
    cdn_channel_deinit(&served->worker.channel);
    cdn_buf_deinit(&served->worker.out);
    cordon_outcome_free(served->outcome);
    close(served->ends[0]);
    close(served->ends[1]);
    free(served->area);
}

/* All that is computed and not measured. */
static inline void assert_same(const cordon_outcome *a, const cordon_outcome *b)
{
    const cordon_usage *used = cordon_outcome_usage(a), *also = cordon_outcome_usage(b);
    size_t a_bytes, b_bytes;
    const void *a_result = cordon_outcome_result(a, &a_bytes);
    const void *b_result = cordon_outcome_result(b, &b_bytes);

    ck_assert_int_eq(cordon_outcome_get_kind(a), cordon_outcome_get_kind(b));
    ck_assert_int_eq(cordon_outcome_limit(a), cordon_outcome_limit(b));
    ck_assert_str_eq(cordon_outcome_message(a), cordon_outcome_message(b));
    ck_assert_str_eq(cordon_outcome_file(a), cordon_outcome_file(b));
    ck_assert_uint_eq(cordon_outcome_line(a), cordon_outcome_line(b));
    ck_assert_uint_eq(a_bytes, b_bytes);
    ck_assert(!a_bytes || !memcmp(a_result, b_result, a_bytes));
    ck_assert_uint_eq(cordon_outcome_reason_count(a), cordon_outcome_reason_count(b));
    for (size_t i = 0; i < cordon_outcome_reason_count(a); i++)
        ck_assert_str_eq(cordon_outcome_reason(a, i), cordon_outcome_reason(b, i));
    ck_assert_pstr_eq(cordon_outcome_decision(a), cordon_outcome_decision(b));
    ck_assert_int_eq(cordon_outcome_is_fallback(a), cordon_outcome_is_fallback(b));
    ck_assert_int_eq(cordon_outcome_truncated(a), cordon_outcome_truncated(b));
    ck_assert_uint_eq(cordon_outcome_reads_digest(a), cordon_outcome_reads_digest(b));
    ck_assert_uint_eq(used->instructions, also->instructions);
    ck_assert_uint_eq(used->edges, also->edges);
    ck_assert_uint_eq(used->nodes, also->nodes);
    ck_assert_uint_eq(used->output_bytes, also->output_bytes);
    ck_assert_uint_eq(used->edges_limit, also->edges_limit);
}

#endif
