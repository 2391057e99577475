/* Listing, pinning and collecting generations.
 *
 * Locks: a collection holds the store's writer lock (store.h), so that no import is between
 * its file and its CURRENT, and for each file it removes that file's exclusive flock, with
 * which it looks for a pin.  A pin holds the shared flock while it is written: it needs no
 * writer lock, so an import of hours does not keep anybody from pinning.
 *
 * A pin is a file of one line, "<ms since 1970> <reason>".  That the file exists is what
 * pins; a line that cannot be read still does.  Each step is one atomic operation on one
 * name, so a kill at any point leaves a store in which each generation is there or not, and
 * pinned or not; half a pin has a temporary name and goes with the next writer.
 *
 * Cost: a stat, two locks and a small read a generation. */
#include "snapshot/generations.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/utf8.h"
#include "snapshot/store.h"

#define PIN_BYTES (CDN_PIN_REASON_BYTES + 32)

/* As for opening a snapshot (file.c). */
#define LOCK_TRIES    500
#define LOCK_PAUSE_NS 1000000L

static cordon_status path_of(char out[PATH_MAX], const char *store, uint64_t number,
                             const char *ending, cordon_error *err)
{
    char name[CDN_STORE_NAME_BYTES];

    cdn_store_name(name, number, ending);
    return cdn_path_join(out, PATH_MAX, store, name, err);
}

/* ---- one generation ---- */

/* The line of a pin; what cannot be understood leaves time and reason empty. */
static void parse_pin(struct cdn_generation *generation, const struct cdn_buf *text)
{
    const char *at = (const char *)text->data;
    size_t bytes = text->length;
    int64_t ms = 0;
    size_t i = 0;

    for (; i < bytes && i < 18 && at[i] >= '0' && at[i] <= '9'; i++)
        ms = ms * 10 + (at[i] - '0');
    if (i == 0 || i + 1 >= bytes || at[i] != ' ' || at[bytes - 1] != '\n' ||
        bytes - i - 2 > CDN_PIN_REASON_BYTES)
        return;
    generation->pinned_ms = ms;
    memcpy(generation->reason, at + i + 1, bytes - i - 2);
}

static cordon_status look_for_pin(struct cdn_generation *generation, const char *store,
                                  cordon_error *err)
{
    struct cdn_buf text = {0};
    char path[PATH_MAX];
    cordon_status status = path_of(path, store, generation->number, CDN_STORE_PIN, err);

    if (status)
        return status;
    generation->pinned = false;
    status = cdn_file_read(&text, path, PIN_BYTES, err);
    if (status == CORDON_E_NOTFOUND) {
        cdn_error_clear(err);
        status = CORDON_OK;
    } else if (!status || status == CORDON_E_DATA || status == CORDON_E_INVALID) {
        /* too long, or a folder: no line of ours, but somebody wants it pinned */
        generation->pinned = true;
        if (!status)
            parse_pin(generation, &text);
        else
            cdn_error_clear(err);
        status = CORDON_OK;
    }
    cdn_buf_deinit(&text);
    return status;
}

/* True: nobody has the file open, and *fd holds its exclusive lock (-1: it is gone). */
static bool lock_unused(int *fd, const char *path)
{
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (*fd < 0)
        return errno == ENOENT;
    if (flock(*fd, LOCK_EX | LOCK_NB) == 0)
        return true;
    close(*fd);
    *fd = -1;
    return false;
}

static cordon_status look(struct cdn_generation *generation, const char *store,
                          cordon_error *err)
{
    char path[PATH_MAX];
    struct stat about;
    int fd;
    cordon_status status =
        path_of(path, store, generation->number, CDN_STORE_SNAPSHOT, err);

    if (status)
        return status;
    if (stat(path, &about))
        return cdn_error_errno(err, errno, "%s", path);
    generation->bytes = (uint64_t)about.st_size;
    generation->written_ms =
        (int64_t)about.st_mtim.tv_sec * 1000 + about.st_mtim.tv_nsec / 1000000;
    generation->open = !lock_unused(&fd, path);
    if (fd >= 0)
        close(fd);
    return look_for_pin(generation, store, err);
}

