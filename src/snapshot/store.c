/* Generations in a folder.
 *
 * One lock, flock on STORE/.lock: it goes with the process that holds it, however that
 * ends. Numbers only grow: the next is one more than the largest that any file in the
 * folder has, whether CURRENT knows it or not.  A file left by a writer that died
 * before its commit is a whole snapshot that CURRENT does not name: it stays, harmless,
 * since a reader may have asked for it by number.  Temporary files are removed. */
#include "snapshot/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/file.h"

#define CURRENT       "CURRENT"
#define LOCK          ".lock"
#define PREFIX        "generation-"
#define TEMP          ".tmp"
#define CURRENT_BYTES CDN_STORE_NAME_BYTES
#define MOST_DIGITS   18

struct cdn_store_writer {
    char *store;
    uint64_t generation;
    int lock;
};

void cdn_store_name(char out[CDN_STORE_NAME_BYTES], uint64_t generation,
                    const char *ending)
{
    (void)snprintf(out, CDN_STORE_NAME_BYTES, PREFIX "%06" PRIu64 "%s", generation,
                   ending);
}

/* The number in "generation-000001" with any ending, which goes to *ending; 0: no such
 * name. */
static uint64_t split_name(const char *name, const char **ending)
{
    const char *at;
    char expected[CDN_STORE_NAME_BYTES];
    uint64_t number = 0;
    int digits = 0;

    if (strncmp(name, PREFIX, strlen(PREFIX)) != 0)
        return 0;
    at = name + strlen(PREFIX);
    for (; *at >= '0' && *at <= '9' && digits < MOST_DIGITS; at++, digits++)
        number = number * 10 + (uint64_t)(*at - '0');
    cdn_store_name(expected, number, "");
    if (strncmp(name, expected, strlen(expected)) != 0)
        return 0;
    *ending = name + strlen(expected);
    return number;
}

uint64_t cdn_store_number(const char *name, const char *ending)
{
    const char *found;
    uint64_t number = split_name(name, &found);

    return number && !strcmp(found, ending) ? number : 0;
}

static cordon_status read_current(uint64_t *generation, const char *store,
                                  cordon_error *err)
{
    char path[PATH_MAX];
    struct cdn_buf text = {0};
    cordon_status status = cdn_path_join(path, sizeof(path), store, CURRENT, err);
    char *name;

    if (status)
        return status;
    status = cdn_file_read(&text, path, CURRENT_BYTES, err);
    if (status == CORDON_E_NOTFOUND)
        cdn_error_set(err, status,
                      "%s holds no snapshot: it has no CURRENT; make one with "
                      "'cordon import'",
                      store);
    if (status == CORDON_E_DATA) /* longer than any name */
        goto damaged;
    if (status)
        goto out;
    name = (char *)text.data;
    *generation = 0;
    if (text.length > 1 && name[text.length - 1] == '\n') {
        name[text.length - 1] = '\0';
        if (strlen(name) == text.length - 1)
            *generation = cdn_store_number(name, CDN_STORE_SNAPSHOT);
    }
    if (*generation != 0)
        goto out;
damaged:
    status = cdn_error_set(err, CORDON_E_CORRUPT,
                           "%s does not hold a generation's name and a newline", path);
out:
    cdn_buf_deinit(&text);
    return status;
}

cordon_status cdn_store_resolve(char *path, size_t size, uint64_t *generation,
                                const char *store, cordon_error *err)
{
    char name[CURRENT_BYTES];
    cordon_status status = CORDON_OK;
    bool current = *generation == 0;
    struct stat stat_of;

    if (current)
        status = read_current(generation, store, err);
    if (status)
        return status;
    cdn_store_name(name, *generation, CDN_STORE_SNAPSHOT);
    status = cdn_path_join(path, size, store, name, err);
    if (status)
        return status;
    if (stat(path, &stat_of) == 0)
        return CORDON_OK;
    if (errno != ENOENT)
        return cdn_error_errno(err, errno, "%s", path);
    if (current)
        return cdn_error_set(err, CORDON_E_CORRUPT,
                             "%s/" CURRENT " names %s, which does not exist", store,
                             name);
    return cdn_error_set(err, CORDON_E_NOTFOUND, "%s has no generation %" PRIu64, store,
                         *generation);
}

/* A generation that was being written, or a CURRENT or a pin (base/file.h adds a random
 * end). */
static bool is_leftover(const char *name)
{
    static const char half_pin[] = CDN_STORE_PIN TEMP "-";
    const char *ending;

    if (split_name(name, &ending))
        return !strcmp(ending, CDN_STORE_SNAPSHOT TEMP) ||
               !strncmp(ending, half_pin, strlen(half_pin));
    return !strncmp(name, CURRENT TEMP "-", strlen(CURRENT TEMP "-"));
}

