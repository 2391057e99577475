/* Opening files: good ones shared, damaged ones refused or read without harm. */
#include "support/unit.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/alloc.h"
#include "snapshot/file.h"
#include "snapshot/walk.h"
#include "support/fixture.h"

/* One thread alone damages and opens: under the thread sanitizer, twenty times slower, every
 * sixteenth flip is enough. */
#if defined(__SANITIZE_THREAD__)
#define FLIPS_SKIPPED 16
#else
#define FLIPS_SKIPPED 1
#endif

/* A snapshot file in memory, and a path to write altered copies to. */
struct sample {
    char path[300];
    unsigned char *bytes;
    size_t size;
    int fd;
    struct cdn_walk walk; /* where its values are */
    uint64_t digest;
};

static void sample_init(struct sample *sample)
{
    cordon_snapshot *snapshot;
    struct stat stat;
    FILE *file;

    cdn_fixture_path(sample->path, sizeof(sample->path));
    cdn_fixture_random(sample->path, 40, 150, 1, 3);
    ck_assert_int_eq(lstat(sample->path, &stat), 0);
    sample->size = (size_t)stat.st_size;
    sample->bytes = malloc(sample->size);
    file = fopen(sample->path, "rb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fread(sample->bytes, 1, sample->size, file), sample->size);
    (void)fclose(file);
    ck_assert_int_eq(cdn_walk_file(&sample->walk, sample->bytes, sample->size, NULL),
                     CORDON_OK);
    sample->fd = open(sample->path, O_RDWR | O_CLOEXEC);
    ck_assert_int_ge(sample->fd, 0);
    snapshot = cdn_fixture_open(sample->path);
    sample->digest = cdn_fixture_read_all(snapshot);
    cordon_snapshot_release(snapshot);
}

static void sample_deinit(struct sample *sample)
{
    close(sample->fd);
    cdn_fixture_remove(sample->path);
    free(sample->bytes);
    cdn_walk_deinit(&sample->walk);
}

/* The whole file as it now is in memory. */
static void write_copy(const struct sample *sample, size_t size)
{
    ck_assert_int_eq(ftruncate(sample->fd, (off_t)size), 0);
    ck_assert_int_eq(pwrite(sample->fd, sample->bytes, size, 0), (ssize_t)size);
}

static uint64_t draw(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 20;
}

/* Where the value that holds byte `at` is, if one does; *used: within its used bytes. */
static bool in_segment(const struct sample *sample, size_t at)
{
    for (size_t i = 2; i < sample->walk.count; i++)
        if (at >= sample->walk.values[i].offset &&
            at < sample->walk.values[i].offset + sample->walk.values[i].bytes)
            return true;
    return false;
}

/* Open the altered file: a clear error, or all of it can be read; a bit flipped in a
 * segment (all its bytes, padding too) must be found by verify, and elsewhere what is read
 * must be right. */
static bool try_open(const struct sample *sample, bool segment)
{
    cordon_snapshot *snapshot;
    uint64_t findings = 0;
    uint64_t digest;
    cordon_error err;
    cordon_status status = cordon_snapshot_open(&snapshot, sample->path, NULL, &err);

    if (status) {
        ck_assert_ptr_null(snapshot);
        ck_assert(status == CORDON_E_CORRUPT || status == CORDON_E_FORMAT);
        ck_assert_ptr_nonnull(strstr(err.message, sample->path));
        ck_assert_uint_gt(strlen(err.message), strlen(sample->path) + 10);
        return false;
    }
    digest = cdn_fixture_read_all(snapshot);
    ck_assert_int_eq(cdn_snapshot_verify(snapshot, NULL, NULL, &findings, &err),
                     CORDON_OK);
    if (segment) {
        ck_assert_uint_gt(findings, 0);
    } else {
        ck_assert_uint_eq(findings, 0);
        ck_assert_uint_eq(digest, sample->digest);
    }
    cordon_snapshot_release(snapshot);
    return true;
}

/* In place: nobody has the file open between two tries. */
static void flip(struct sample *sample, size_t at, unsigned bit)
{
    unsigned char altered = (unsigned char)(sample->bytes[at] ^ (1u << bit));
    static int calls;

    if (calls++ % FLIPS_SKIPPED)
        return;
    ck_assert_int_eq(pwrite(sample->fd, &altered, 1, (off_t)at), 1);
    (void)try_open(sample, in_segment(sample, at));
    ck_assert_int_eq(pwrite(sample->fd, &sample->bytes[at], 1, (off_t)at), 1);
}

/* Every page's header and first bytes matter most: metas, leaves, overflow heads. */
START_TEST(open__survives_bits_flipped_in_page_heads)
{
    struct sample sample;
    uint64_t state = (uint64_t)_i + 100;

    sample_init(&sample);
    for (int i = 0; i < 300; i++) {
        size_t page = draw(&state) % (sample.size / 4096);

        flip(&sample, page * 4096 + draw(&state) % 16, draw(&state) % 8);
    }
    sample_deinit(&sample);
}
END_TEST

START_TEST(open__survives_bits_flipped_in_meta_pages)
{
    struct sample sample;

    sample_init(&sample);
    for (size_t at = 0; at < 16 + 136; at++)
        for (unsigned bit = 0; bit < 8; bit++)
            flip(&sample, (size_t)_i * 4096 + at, bit);
    sample_deinit(&sample);
}
END_TEST

/* The tree's own pages: all that no value covers, beyond the metas. */
START_TEST(open__survives_bits_flipped_in_tree_pages)
{
    struct sample sample;
    size_t tree = 0;

    sample_init(&sample);
    for (size_t page = 2; page < sample.size / 4096; page++) {
        bool covered = false;

        for (size_t i = 0; !covered && i < sample.walk.count; i++) {
            uint64_t start = sample.walk.values[i].offset - 16;

            covered = page * 4096 >= start &&
                      page * 4096 < start + 16 + sample.walk.values[i].bytes;
        }
        if (covered)
            continue;
        tree++;
        for (size_t at = 0; at < 4096; at++)
            if ((at + page) % 16 == (size_t)_i)
                flip(&sample, page * 4096 + at, (unsigned)((at / 16 + page) % 8));
    }
    ck_assert_uint_gt(tree, 2);
    sample_deinit(&sample);
}
END_TEST

START_TEST(open__survives_bits_flipped_in_metadata_and_directory)
{
    struct sample sample;
    uint64_t state = (uint64_t)_i + 500;

    sample_init(&sample);
    for (int i = 0; i < 300; i++) {
        const struct cdn_walked *value = &sample.walk.values[i & 1];

        flip(&sample, value->offset + draw(&state) % value->bytes, draw(&state) % 8);
    }
    sample_deinit(&sample);
}
END_TEST

START_TEST(open__survives_bits_flipped_anywhere)
{
    struct sample sample;
    uint64_t state = (uint64_t)_i + 900;

    sample_init(&sample);
    for (int i = 0; i < 300; i++)
        flip(&sample, draw(&state) % sample.size, draw(&state) % 8);
    sample_deinit(&sample);
}
END_TEST

START_TEST(verify__finds_every_flip_in_used_bytes)
{
    struct sample sample;
    uint64_t state = (uint64_t)_i + 1300;
    const struct cdn_segment *segments;
    const unsigned char *const *places;
    uint32_t page_bytes;
    cordon_snapshot *snapshot;
    size_t count;
    uint64_t *used;

    sample_init(&sample);
    snapshot = cdn_fixture_open(sample.path);
    segments = cdn_file_segments(snapshot->file, &places, &page_bytes);
    count = sample.walk.count - 2;
    used = calloc(count, sizeof(*used));
    for (size_t i = 0; i < count; i++)
        used[i] = segments[i].bytes;
    cordon_snapshot_release(snapshot);
    for (size_t i = (size_t)_i; i < count; i += 4)
        for (int n = 0; n < 4 && used[i] > 0; n++)
            flip(&sample, sample.walk.values[i + 2].offset + draw(&state) % used[i],
                 draw(&state) % 8);
    free(used);
    sample_deinit(&sample);
}
END_TEST

START_TEST(open__refuses_every_truncation)
{
    struct sample sample;
    uint64_t state = 77;

    sample_init(&sample);
    for (size_t size = (sample.size - 1) / 512 * 512 + 512; size > 0;) {
        size -= 512;
        ck_assert_int_eq(ftruncate(sample.fd, (off_t)size), 0);
        ck_assert(!try_open(&sample, false));
    }
    for (int i = 0; i < 200; i++) {
        write_copy(&sample, draw(&state) % sample.size);
        ck_assert(!try_open(&sample, false));
    }
    sample_deinit(&sample);
}
END_TEST

/* Whole sectors lost: zeros, or another page's bytes. */
START_TEST(open__survives_lost_and_swapped_pages)
{
    struct sample sample;
    unsigned char kept[4096];
    uint64_t state = 5;
    size_t pages;

    sample_init(&sample);
    pages = sample.size / 4096;
    for (size_t page = 0; page < pages; page++) {
        unsigned char *at = sample.bytes + page * 4096;
        cordon_snapshot *snapshot;

        memcpy(kept, at, 4096);
        if (page % 2)
            memset(at, 0, 4096);
        else
            memcpy(at, sample.bytes + draw(&state) % pages * 4096, 4096);
        write_copy(&sample, sample.size);
        if (!cordon_snapshot_open(&snapshot, sample.path, NULL, NULL)) {
            (void)cdn_fixture_read_all(snapshot);
            cordon_snapshot_release(snapshot);
        }
        memcpy(at, kept, 4096);
    }
    sample_deinit(&sample);
}
END_TEST

START_TEST(open__takes_a_longer_file)
{
    struct sample sample;

    sample_init(&sample);
    ck_assert_int_eq(pwrite(sample.fd, "more", 4, (off_t)sample.size), 4);
    ck_assert(try_open(&sample, false));
    sample_deinit(&sample);
}
END_TEST

START_TEST(open__refuses_what_is_no_snapshot)
{
    char path[300];
    cordon_snapshot *snapshot;
    cordon_error err;
    FILE *file;

    cdn_fixture_path(path, sizeof(path));
    ck_assert_int_eq(cordon_snapshot_open(&snapshot, path, NULL, &err),
                     CORDON_E_NOTFOUND);
    file = fopen(path, "w");
    ck_assert_int_eq(cordon_snapshot_open(&snapshot, path, NULL, &err),
                     CORDON_E_FORMAT);
    ck_assert_ptr_nonnull(strstr(err.message, "empty"));
    for (int i = 0; i < 1000; i++)
        (void)fputs("not a snapshot\n", file);
    (void)fclose(file);
    ck_assert_int_eq(cordon_snapshot_open(&snapshot, path, NULL, &err),
                     CORDON_E_FORMAT);
    (void)unlink(path);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    ck_assert_int_eq(cordon_snapshot_open(&snapshot, path, NULL, &err),
                     CORDON_E_FORMAT);
    cdn_fixture_remove(path);
}
END_TEST

/* What was written before integers were narrow: sound, and of another version. */
START_TEST(open__tells_what_to_do_with_a_file_of_another_version)
{
    struct sample sample;
    cordon_snapshot *snapshot;
    cordon_error err;

    sample_init(&sample);
    for (size_t i = 0; i < 2; i++) {
        unsigned char *at = sample.bytes + sample.walk.values[i].offset;
        struct cdn_file_header header;

        memcpy(&header, at, sizeof(header));
        header.version = 1;
        header.header_checksum =
            cdn_hash_xxh3(&header, offsetof(struct cdn_file_header, header_checksum));
        memcpy(at, &header, sizeof(header));
    }
    write_copy(&sample, sample.size);
    ck_assert_int_eq(cordon_snapshot_open(&snapshot, sample.path, NULL, &err),
                     CORDON_E_FORMAT);
    ck_assert_ptr_nonnull(strstr(
        err.message,
        "snapshot format version 1; this library reads version 2: import it again"));
    sample_deinit(&sample);
}
END_TEST

START_TEST(open__shares_one_file)
{
    char path[300];
    cordon_snapshot *first;
    cordon_snapshot *second;

    cdn_fixture_bank(cdn_fixture_path(path, sizeof(path)));
    first = cdn_fixture_open(path);
    second = cdn_fixture_open(path);
    ck_assert_ptr_ne(first, second);
    ck_assert_ptr_eq(first->file, second->file);
    cordon_snapshot_release(first);
    ck_assert_uint_eq(cdn_fixture_find(second, "Account", "100"),
                      second->labels[0].base);
    cordon_snapshot_release(second);
    first = cdn_fixture_open(path); /* and again from nothing */
    ck_assert_uint_eq(first->node_count, 17);
    cordon_snapshot_release(first);
    cdn_fixture_remove(path);
}
END_TEST

static void *open_and_close(void *path)
{
    for (int i = 0; i < 200; i++) {
        cordon_snapshot *snapshot = cdn_fixture_open(path);

        if (cdn_fixture_find(snapshot, "Account", "500") !=
            snapshot->labels[0].base + 4)
            abort();
        cordon_snapshot_release(cordon_snapshot_retain(snapshot));
        cordon_snapshot_release(snapshot);
    }
    return NULL;
}

START_TEST(open__is_safe_from_two_threads)
{
    char path[300];
    pthread_t threads[2];

    cdn_fixture_bank(cdn_fixture_path(path, sizeof(path)));
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, open_and_close, path), 0);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    cdn_fixture_remove(path);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(open__survives_every_allocation_failure)
{
    char path[300];

    cdn_fixture_random(cdn_fixture_path(path, sizeof(path)), 20, 60, 3, 3);
    CDN_UNIT_FAILALLOC(nth)
    {
        cordon_snapshot_options options = CORDON_SNAPSHOT_OPTIONS_INIT;
        cordon_snapshot *snapshot;
        cordon_error err;
        cordon_status status;

        options.verify = CORDON_VERIFY_FULL;
        status = cordon_snapshot_open(&snapshot, path, &options, &err);
        if (cdn_failalloc_fired()) {
            ck_assert_int_eq(status, CORDON_E_NOMEM);
            ck_assert_ptr_null(snapshot);
        } else {
            ck_assert_int_eq(status, CORDON_OK);
            cordon_snapshot_release(snapshot);
        }
    }
    cdn_fixture_remove(path);
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("file");

    CDN_UNIT_LOOP(s, open__survives_bits_flipped_in_page_heads, 0, 4);
    CDN_UNIT_LOOP(s, open__survives_bits_flipped_in_meta_pages, 0, 2);
    CDN_UNIT_LOOP(s, open__survives_bits_flipped_in_tree_pages, 0, 8);
    CDN_UNIT_LOOP(s, open__survives_bits_flipped_in_metadata_and_directory, 0, 3);
    CDN_UNIT_LOOP(s, open__survives_bits_flipped_anywhere, 0, 4);
    CDN_UNIT_LOOP(s, verify__finds_every_flip_in_used_bytes, 0, 4);
    CDN_UNIT_CASE(s, open__refuses_every_truncation);
    CDN_UNIT_CASE(s, open__survives_lost_and_swapped_pages);
    CDN_UNIT_CASE(s, open__takes_a_longer_file);
    CDN_UNIT_CASE(s, open__refuses_what_is_no_snapshot);
    CDN_UNIT_CASE(s, open__tells_what_to_do_with_a_file_of_another_version);
    CDN_UNIT_CASE(s, open__shares_one_file);
    CDN_UNIT_CASE(s, open__is_safe_from_two_threads);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, open__survives_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
