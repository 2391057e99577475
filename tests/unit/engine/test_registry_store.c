/* The file: opening, sharing, growing, whatever is no registry, and damaged ones. */
#include "registered.h"

#include <lmdb.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/alloc.h"
#include "base/file.h"
#include "engine/registry_store.h"
#include "support/damaged.h"

static void write_file(const void *bytes, size_t count)
{
    OK(cdn_file_replace(registered_path, bytes, count, &err));
}

static cordon_status open_again(unsigned flags)
{
    cordon_registry_close(registry);
    registry = NULL;
    return cordon_registry_open(&registry, registered_path, flags, &err);
}

/* ---- opening ---- */

START_TEST(open__makes_one_only_when_told_to)
{
    cordon_registry_close(registry);
    registry = NULL;
    registered_sweep();
    FAILS(cordon_registry_open(&registry, registered_path, 0, &err), CORDON_E_NOTFOUND,
          "rules.mdb");
    ck_assert_ptr_null(registry);
    OK(cordon_registry_open(&registry, registered_path, CORDON_REGISTRY_CREATE, &err));
    ck_assert_uint_eq(cdn_registry_sequence(registry), 0);
    cordon_registry_close(registry);
    registry = NULL;
    ck_assert_int_eq(registered_sweep(), 2); /* itself and its lock */
}
END_TEST

START_TEST(open__keeps_what_was_written)
{
    push_rule("velocity", 1);
    activate("velocity", 1);
    OK(open_again(0));
    ck_assert_uint_eq(standing_of("velocity").active, 1);
    ck_assert_uint_eq(cdn_registry_sequence(registry), 2);
}
END_TEST

START_TEST(open__twice_in_a_process_shares_the_file)
{
    cordon_registry *first = registry, *second;

    OK(cordon_registry_open(&second, registered_path, CORDON_REGISTRY_READ_ONLY, &err));
    push_rule("velocity", 1);
    ck_assert_uint_eq(cdn_registry_sequence(second), 1);
    registry = second;
    FAILS(cordon_registry_pause(second, "velocity", &by_ann, &err), CORDON_E_DENIED,
          "for reading only");
    cordon_registry_close(first);
    ck_assert_uint_eq(standing_of("velocity").newest, 1);
}
END_TEST

START_TEST(open__refuses_unknown_flags_and_null)
{
    cordon_registry *other;

    FAILS(cordon_registry_open(&other, registered_path, 64, &err), CORDON_E_INVALID,
          "flags");
    FAILS(cordon_registry_open(&other, NULL, 0, &err), CORDON_E_INVALID, "no path");
    FAILS(cordon_registry_open(NULL, registered_path, 0, &err), CORDON_E_INVALID,
          "no out");
}
END_TEST

START_TEST(open__reads_a_file_it_may_not_write)
{
    if (!geteuid())
        return; /* root may write everything */
    push_rule("velocity", 1);
    ck_assert_int_eq(chmod(registered_path, 0444), 0);
    ck_assert_int_eq(open_again(0), CORDON_E_IO);
    OK(open_again(CORDON_REGISTRY_READ_ONLY));
    ck_assert_uint_eq(standing_of("velocity").newest, 1);
}
END_TEST

