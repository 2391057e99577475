/* Damage to a snapshot file, drawn from seeds: half of it where it is read as data, the
 * rest where LMDB's pages are described, and whole pages. */
#include "fault/sample.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "snapshot/file.h"
#include "snapshot/walk.h"
#include "support/fixture.h"

#define PAGE 4096u

static void need(bool holds, const char *what)
{
    if (holds)
        return;
    perror(what);
    abort();
}

static void read_parts(struct sample *sample)
{
    cordon_snapshot *snapshot = cdn_fixture_open(sample->path);
    const unsigned char *const *places;
    const struct cdn_segment *segments;
    struct cdn_walk walk;
    uint32_t page_bytes;

    need(cdn_walk_file(&walk, sample->bytes, sample->size, NULL) == CORDON_OK, "walk");
    segments = cdn_file_segments(snapshot->file, &places, &page_bytes);
    need(page_bytes == PAGE && walk.count > 2, "pages");
    sample->part_count = walk.count;
    sample->parts = calloc(walk.count, sizeof *sample->parts);
    need(sample->parts != NULL, "parts");
    for (size_t i = 0; i < walk.count; i++) {
        const unsigned char *value = sample->bytes + walk.values[i].offset;
        uint64_t used;

        if (i < 2) { /* metadata and directory say how long they are (FORMAT.md) */
            memcpy(&used, value + 16, sizeof used);
            used += 64;
        } else {
            used = segments[i - 2].bytes;
        }
        need(used <= walk.values[i].bytes, "used bytes");
        sample->parts[i].offset = walk.values[i].offset;
        sample->parts[i].bytes = used;
        sample->used += sample->parts[i].bytes;
    }
    cdn_walk_deinit(&walk);
    cordon_snapshot_release(snapshot);
}

void sample_init(struct sample *sample)
{
    struct stat stat;

    memset(sample, 0, sizeof *sample);
    cdn_fixture_path(sample->path, sizeof sample->path);
    cdn_fixture_bank(sample->path);
    sample->fd = open(sample->path, O_RDWR | O_CLOEXEC);
    need(sample->fd >= 0 && fstat(sample->fd, &stat) == 0, sample->path);
    sample->size = (size_t)stat.st_size;
    sample->bytes = malloc(sample->size);
    sample->work = malloc(sample->size);
    sample->disk = malloc(sample->size);
    need(sample->bytes && sample->work && sample->disk, "room");
    need(pread(sample->fd, sample->bytes, sample->size, 0) == (ssize_t)sample->size,
         sample->path);
    memcpy(sample->disk, sample->bytes, sample->size);
    read_parts(sample);
}

void sample_deinit(struct sample *sample)
{
    close(sample->fd);
    cdn_fixture_remove(sample->path);
    free(sample->parts);
    free(sample->bytes);
    free(sample->work);
    free(sample->disk);
}

uint64_t sample_draw(uint64_t *state)
{
    uint64_t x = *state += UINT64_C(0x9e3779b97f4a7c15);

    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

size_t sample_used_at(const struct sample *sample, uint64_t number)
{
    for (size_t i = 0; i < sample->part_count; i++) {
        if (number < sample->parts[i].bytes)
            return (size_t)(sample->parts[i].offset + number);
        number -= sample->parts[i].bytes;
    }
    abort();
}

/* Only the pages that differ from what the file holds. */
static void write_all(struct sample *sample, size_t size)
{
    need(ftruncate(sample->fd, (off_t)size) == 0 &&
             ftruncate(sample->fd, (off_t)sample->size) == 0,
         "truncate");
    memset(sample->disk + size, 0, sample->size - size);
    for (size_t at = 0; at < size; at += PAGE) {
        size_t bytes = size - at < PAGE ? size - at : PAGE;

        if (memcmp(sample->disk + at, sample->work + at, bytes) == 0)
            continue;
        need(pwrite(sample->fd, sample->work + at, bytes, (off_t)at) == (ssize_t)bytes,
             "write");
        memcpy(sample->disk + at, sample->work + at, bytes);
    }
    need(ftruncate(sample->fd, (off_t)size) == 0, "truncate");
}

void sample_restore(struct sample *sample)
{
    need(pwrite(sample->fd, sample->bytes, sample->size, 0) == (ssize_t)sample->size &&
             ftruncate(sample->fd, (off_t)sample->size) == 0,
         "restore");
    memcpy(sample->disk, sample->bytes, sample->size);
}

void sample_flip(struct sample *sample, size_t at, unsigned bit)
{
    memcpy(sample->work, sample->bytes, sample->size);
    sample->work[at] = (unsigned char)(sample->work[at] ^ 1u << bit);
    write_all(sample, sample->size);
}

void sample_truncate(struct sample *sample, size_t keep, size_t size)
{
    memcpy(sample->work, sample->bytes, keep);
    memset(sample->work + keep, 0, sample->size - keep);
    write_all(sample, size);
}

void sample_damage(struct sample *sample, uint64_t seed, char *text, size_t size)
{
    uint64_t state = seed;
    uint64_t pages = sample->size / PAGE;
    size_t part = sample_draw(&state) % sample->part_count;
    size_t page = sample_draw(&state) % pages, other = sample_draw(&state) % pages;
    unsigned bit = sample_draw(&state) % 8;
    size_t at = 0;

    switch (seed % 8) {
    case 0: /* every byte that is used alike */
    case 1:
    case 2:
        at = sample_used_at(sample, sample_draw(&state) % sample->used);
        break;
    case 3: /* every segment alike: most are small */
    case 4:
        if (sample->parts[part].bytes)
            at = sample->parts[part].offset +
                 sample_draw(&state) % sample->parts[part].bytes;
        break;
    case 5:
        at = page * PAGE + sample_draw(&state) % 32;
        break;
    case 6:
        at = sample_draw(&state) % sample->size;
        break;
    default:
        memcpy(sample->work, sample->bytes, sample->size);
        if (seed % 16 < 8)
            memset(sample->work + page * PAGE, 0, PAGE);
        else
            memcpy(sample->work + page * PAGE, sample->bytes + other * PAGE, PAGE);
        write_all(sample, sample->size);
        snprintf(text, size, "page %zu %s %zu", page,
                 seed % 16 < 8 ? "blank, not" : "has what is in", other);
        return;
    }
    sample_flip(sample, at, bit);
    snprintf(text, size, "byte %zu, bit %u", at, bit);
}
