/* A snapshot file in memory, and the damage that is done to it. */
#ifndef CORDON_TESTS_FAULT_SAMPLE_H
#define CORDON_TESTS_FAULT_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sample {
    char path[300];
    int fd;
    unsigned char *bytes; /* what it was */
    unsigned char *work;  /* what it shall be */
    unsigned char *disk;  /* what it is */
    size_t size;
    /* the bytes that segments use, metadata and directory among them */
    struct sample_part {
        uint64_t offset;
        uint64_t bytes;
    } * parts;
    size_t part_count;
    uint64_t used; /* of all parts together */
};

/* The bank of tests/support/fixture.h, or abort. */
void sample_init(struct sample *sample);
void sample_deinit(struct sample *sample);

/* The next number of a sequence that `state` stands for. */
uint64_t sample_draw(uint64_t *state);

/* Where used byte number `number` lies in the file. */
size_t sample_used_at(const struct sample *sample, uint64_t number);

/* Make the file what it was, whatever another process has made of it. */
void sample_restore(struct sample *sample);

/* Make the file what it was but for one bit. */
void sample_flip(struct sample *sample, size_t at, unsigned bit);

/* Damage of kind seed % 8, drawn from the seed; says what in `text`. */
void sample_damage(struct sample *sample, uint64_t seed, char *text, size_t size);

/* The first `keep` bytes of what it was, filled up with zeros to `size`. */
void sample_truncate(struct sample *sample, size_t keep, size_t size);

#endif