START_TEST(handle__is_of_no_use_in_a_child)
{
    pid_t child;
    int status;

    push_rule("velocity", 1);
    child = fork();
    if (child == 0) {
        cordon_standing standing = {.struct_size = sizeof(standing)};

        _exit(cordon_registry_standing(&standing, registry, "velocity", NULL) ==
                      CORDON_E_INVALID
                  ? 0
                  : 1);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
}
END_TEST

/* ---- what is no registry ---- */

START_TEST(open__refuses_what_is_no_registry)
{
    static const char text[] = "return { name = 'velocity' }\n";
    char zeros[8192] = {0};

    write_file(text, sizeof(text));
    FAILS(open_again(0), CORDON_E_FORMAT, "only 30 bytes");
    write_file("", 0);
    FAILS(open_again(CORDON_REGISTRY_CREATE), CORDON_E_FORMAT, "only 0 bytes");
    write_file(zeros, sizeof(zeros));
    FAILS(open_again(0), CORDON_E_FORMAT, "no LMDB mark");
    ck_assert_int_eq(unlink(registered_path), 0);
    ck_assert_int_eq(mkdir(registered_path, 0755), 0);
    ck_assert_int_ne(open_again(0), CORDON_OK);
    ck_assert_int_eq(rmdir(registered_path), 0);
}
END_TEST

static void other_env(const char *key, const char *value, size_t bytes)
{
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;
    MDB_val k = {strlen(key), (void *)(uintptr_t)key};
    MDB_val v = {bytes, (void *)(uintptr_t)value};

    unlink(registered_path);
    ck_assert_int_eq(mdb_env_create(&env), 0);
    ck_assert_int_eq(
        mdb_env_open(env, registered_path, MDB_NOSUBDIR | MDB_NOLOCK, 0644), 0);
    ck_assert_int_eq(mdb_txn_begin(env, NULL, 0, &txn), 0);
    ck_assert_int_eq(mdb_dbi_open(txn, NULL, 0, &dbi), 0);
    ck_assert_int_eq(mdb_put(txn, dbi, &k, &v, 0), 0);
    ck_assert_int_eq(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
}

START_TEST(open__refuses_other_environments_and_formats)
{
    struct cdn_key key = cdn_key_meta();
    const unsigned char later[] = {0x93, 0x02, 0x01, 0x01}; /* format 2 */
    unsigned char value[CDN_SEAL_BYTES + sizeof(later)];
    uint64_t seal = cdn_durable_seal(key.bytes, key.length, later, sizeof(later));

    other_env("hello", "world", 5);
    FAILS(open_again(0), CORDON_E_FORMAT, "not a registry");
    other_env("M", "world of others", 15);
    FAILS(open_again(0), CORDON_E_CORRUPT, "checksum");
    for (int i = 0; i < CDN_SEAL_BYTES; i++)
        value[i] = (unsigned char)(seal >> (8 * i));
    memcpy(value + CDN_SEAL_BYTES, later, sizeof(later));
    other_env("M", (const char *)value, sizeof(value));
    FAILS(open_again(0), CORDON_E_FORMAT, "registry format 2");
}
END_TEST

/* ---- growing ---- */

static void push_long(const char *name, int what)
{
    static char text[100000];
    cordon_version_info info = {.struct_size = sizeof(info)};
    size_t length;

    rule_text(text, name, what);
    length = strlen(text);
    memset(text + length, ' ', sizeof(text) - length);
    OK(cordon_registry_push(&info, registry, CORDON_OBJECT_RULE, text, sizeof(text),
                            "long.lua", NULL, 0, &by_ann, &err));
}

START_TEST(map__grows_with_what_is_pushed)
{
    struct cdn_buf text = {0};
    struct stat about;

    for (int i = 1; i <= 40; i++)
        push_long("velocity", i);
    ck_assert_int_eq(stat(registered_path, &about), 0);
    ck_assert_int_gt(about.st_size, 4000000);
    OK(open_again(0));
    ck_assert_uint_eq(standing_of("velocity").newest, 40);
    OK(cdn_registry_text(&text, registry, "velocity", 1, &err));
    ck_assert_uint_eq(text.length, 100000);
    cdn_buf_deinit(&text);
}
END_TEST

/* As on a full disk: nothing can be written behind what there is. */
START_TEST(change__that_finds_no_space_did_not_happen)
{
    static char text[100000];
    cordon_version_info info = {.struct_size = sizeof(info)};
    struct rlimit all, limit;
    struct stat about;
    cordon_status status;

    push_long("velocity", 1);
    rule_text(text, "velocity", 2);
    memset(text + strlen(text), ' ', sizeof(text) - strlen(text));
    ck_assert_int_eq(stat(registered_path, &about), 0);
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &all), 0);
    limit = (struct rlimit){(rlim_t)about.st_size, all.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    status = cordon_registry_push(&info, registry, CORDON_OBJECT_RULE, text,
                                  sizeof(text), NULL, NULL, 0, &by_ann, &err);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &all), 0);
    ck_assert_int_eq(status, CORDON_E_IO);
    ck_assert(err.message[0] != '\0');
    ck_assert_uint_eq(cdn_registry_sequence(registry), 1);
    ck_assert_uint_eq(standing_of("velocity").newest, 1);
    OK(open_again(0));
    push_long("velocity", 2);
    ck_assert_uint_eq(standing_of("velocity").newest, 2);
}
END_TEST

struct reader {
    pthread_t thread;
    uint64_t reads;
    int stop;
};

static void *read_on(void *ud)
{
    struct reader *reader = ud;
    uint64_t last = 0;

    while (!__atomic_load_n(&reader->stop, __ATOMIC_RELAXED)) {
        struct cdn_standings standings;
        uint64_t sequence;

        if (cdn_registry_standings(&standings, registry, NULL))
            break;
        sequence = standings.sequence;
        /* each push is one change, and one version */
        if (standings.count && standings.items[0].newest != sequence)
            break;
        cdn_standings_deinit(&standings);
        if (sequence < last)
            break;
        last = sequence;
        __atomic_fetch_add(&reader->reads, 1, __ATOMIC_RELAXED);
    }
    return __atomic_load_n(&reader->stop, __ATOMIC_RELAXED) ? NULL : reader;
}

START_TEST(map__grows_under_readers)
{
    struct reader reader = {0};
    void *failed;

    ck_assert_int_eq(pthread_create(&reader.thread, NULL, read_on, &reader), 0);
    for (int i = 1; i <= 30; i++)
        push_long("velocity", i);
    while (!__atomic_load_n(&reader.reads, __ATOMIC_RELAXED))
        sched_yield();
    __atomic_store_n(&reader.stop, 1, __ATOMIC_RELAXED);
    pthread_join(reader.thread, &failed);
    ck_assert_ptr_null(failed);
}
END_TEST

