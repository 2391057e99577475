/* Files that something has damaged: copies of a sound one with bits flipped, the same ones in
 * every run. */
#ifndef CORDON_TESTS_DAMAGED_H
#define CORDON_TESTS_DAMAGED_H

#include "support/unit.h"

#include "base/buf.h"

/* Work where no disk is waited for, if there is such a place. */
static inline void damaged_in_memory(void)
{
    if (!access("/dev/shm", W_OK | X_OK))
        setenv("TMPDIR", "/dev/shm", 0);
}

/* The round-th copy of a series: up to eight bits, in every third where LMDB keeps the
 * structure of its pages. */
static inline void damaged(struct cdn_buf *copy, const struct cdn_buf *whole,
                           int series, int round)
{
    uint64_t state =
        UINT64_C(0x9e3779b97f4a7c15) * (uint64_t)(series * 1000 + round + 1);

    cdn_buf_clear(copy);
    cdn_buf_append(copy, whole->data, whole->length);
    ck_assert(!copy->failed);
    for (int i = 0; i < 1 + round % 8; i++) {
        size_t at;

        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        at = state % whole->length;
        if (round % 3 == 0)
            at = at / 4096 * 4096 + at % 64;
        copy->data[at] ^= (unsigned char)(1u << (state >> 60 & 7));
    }
}

/* In place, and without waiting for the disk. */
static inline void damaged_write(const char *path, const struct cdn_buf *bytes)
{
    FILE *file = fopen(path, "wb");

    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes->data, 1, bytes->length, file), bytes->length);
    ck_assert_int_eq(fclose(file), 0);
}

#endif
