/* The workers' queue: order, refusal, and the end. */
#include "support/unit.h"

#include <pthread.h>
#include <semaphore.h>

#include "base/alloc.h"
#include "server/work.h"

/* A job that writes down when it was run. */
struct job {
    struct cdn_work work;
    char name;
    struct book *book;
    struct sender *sender;
};

struct book {
    pthread_mutex_t lock;
    char names[64];
    size_t count;
    sem_t begun; /* by the one that blocks */
    sem_t go_on;
};

static void write_down(struct cdn_work *work)
{
    struct job *job = (struct job *)(void *)work;

    pthread_mutex_lock(&job->book->lock);
    job->book->names[job->book->count++] = job->name;
    pthread_mutex_unlock(&job->book->lock);
}

static void block(struct cdn_work *work)
{
    struct job *job = (struct job *)(void *)work;

    sem_post(&job->book->begun);
    sem_wait(&job->book->go_on);
    write_down(work);
}

static void open_book(struct book *book)
{
    memset(book, 0, sizeof *book);
    pthread_mutex_init(&book->lock, NULL);
    sem_init(&book->begun, 0, 0);
    sem_init(&book->go_on, 0, 0);
}

static struct job job_of(struct book *book, char name, unsigned priority)
{
    struct job job = {
        .work = {.priority = priority, .run = write_down}, .name = name, .book = book};

    return job;
}

START_TEST(queue__goes_by_priority_and_order)
{
    struct cdn_workers *workers;
    struct cdn_workers_stats stats;
    struct book book;
    struct job first, jobs[5];
    const char names[] = "abcde";
    const unsigned priorities[] = {0, 3, 0, 7, 3};

    open_book(&book);
    ck_assert_int_eq(cdn_workers_open(&workers, 1, 8, NULL), CORDON_OK);
    first = job_of(&book, 'X', 0);
    first.work.run = block;
    ck_assert(cdn_workers_resubmit(workers, &first.work));
    sem_wait(&book.begun);
    for (size_t i = 0; i < 5; i++) {
        jobs[i] = job_of(&book, names[i], priorities[i]);
        ck_assert(cdn_workers_resubmit(workers, &jobs[i].work));
    }
    cdn_workers_get_stats(&stats, workers);
    ck_assert_uint_eq(stats.waiting, 5);
    ck_assert_uint_eq(stats.running, 1);
    sem_post(&book.go_on);
    cdn_workers_stop(workers); /* what was taken is done */
    ck_assert_str_eq(book.names, "Xdbeac");
    ck_assert_ptr_eq(cdn_workers_submit(workers, &first.work), &first.work);
    ck_assert(!cdn_workers_resubmit(workers, &first.work));
    cdn_workers_close(workers);
}
END_TEST

START_TEST(queue__refuses_what_matters_least)
{
    struct cdn_workers *workers;
    struct cdn_workers_stats stats;
    struct book book;
    struct job first, low, later, equal, high, higher, highest, rest;

    open_book(&book);
    ck_assert_int_eq(cdn_workers_open(&workers, 1, 2, NULL), CORDON_OK);
    first = job_of(&book, 'X', 0);
    first.work.run = block;
    low = job_of(&book, 'a', 1);
    later = job_of(&book, 'b', 1);
    equal = job_of(&book, 'c', 1);
    high = job_of(&book, 'd', 5);
    higher = job_of(&book, 'e', 6);
    rest = job_of(&book, 'f', 0);
    ck_assert(
        cdn_workers_resubmit(workers, &first.work)); /* a wait that is not measured */
    sem_wait(&book.begun);
    ck_assert_ptr_null(cdn_workers_submit(workers, &low.work));
    ck_assert_ptr_null(cdn_workers_submit(workers, &later.work));
    ck_assert_ptr_eq(cdn_workers_submit(workers, &equal.work), &equal.work);
    ck_assert_ptr_eq(cdn_workers_submit(workers, &high.work), &later.work);
    ck_assert_ptr_eq(cdn_workers_submit(workers, &higher.work), &low.work);
    ck_assert_ptr_eq(cdn_workers_submit(workers, &equal.work), &equal.work);
    /* whatever waits; and what has begun gives way to nobody */
    ck_assert(cdn_workers_resubmit(workers, &rest.work));
    highest = job_of(&book, 'g', 7);
    ck_assert_ptr_eq(cdn_workers_submit(workers, &highest.work), &high.work);
    cdn_workers_get_stats(&stats, workers);
    ck_assert_uint_eq(stats.waiting, 3);
    ck_assert_uint_eq(stats.refused, 5);
    sem_post(&book.go_on);
    cdn_workers_close(workers);
    ck_assert_str_eq(book.names, "Xgef");
}
END_TEST

enum { SENDERS = 4, EACH = 2000 };

struct sender {
    struct cdn_workers *workers;
    struct book *book;
    unsigned refused; /* atomic: also by a worker, where it was too late */
};

static void count_refused(struct cdn_work *work)
{
    struct job *job = (struct job *)(void *)work;

    __atomic_fetch_add(&job->sender->refused, 1, __ATOMIC_RELAXED);
    __atomic_store_n(&job->name, 'd', __ATOMIC_RELEASE);
}

static void count_one(struct cdn_work *work)
{
    struct job *job = (struct job *)(void *)work;

    __atomic_fetch_add(&job->book->count, 1, __ATOMIC_RELAXED);
    __atomic_store_n(&job->name, 'd', __ATOMIC_RELEASE);
}

/* One job at a time, again and again. */
static void *send_all(void *ud)
{
    struct sender *sender = ud;
    struct job job = job_of(sender->book, 'n', 0);

    job.sender = sender;
    job.work.run = count_one;
    job.work.refuse = count_refused;
    for (unsigned i = 0; i < EACH; i++) {
        struct cdn_work *refused;

        job.name = 'n';
        refused = cdn_workers_submit(sender->workers, &job.work);
        while (!refused && __atomic_load_n(&job.name, __ATOMIC_ACQUIRE) != 'd')
            sched_yield();
        if (refused)
            count_refused(refused);
    }
    return NULL;
}

START_TEST(workers__serve_many_threads)
{
    struct cdn_workers *workers;
    struct sender senders[SENDERS];
    pthread_t threads[SENDERS];
    struct book book;
    unsigned refused = 0;

    open_book(&book);
    ck_assert_int_eq(cdn_workers_open(&workers, 2, SENDERS, NULL), CORDON_OK);
    for (size_t i = 0; i < SENDERS; i++) {
        senders[i] = (struct sender){workers, &book, 0};
        ck_assert_int_eq(pthread_create(&threads[i], NULL, send_all, &senders[i]), 0);
    }
    for (size_t i = 0; i < SENDERS; i++) {
        pthread_join(threads[i], NULL);
        refused += __atomic_load_n(&senders[i].refused, __ATOMIC_RELAXED);
    }
    ck_assert_uint_eq(__atomic_load_n(&book.count, __ATOMIC_RELAXED) + refused,
                      SENDERS * EACH);
    cdn_workers_close(workers);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(open__survives_every_allocation_failure)
{
    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_workers *workers;
        cordon_status status = cdn_workers_open(&workers, 2, 2, NULL);

        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        cdn_workers_close(workers);
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("work");

    CDN_UNIT_CASE(s, queue__goes_by_priority_and_order);
    CDN_UNIT_CASE(s, queue__refuses_what_matters_least);
    CDN_UNIT_CASE(s, workers__serve_many_threads);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, open__survives_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