/* Remove temporary files, and find the largest number in use. */
static cordon_status scan(const char *store, uint64_t *largest, cordon_error *err)
{
    DIR *folder = opendir(store);
    cordon_status status = CORDON_OK;
    struct dirent *entry;

    if (!folder)
        return cdn_error_errno(err, errno, "%s", store);
    *largest = 0;
    errno = 0;
    while ((entry = readdir(folder))) {
        uint64_t number = cdn_store_number(entry->d_name, CDN_STORE_SNAPSHOT);

        if (number > *largest)
            *largest = number;
        if (is_leftover(entry->d_name) && unlinkat(dirfd(folder), entry->d_name, 0) &&
            errno != ENOENT) {
            status = cdn_error_errno(err, errno, "removing the leftover %s/%s", store,
                                     entry->d_name);
            break;
        }
        errno = 0;
    }
    if (!status && errno)
        status = cdn_error_errno(err, errno, "%s", store);
    closedir(folder);
    return status;
}

static cordon_status take_lock(struct cdn_store_writer *writer, cordon_error *err)
{
    char path[PATH_MAX];
    cordon_status status = cdn_path_join(path, sizeof(path), writer->store, LOCK, err);

    if (status)
        return status;
    writer->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (writer->lock < 0)
        return cdn_error_errno(err, errno, "%s", path);
    if (flock(writer->lock, LOCK_EX | LOCK_NB)) {
        if (errno == EWOULDBLOCK)
            return cdn_error_set(err, CORDON_E_BUSY,
                                 "%s is being written by another process",
                                 writer->store);
        return cdn_error_errno(err, errno, "locking %s", path);
    }
    return CORDON_OK;
}

/* Lock the store and look through it: *largest is the largest number in use. */
static cordon_status enter(struct cdn_store_writer **out, const char *store,
                           uint64_t *largest, cordon_error *err)
{
    struct cdn_store_writer *writer = cdn_calloc(1, sizeof(*writer));
    cordon_status status;

    *out = NULL;
    if (!writer)
        return cdn_error_nomem(err);
    writer->lock = -1;
    writer->store = cdn_strdup(store);
    status = writer->store ? take_lock(writer, err) : cdn_error_nomem(err);
    if (!status)
        status = scan(store, largest, err);
    if (!status) {
        *out = writer;
        writer = NULL; /* handed over */
    }
    cdn_store_end(writer);
    return status;
}

cordon_status cdn_store_begin(struct cdn_store_writer **out, const char *store,
                              uint64_t *generation, char *path, size_t size,
                              cordon_error *err)
{
    struct cdn_store_writer *writer;
    char name[CURRENT_BYTES];
    uint64_t largest = 0;
    cordon_status status;

    *out = NULL;
    if (mkdir(store, 0755) && errno != EEXIST)
        return cdn_error_errno(err, errno, "making the folder %s", store);
    status = enter(&writer, store, &largest, err);
    if (status)
        return status;
    writer->generation = largest + 1;
    cdn_store_name(name, writer->generation, CDN_STORE_SNAPSHOT);
    status = cdn_path_join(path, size, store, name, err);
    if (status) {
        cdn_store_end(writer);
        return status;
    }
    *generation = writer->generation;
    *out = writer;
    return CORDON_OK;
}

cordon_status cdn_store_lock(struct cdn_store_writer **out, const char *store,
                             cordon_error *err)
{
    uint64_t largest;

    return enter(out, store, &largest, err);
}

cordon_status cdn_store_commit(struct cdn_store_writer *writer, cordon_error *err)
{
    char name[CURRENT_BYTES];
    char path[PATH_MAX];
    char line[CURRENT_BYTES + 1];
    cordon_status status;
    int length;

    cdn_store_name(name, writer->generation, CDN_STORE_SNAPSHOT);
    status = cdn_path_join(path, sizeof(path), writer->store, name, err);
    if (status)
        return status;
    if (access(path, F_OK))
        return cdn_error_errno(err, errno, "%s is not in place", path);
    status = cdn_path_join(path, sizeof(path), writer->store, CURRENT, err);
    if (status)
        return status;
    length = snprintf(line, sizeof(line), "%s\n", name);
    return cdn_file_replace(path, line, (size_t)length, err);
}

void cdn_store_end(struct cdn_store_writer *writer)
{
    if (!writer)
        return;
    if (writer->lock >= 0)
        close(writer->lock);
    cdn_free(writer->store);
    cdn_free(writer);
}
