/* A wall for tests of the pool: workers that are sockets, which start, answer and end as the test
 * says, and a clock that it sets. */
#ifndef CORDON_TESTS_ENGINE_CREWING_H
#define CORDON_TESTS_ENGINE_CREWING_H

#include "serving.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "engine/crews.h"
#include "isolation/wire.h"

#define SECOND UINT64_C(1000000000)

enum crewing_start { STARTS, FAILS, HANGS, DIES, LIES };

/* One worker; ends[1] is its own side. */
struct crewing_fake {
    struct cdn_worker worker; /* first */
    struct cdn_channel channel;
    int ends[2];
    bool alive;
    bool held; /* by whoever leased it */
};

enum { CREWING_MOST = 4096 };

/* Under `lock`, as threads may start and end them. */
static struct {
    pthread_mutex_t lock;
    struct crewing_fake fakes[CREWING_MOST]; /* in order of their starts */
    uint32_t started, alive, tried;
    enum crewing_start start;
    bool lingers; /* processes are gone when the test says so */
    _Atomic uint64_t now_ns;
} crewing = {.lock = PTHREAD_MUTEX_INITIALIZER, .now_ns = 1000 * SECOND};

static inline uint64_t crewing_now(void)
{
    return atomic_load(&crewing.now_ns);
}

static inline void crewing_pass(uint64_t ns)
{
    atomic_fetch_add(&crewing.now_ns, ns);
}

static inline void crewing_end(struct cdn_worker *worker)
{
    struct crewing_fake *fake = (struct crewing_fake *)(void *)worker;

    pthread_mutex_lock(&crewing.lock);
    ck_assert(fake->alive);
    fake->alive = false;
    crewing.alive--;
    if (worker->channel.fd >= 0)
        close(worker->channel.fd);
    if (fake->ends[1] >= 0)
        close(fake->ends[1]);
    if (worker->process >= 0)
        close(worker->process);
    cdn_channel_deinit(&worker->channel);
    cdn_channel_deinit(&fake->channel);
    cdn_buf_deinit(&worker->out);
    pthread_mutex_unlock(&crewing.lock);
}

static inline void crewing_say(struct crewing_fake *fake, const struct cdn_buf *out)
{
    ck_assert(!out->failed);
    ck_assert(!cdn_channel_send(&fake->channel, CDN_FRAME_HELLO, out->data, out->length,
                                UINT64_MAX, NULL));
}

/* It says that it is there. */
static inline void crewing_greet(struct crewing_fake *fake)
{
    static struct cdn_buf usual; /* made once, whatever allocations fail later */
    const struct cdn_wire_hello hello = {.version = CDN_WIRE_VERSION,
                                         .locks = CDN_LOCK_ROOT,
                                         .identity = fake->worker.identity +
                                                     (crewing.start == LIES)};
    struct cdn_buf out = {0};

    if (!hello.identity) {
        if (!usual.length)
            cdn_wire_put_hello(&usual, &hello);
        crewing_say(fake, &usual);
        return;
    }
    cdn_wire_put_hello(&out, &hello);
    crewing_say(fake, &out);
    cdn_buf_deinit(&out);
}

static inline cordon_status crewing_spawn(struct cdn_worker **out,
                                          const struct cdn_wall_options *options,
                                          const cordon_snapshot *snapshot,
                                          cordon_error *err)
{
    struct crewing_fake *fake;

    (void)options;
    *out = NULL;
    pthread_mutex_lock(&crewing.lock);
    crewing.tried++;
    if (crewing.start == FAILS) {
        pthread_mutex_unlock(&crewing.lock);
        return cdn_error_set(err, CORDON_E_DENIED, "step 2: no");
    }
    ck_assert_uint_lt(crewing.started, CREWING_MOST);
    fake = &crewing.fakes[crewing.started++];
    crewing.alive++;
    fake->alive = true;
    ck_assert(!socketpair(AF_UNIX, SOCK_STREAM, 0, fake->ends));
    cdn_channel_init(&fake->worker.channel, CDN_CHANNEL_HOST, fake->ends[0], NULL);
    cdn_channel_init(&fake->channel, CDN_CHANNEL_WORKER, fake->ends[1], NULL);
    fake->worker.end = crewing_end;
    fake->worker.process = crewing.lingers ? eventfd(0, EFD_NONBLOCK) : -1;
    fake->worker.identity = snapshot ? cordon_snapshot_identity(snapshot) : 0;
    if (crewing.start == DIES) {
        close(fake->ends[1]);
        fake->ends[1] = -1;
    } else if (crewing.start != HANGS) {
        crewing_greet(fake);
    }
    pthread_mutex_unlock(&crewing.lock);
    *out = &fake->worker;
    return CORDON_OK;
}

/* It answers what it was asked, if it was; false: it was not. */
static inline bool crewing_answer(struct crewing_fake *fake)
{
    struct cdn_buf out = {0};
    uint16_t kind;

    if (!fake->alive || fake->ends[1] < 0 || !cdn_channel_ready(&fake->channel) ||
        cdn_channel_receive(&kind, &fake->channel, 100, 0, NULL))
        return false;
    ck_assert_int_eq(kind, CDN_FRAME_PING);
    cdn_wire_put_number(&out, 0);
    ck_assert(!cdn_channel_send(&fake->channel, CDN_FRAME_READY, out.data, out.length,
                                UINT64_MAX, NULL));
    cdn_buf_deinit(&out);
    return true;
}

static const struct cdn_wall crewing_walls[CDN_WALLS] = {
    [CORDON_WALL_PROCESS] = {crewing_spawn, 10 * SECOND},
    [CORDON_WALL_CONTAINER] = {crewing_spawn, 10 * SECOND},
};

static inline struct cdn_crews *crewing_pool(uint32_t least, uint32_t most)
{
    const struct cdn_crews_options options = {.walls = crewing_walls,
                                              .with = {.cpu_s = 100},
                                              .least = least,
                                              .most = most,
                                              .idle_ns = 60 * SECOND,
                                              .now = crewing_now};
    struct cdn_crews *pool;

    ck_assert(!cdn_crews_new(&pool, &options, NULL));
    return pool;
}

/* Everybody is ended with it. */
static inline void crewing_free(struct cdn_crews *pool)
{
    cdn_crews_free(pool);
    ck_assert_uint_eq(crewing.alive, 0);
}

static const struct cdn_sight crewing_nothing;

/* Patience for a machine with other work, and for what is known not to come. */
static inline struct cdn_patience crewing_long(void)
{
    return (struct cdn_patience){.until_ns = cdn_clock_ns() + 100 * SECOND};
}

static inline struct cdn_patience crewing_short(void)
{
    return (struct cdn_patience){.until_ns = cdn_clock_ns() + SECOND / 100};
}

static inline struct cdn_worker *crewing_lease(struct cdn_crews *pool,
                                               const struct cdn_sight *sight)
{
    const struct cdn_patience patience = crewing_long();
    struct cdn_worker *worker;
    cordon_error err;

    ck_assert_msg(
        !cdn_crews_lease(&worker, pool, CORDON_WALL_PROCESS, sight, &patience, &err),
        "%s", err.message);
    return worker;
}

static inline struct cdn_crews_stats crewing_stats(struct cdn_crews *pool)
{
    struct cdn_crews_stats stats;

    cdn_crews_stats(&stats, pool, CORDON_WALL_PROCESS);
    return stats;
}

#endif
