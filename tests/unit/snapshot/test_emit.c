/* Segments into a file and, by the walker, back. */
#include "support/unit.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "snapshot/emit.h"
#include "snapshot/format.h"
#include "snapshot/walk.h"
#include "support/fixture.h"

static const uint64_t SIZES[] = {0, 1, 100, 4080, 4081, 5000, 20000, 300000};

static cordon_status emit_all(const char *path, uint64_t batch, uint32_t arrays,
                              cordon_error *err)
{
    struct cdn_buf metadata = {0};
    struct cdn_emit *emit;
    cordon_status status = cdn_emit_open(&emit, path, batch, err);

    if (status)
        return status;
    cdn_buf_text(&metadata, "metadata");
    if (metadata.failed)
        status = cdn_error_nomem(err);
    /* not in ascending order */
    for (uint32_t a = arrays; !status && a > 0; a--) {
        uint64_t size = SIZES[a % 8];
        void *room;

        status = cdn_emit_reserve(emit, &room, a * 1000, a % 3, size, 1, err);
        if (!status) {
            ck_assert_uint_eq((uintptr_t)room % 16, 0);
            memset(room, (int)a, size);
        }
    }
    if (!status)
        status = cdn_emit_finish(emit, &metadata, err);
    cdn_emit_free(emit);
    cdn_buf_deinit(&metadata);
    return status;
}

static void check_file(const char *path, uint32_t arrays)
{
    int fd = open(path, O_RDONLY);
    struct cdn_file_header header;
    struct stat stat;
    struct cdn_walk walk;
    const unsigned char *map;

    ck_assert_int_eq(fstat(fd, &stat), 0);
    map = mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_SHARED, fd, 0);
    ck_assert_ptr_ne(map, MAP_FAILED);
    ck_assert_int_eq(cdn_walk_file(&walk, map, (uint64_t)stat.st_size, NULL),
                     CORDON_OK);
    ck_assert_uint_eq(walk.count, arrays + 2);
    memcpy(&header, map + walk.values[1].offset, sizeof(header));
    ck_assert_str_eq(header.magic, CDN_FORMAT_MAGIC);
    ck_assert_uint_eq(header.entries, arrays);
    for (uint32_t a = 1; a <= arrays; a++) {
        const struct cdn_walked *value = &walk.values[a + 1];
        struct cdn_segment segment;
        uint64_t wrong = 0;

        memcpy(&segment,
               map + walk.values[1].offset + sizeof(header) + (a - 1) * sizeof(segment),
               sizeof(segment));
        ck_assert_uint_eq(value->array, a * 1000);
        ck_assert_uint_eq(value->block, a % 3);
        ck_assert_uint_eq(value->offset % 16, 0);
        ck_assert_uint_eq(value->bytes,
                          cdn_segment_padded(SIZES[a % 8], walk.page_bytes));
        ck_assert_uint_eq(segment.array, a * 1000);
        ck_assert_uint_eq(segment.bytes, SIZES[a % 8]);
        ck_assert_uint_eq(segment.checksum,
                          cdn_hash_xxh3(map + value->offset, segment.bytes));
        for (uint64_t i = 0; i < value->bytes; i++)
            wrong += map[value->offset + i] != (i < segment.bytes ? a % 256 : 0);
        ck_assert_uint_eq(wrong, 0);
    }
    cdn_walk_deinit(&walk);
    munmap((void *)(uintptr_t)map, (size_t)stat.st_size);
    close(fd);
}

START_TEST(emit__writes_segments_of_every_size)
{
    char path[300];

    cdn_fixture_path(path, sizeof(path));
    for (uint32_t arrays = 0; arrays < 20; arrays++) {
        ck_assert_int_eq(emit_all(path, 1 << 20, arrays, NULL), CORDON_OK);
        check_file(path, arrays);
    }
    cdn_fixture_remove(path);
}
END_TEST

/* Enough for branch pages, several commits and a map that has to grow. */
START_TEST(emit__splits_pages_and_commits_batches)
{
    char path[300];

    cdn_fixture_path(path, sizeof(path));
    ck_assert_int_eq(emit_all(path, 1 << 16, 2000, NULL), CORDON_OK);
    check_file(path, 2000);
    cdn_fixture_remove(path);
}
END_TEST

START_TEST(emit__refuses_a_segment_beyond_four_gib)
{
    char path[300];
    struct cdn_emit *emit;
    cordon_error err;
    void *room;

    cdn_fixture_path(path, sizeof(path));
    ck_assert_int_eq(cdn_emit_open(&emit, path, 1 << 20, NULL), CORDON_OK);
    ck_assert_int_eq(cdn_emit_reserve(emit, &room, 1000, 0, UINT64_C(1) << 30, 8, &err),
                     CORDON_E_DATA);
    ck_assert_int_eq(cdn_emit_reserve(emit, &room, 1000, 0, UINT64_MAX, 8, &err),
                     CORDON_E_DATA);
    cdn_emit_free(emit);
    ck_assert_int_ne(access(path, F_OK), 0);
    cdn_fixture_remove(path);
}
END_TEST

START_TEST(emit__refuses_one_segment_twice)
{
    char path[300];
    struct cdn_emit *emit;
    void *room;

    cdn_fixture_path(path, sizeof(path));
    ck_assert_int_eq(cdn_emit_open(&emit, path, 1 << 20, NULL), CORDON_OK);
    ck_assert_int_eq(cdn_emit_reserve(emit, &room, 1000, 0, 0, 8, NULL), CORDON_OK);
    ck_assert_int_ne(cdn_emit_reserve(emit, &room, 1000, 0, 0, 8, NULL), CORDON_OK);
    cdn_emit_free(emit);
    cdn_fixture_remove(path);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(emit__survives_every_allocation_failure)
{
    char path[300];

    cdn_fixture_path(path, sizeof(path));
    CDN_UNIT_FAILALLOC(nth)
    {
        cordon_status status = emit_all(path, 1 << 20, 70, NULL);

        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        ck_assert_int_eq(access(path, F_OK) == 0, status == CORDON_OK);
        (void)unlink(path);
    }
    cdn_fixture_remove(path);
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("emit");

    CDN_UNIT_CASE(s, emit__writes_segments_of_every_size);
    CDN_UNIT_CASE(s, emit__splits_pages_and_commits_batches);
    CDN_UNIT_CASE(s, emit__refuses_a_segment_beyond_four_gib);
    CDN_UNIT_CASE(s, emit__refuses_one_segment_twice);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, emit__survives_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
