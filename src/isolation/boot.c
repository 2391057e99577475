/* Making what machines start from, and sharing it.
 *
 * The last one made is remembered, as long as a machine has it.  One that is asked for with
 * other places, or another worker, is made anew and takes its place. */
#include "isolation/boot.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "isolation/cpio.h"

#define WORKER_MOST ((size_t)64 << 20)

/* One, and what it was made of. */
struct shared {
    struct cdn_boot boot; /* first */
    uint32_t users;
    char key[3 * PATH_MAX];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct shared *current; /* what has users; NULL: nobody has any */

static cordon_status make_key(char key[static 3 * PATH_MAX], const char *worker,
                              const struct cdn_boot_places *places,
                              const char *const *wanted, cordon_error *err)
{
    size_t size = (size_t)3 * PATH_MAX, length;
    struct stat file;

    if (stat(worker, &file))
        return cdn_error_errno(err, errno, "%s", worker);
    length = (size_t)snprintf(key, size, "%s\n%s\n%s\n%lld %lld", worker, places->boot,
                              places->modules, (long long)file.st_ino,
                              (long long)file.st_mtim.tv_nsec);
    for (; *wanted && length < size; wanted++)
        length += (size_t)snprintf(key + length, size - length, "\n%s", *wanted);
    return length < size
               ? CORDON_OK
               : cdn_error_set(err, CORDON_E_INVALID,
                               "the worker's or the kernel's path is too long");
}

static cordon_status make_files(int *fd, const char *worker,
                                const struct cdn_kernel *kernel, cordon_error *err)
{
    struct cdn_buf archive = {0}, content = {0};
    cordon_status status = cdn_file_read(&content, worker, WORKER_MOST, err);
    char name[16];

    cdn_cpio_add(&archive, "dev", S_IFDIR | 0755, NULL, 0);
    cdn_cpio_add(&archive, "empty", S_IFDIR | 0555, NULL, 0);
    if (!status)
        cdn_cpio_add(&archive, "init", S_IFREG | 0755, content.data, content.length);
    for (uint32_t i = 0; i < kernel->module_count && !status; i++) {
        cdn_buf_clear(&content);
        status = cdn_kernel_module(&content, kernel, i, err);
        snprintf(name, sizeof name, "%u", i);
        if (!status)
            cdn_cpio_add(&archive, name, S_IFREG | 0400, content.data, content.length);
    }
    cdn_cpio_end(&archive);
    if (!status && archive.failed)
        status = cdn_error_nomem(err);
    if (!status)
        status = cdn_kernel_seal(fd, archive.data, archive.length, err);
    cdn_buf_deinit(&archive);
    cdn_buf_deinit(&content);
    return status;
}

static void free_shared(struct shared *shared)
{
    if (shared->boot.kernel >= 0)
        close(shared->boot.kernel);
    if (shared->boot.files >= 0)
        close(shared->boot.files);
    cdn_free(shared);
}

static cordon_status make(struct shared **out, const char *key, const char *worker,
                          const struct cdn_boot_places *places,
                          const char *const *wanted, cordon_error *err)
{
    struct shared *shared = cdn_calloc(1, sizeof *shared);
    struct cdn_kernel kernel;
    cordon_status status;

    if (!shared)
        return cdn_error_nomem(err);
    shared->boot.kernel = shared->boot.files = -1;
    memcpy(shared->key, key, strlen(key) + 1);
    status = cdn_kernel_find(&kernel, places->boot, places->modules, wanted, err);
    if (!status)
        status = make_files(&shared->boot.files, worker, &kernel, err);
    if (!status)
        status =
            cdn_kernel_open(&shared->boot.kernel, &shared->boot.direct, &kernel, err);
    if (status) {
        free_shared(shared);
        return status;
    }
    memcpy(shared->boot.version, kernel.version, sizeof kernel.version);
    shared->boot.module_count = kernel.module_count;
    *out = shared;
    return CORDON_OK;
}

cordon_status cdn_boot_take(struct cdn_boot **out, const char *worker,
                            const struct cdn_boot_places *places,
                            const char *const *wanted, cordon_error *err)
{
    char key[3 * PATH_MAX];
    struct shared *shared = NULL;
    cordon_status status = make_key(key, worker, places, wanted, err);

    *out = NULL;
    if (status)
        return status;
    pthread_mutex_lock(&lock);
    if (current && !strcmp(current->key, key))
        shared = current;
    else
        status = make(&shared, key, worker, places, wanted, err);
    if (!status) {
        shared->users++;
        current = shared;
        *out = &shared->boot;
    }
    pthread_mutex_unlock(&lock);
    return status;
}

void cdn_boot_release(struct cdn_boot *boot)
{
    struct shared *shared = (struct shared *)(void *)boot;

    if (!boot)
        return;
    pthread_mutex_lock(&lock);
    if (--shared->users == 0) {
        if (current == shared)
            current = NULL;
        free_shared(shared);
    }
    pthread_mutex_unlock(&lock);
}