/* ---- all of them ---- */

static int compare(const void *a, const void *b)
{
    uint64_t x = ((const struct cdn_generation *)a)->number;
    uint64_t y = ((const struct cdn_generation *)b)->number;

    return x < y ? -1 : x > y;
}

static cordon_status add(struct cdn_generations *out, uint64_t number,
                         cordon_error *err)
{
    struct cdn_generation *grown =
        cdn_realloc_array(out->items, out->count + 1, sizeof(*grown));

    if (!grown)
        return cdn_error_nomem(err);
    out->items = grown;
    grown[out->count++] = (struct cdn_generation){.number = number};
    return CORDON_OK;
}

static cordon_status read_names(struct cdn_generations *out, const char *store,
                                cordon_error *err)
{
    DIR *folder = opendir(store);
    cordon_status status = CORDON_OK;
    struct dirent *entry;

    if (!folder)
        return cdn_error_errno(err, errno, "%s", store);
    errno = 0;
    while (!status && (entry = readdir(folder))) {
        uint64_t number = cdn_store_number(entry->d_name, CDN_STORE_SNAPSHOT);

        if (number)
            status = add(out, number, err);
        errno = 0;
    }
    if (!status && errno)
        status = cdn_error_errno(err, errno, "%s", store);
    closedir(folder);
    if (!status && out->count > 0)
        qsort(out->items, out->count, sizeof(*out->items), compare);
    return status;
}

cordon_status cdn_generations_list(struct cdn_generations *out, const char *store,
                                   cordon_error *err)
{
    char path[PATH_MAX];
    uint64_t current = 0;
    size_t kept = 0;
    cordon_status status = cdn_store_resolve(path, sizeof(path), &current, store, err);

    *out = (struct cdn_generations){0};
    if (!status)
        status = read_names(out, store, err);
    for (size_t i = 0; !status && i < out->count; i++) {
        struct cdn_generation *generation = &out->items[i];

        status = look(generation, store, err);
        if (status == CORDON_E_NOTFOUND) { /* removed since its name was read */
            cdn_error_clear(err);
            status = CORDON_OK;
            continue;
        }
        generation->current = generation->number == current;
        out->items[kept++] = *generation;
    }
    if (status)
        cdn_generations_deinit(out);
    else
        out->count = kept;
    return status;
}

void cdn_generations_deinit(struct cdn_generations *generations)
{
    cdn_free(generations->items);
    *generations = (struct cdn_generations){0};
}

/* ---- pins ---- */

static cordon_status check_reason(const char *reason, cordon_error *err)
{
    size_t bytes = strlen(reason);

    if (bytes > CDN_PIN_REASON_BYTES)
        return cdn_error_set(err, CORDON_E_INVALID, "a reason of %zu bytes; at most %d",
                             bytes, CDN_PIN_REASON_BYTES);
    for (size_t i = 0; i < bytes; i++)
        if ((unsigned char)reason[i] < ' ' || reason[i] == 0x7f)
            return cdn_error_set(err, CORDON_E_INVALID,
                                 "a reason is one line without control characters");
    if (!cdn_utf8_valid(reason, bytes))
        return cdn_error_set(err, CORDON_E_INVALID, "a reason that is not UTF-8");
    return CORDON_OK;
}