static void *activate_often(void *ud)
{
    uint32_t first = *(const uint32_t *)ud;

    for (uint32_t i = 0; i < 20; i++)
        if (cordon_registry_activate(registry, "velocity", first + i % 2, NULL, NULL,
                                     &by_ann, NULL))
            return ud;
    return NULL;
}

START_TEST(changes__of_several_threads_come_one_after_another)
{
    pthread_t threads[2];
    uint32_t first[2] = {1, 3};
    uint64_t pushed = 4;
    uint64_t sequence;
    void *failed;

    for (uint32_t i = 1; i <= pushed; i++)
        push_rule("velocity", (int)i);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, activate_often, &first[i]),
                         0);
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], &failed);
        ck_assert_ptr_null(failed);
    }
    sequence = cdn_registry_sequence(registry);
    ck_assert_uint_eq(sequence, pushed + 40);
    ck_assert_uint_eq(standing_of("velocity").revision, sequence);
}
END_TEST

/* ---- damage ---- */

/* Objects enough for trees of more than one level, long values, and free pages. */
static void fill(void)
{
    static char text[9000];

    for (int i = 0; i < 40; i++) {
        cordon_version_info info = {.struct_size = sizeof(info)};
        char name[16];
        size_t length;

        snprintf(name, sizeof(name), "rule_%d", i);
        rule_text(text, name, i);
        length = strlen(text);
        memset(text + length, ' ', sizeof(text) - length);
        OK(cordon_registry_push(&info, registry, CORDON_OBJECT_RULE, text,
                                i % 4 ? length : sizeof(text), "a.lua", NULL, 0,
                                &by_ann, &err));
        if (i % 5 == 0)
            activate(name, 1);
    }
    cordon_registry_close(registry);
    registry = NULL;
}

/* Whatever the file holds, reading all of it and changing it end in CORDON_OK or an error
 * with a message. */
static void use_file(void)
{
    cordon_change_record change = {.struct_size = sizeof(change)};
    struct cdn_standings standings;

    if (cordon_registry_open(&registry, registered_path, 0, &err)) {
        ck_assert(err.message[0] != '\0');
        return;
    }
    if (!cdn_registry_standings(&standings, registry, &err))
        for (size_t i = 0; i < standings.count; i++) {
            struct cdn_buf text = {0};

            (void)cdn_registry_text(&text, registry, standings.items[i].name, 0, &err);
            (void)cordon_registry_history(&change, registry, standings.items[i].name, 0,
                                          &err);
            cdn_buf_deinit(&text);
        }
    cdn_standings_deinit(&standings);
    for (int i = 0; i < 3; i++) {
        char name[16];

        snprintf(name, sizeof(name), "rule_%d", 5 * i);
        (void)cordon_registry_pause(registry, name, &by_ann, &err);
    }
    cordon_registry_close(registry);
    registry = NULL;
}

START_TEST(registry__with_flipped_bits_is_an_error_or_works)
{
    struct cdn_buf whole = {0}, copy = {0};

    fill();
    OK(cdn_file_read(&whole, registered_path, 1 << 24, &err));
    for (int round = 0; round < 60; round++) {
        damaged(&copy, &whole, _i, round);
        damaged_write(registered_path, &copy);
        use_file();
    }
    cdn_buf_deinit(&copy);
    cdn_buf_deinit(&whole);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(open__survives_every_allocation_failure)
{
    cordon_registry_close(registry);
    registry = NULL;
    CDN_UNIT_FAILALLOC(nth)
    {
        cordon_status status;

        unlink(registered_path);
        status = cordon_registry_open(&registry, registered_path,
                                      CORDON_REGISTRY_CREATE, &err);
        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        cordon_registry_close(registry);
        registry = NULL;
    }
}
END_TEST
#endif

static void in_memory_setup(void)
{
    damaged_in_memory();
    registered_setup();
}

static Suite *suite(void)
{
    Suite *s = suite_create("registry_store");
    TCase *damage = tcase_create("damage");

    tcase_add_checked_fixture(damage, in_memory_setup, registered_teardown);
    tcase_add_loop_test(damage, registry__with_flipped_bits_is_an_error_or_works, 0, 4);
    suite_add_tcase(s, damage);

    REGISTERED_CASE(s, open__makes_one_only_when_told_to);
    REGISTERED_CASE(s, open__keeps_what_was_written);
    REGISTERED_CASE(s, open__twice_in_a_process_shares_the_file);
    REGISTERED_CASE(s, open__refuses_unknown_flags_and_null);
    REGISTERED_CASE(s, open__reads_a_file_it_may_not_write);
    REGISTERED_CASE(s, handle__is_of_no_use_in_a_child);
    REGISTERED_CASE(s, open__refuses_what_is_no_registry);
    REGISTERED_CASE(s, open__refuses_other_environments_and_formats);
    REGISTERED_CASE(s, map__grows_with_what_is_pushed);
    REGISTERED_CASE(s, change__that_finds_no_space_did_not_happen);
    REGISTERED_CASE(s, map__grows_under_readers);
    REGISTERED_CASE(s, changes__of_several_threads_come_one_after_another);
#ifdef CORDON_FAILALLOC
    REGISTERED_CASE(s, open__survives_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