/* The generation's file, open and with the shared lock: it stays while *fd is open. */
static cordon_status hold(int *fd, const char *store, uint64_t number,
                          cordon_error *err)
{
    const struct timespec pause = {0, LOCK_PAUSE_NS};
    char path[PATH_MAX];
    struct stat about;
    uint64_t found = number;
    cordon_status status = cdn_store_resolve(path, sizeof(path), &found, store, err);

    if (status)
        return status;
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (*fd < 0)
        return cdn_error_errno(err, errno, "%s", path);
    for (int i = 0; flock(*fd, LOCK_SH | LOCK_NB); i++) {
        if (errno != EWOULDBLOCK)
            status = cdn_error_errno(err, errno, "locking %s", path);
        else if (i == LOCK_TRIES)
            status = cdn_error_set(err, CORDON_E_BUSY,
                                   "%s is locked by another process", path);
        if (status)
            goto out;
        nanosleep(&pause, NULL);
    }
    if (fstat(*fd, &about))
        status = cdn_error_errno(err, errno, "%s", path);
    else if (about.st_nlink == 0)
        status = cdn_error_set(err, CORDON_E_NOTFOUND,
                               "%s has no generation %" PRIu64 ": it was just removed",
                               store, number);
out:
    if (status)
        close(*fd);
    return status;
}

cordon_status cdn_generation_pin(const char *store, uint64_t number, const char *reason,
                                 cordon_error *err)
{
    char line[PIN_BYTES];
    char path[PATH_MAX];
    cordon_status status = check_reason(reason, err);
    int length;
    int fd;

    if (!status)
        status = path_of(path, store, number, CDN_STORE_PIN, err);
    if (!status)
        status = hold(&fd, store, number, err);
    if (status)
        return status;
    length =
        snprintf(line, sizeof(line), "%" PRId64 " %s\n", cdn_clock_wall_ms(), reason);
    status = cdn_file_replace(path, line, (size_t)length, err);
    close(fd);
    return status;
}

cordon_status cdn_generation_unpin(const char *store, uint64_t number,
                                   cordon_error *err)
{
    char path[PATH_MAX];
    cordon_status status = path_of(path, store, number, CDN_STORE_PIN, err);

    if (status)
        return status;
    status = cdn_file_remove(path, err);
    if (status == CORDON_E_NOTFOUND)
        return cdn_error_set(err, status, "generation %" PRIu64 " of %s is not pinned",
                             number, store);
    return status;
}

/* ---- collecting ---- */

/* Remove one, unless it is pinned or open, now that it is locked. */
static cordon_status collect_one(struct cdn_generation *generation, const char *store,
                                 bool dry_run, cordon_error *err)
{
    char path[PATH_MAX];
    int fd;
    cordon_status status =
        path_of(path, store, generation->number, CDN_STORE_SNAPSHOT, err);

    if (status)
        return status;
    generation->open = !lock_unused(&fd, path);
    status = look_for_pin(generation, store, err);
    if (status)
        goto out;
    if (generation->pinned)
        generation->fate = CDN_GENERATION_PINNED;
    else if (generation->open)
        generation->fate = CDN_GENERATION_OPEN;
    else {
        if (!dry_run && fd >= 0)
            status = cdn_file_remove(path, err);
        if (!status)
            generation->fate = CDN_GENERATION_REMOVED;
    }
out:
    if (fd >= 0)
        close(fd);
    return status;
}

cordon_status cdn_generations_collect(struct cdn_generations *out, const char *store,
                                      uint64_t keep, bool dry_run, cordon_error *err)
{
    struct cdn_store_writer *lock = NULL;
    char path[PATH_MAX];
    uint64_t current = 0;
    uint64_t kept = 0;
    bool below = false; /* the current one was passed */
    cordon_status status;

    *out = (struct cdn_generations){0};
    if (keep == 0)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "at least one generation, the current one, is kept");
    /* first of all a store: the lock would be put into any folder */
    status = cdn_store_resolve(path, sizeof(path), &current, store, err);
    if (!status)
        status = cdn_store_lock(&lock, store, err);
    if (!status)
        status = cdn_generations_list(out, store, err);
    /* From the newest down.  One above the current never was current: an import died
     * before it published it. */
    for (size_t i = out->count; !status && i-- > 0;) {
        below |= out->items[i].current;
        if (below && kept < keep)
            kept++;
        else
            status = collect_one(&out->items[i], store, dry_run, err);
    }
    cdn_store_end(lock);
    return status;
}
