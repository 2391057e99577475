/* Files read whole, and files replaced so that no one ever sees half of one.
 *
 * Replacing writes a temporary file in the same folder (a rename works only within one
 * file system), syncs it, renames it over the old name, and syncs the folder, without
 * which the rename itself may not survive a power cut.  The temporary name carries 64
 * random bits and is opened exclusively: two writers of one path never meet, and a
 * planted link is not followed.  Every error removes the temporary file; a killed
 * process leaves one behind, which ".tmp-" in its name marks as rubbish. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_CHUNK = 64 * 1024 };

/* open(), again if a signal came first. */
static int open_retry(const char *path, int flags, mode_t mode)
{
    int fd;

    do {
        fd = open(path, flags | O_CLOEXEC, mode);
    } while (fd < 0 && errno == EINTR);
    return fd;
}

static cordon_status read_all(struct cdn_buf *out, int fd, const char *path,
                              size_t limit, cordon_error *err)
{
    size_t total = 0;

    for (;;) {
        /* One byte more than is left, to learn of a file that grew past the limit. */
        size_t left = limit - total;
        size_t want = left < READ_CHUNK ? left + 1 : READ_CHUNK;
        ssize_t got;

        if (!cdn_buf_reserve(out, want))
            return cdn_error_nomem(err);
        got = read(fd, out->data + out->length, want);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return cdn_error_errno(err, errno, "cannot read %s", path);
        if (got == 0)
            return CORDON_OK;
        total += (size_t)got;
        if (total > limit)
            return cdn_error_set(err, CORDON_E_DATA,
                                 "%s is larger than the %zu bytes accepted here", path,
                                 limit);
        out->length += (size_t)got;
    }
}

cordon_status cdn_file_read(struct cdn_buf *out, const char *path, size_t limit,
                            cordon_error *err)
{
    size_t before = out->length;
    cordon_status status;
    struct stat info;
    /* Not blocking, so that a FIFO without a writer is refused below, not waited for.
     */
    int fd = open_retry(path, O_RDONLY | O_NOCTTY | O_NONBLOCK, 0);

    if (fd < 0)
        return cdn_error_errno(err, errno, "cannot open %s", path);
    if (fstat(fd, &info)) {
        status = cdn_error_errno(err, errno, "cannot look at %s", path);
        goto out;
    }
    if (!S_ISREG(info.st_mode)) {
        status =
            cdn_error_set(err, CORDON_E_INVALID, "%s is %s, not a regular file", path,
                          S_ISDIR(info.st_mode) ? "a folder" : "a special file");
        goto out;
    }
    status = read_all(out, fd, path, limit, err);
out:
    close(fd);
    if (status)
        out->length = before;
    if (out->data)
        out->data[out->length] = '\0';
    return status;
}

cordon_status cdn_file_sync_folder(const char *path, cordon_error *err)
{
    const char *slash = strrchr(path, '/');
    size_t bytes = slash ? (size_t)(slash - path) : 0;
    char folder[PATH_MAX];
    cordon_status status = CORDON_OK;
    int fd;

    if (bytes >= sizeof folder)
        return cdn_error_errno(err, ENAMETOOLONG, "cannot open the folder of %s", path);
    if (!slash || !bytes)
        snprintf(folder, sizeof folder, "%s", slash ? "/" : ".");
    else
        snprintf(folder, sizeof folder, "%.*s", (int)bytes, path);
    fd = open_retry(folder, O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0)
        return cdn_error_errno(err, errno, "cannot open the folder %s", folder);
    if (fsync(fd))
        status = cdn_error_errno(err, errno, "cannot sync the folder %s", folder);
    close(fd);
    return status;
}

/* Open a new file beside `path`; its name goes to `name`, which has PATH_MAX bytes. */
static int open_beside(char *name, const char *path)
{
    for (int attempt = 0; attempt < 16; attempt++) {
        uint64_t random;
        int length;
        int fd;

        if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
            return -1;
        length = snprintf(name, PATH_MAX, "%s.tmp-%016" PRIx64, path, random);
        if (length < 0 || length >= PATH_MAX) {
            errno = ENAMETOOLONG;
            return -1;
        }
        fd = open_retry(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0666);
        if (fd >= 0 || errno != EEXIST)
            return fd;
    }
    return -1;
}

/* All of the bytes to fd; false with errno. */
static bool write_all(int fd, const unsigned char *bytes, size_t count)
{
    while (count) {
        ssize_t put = write(fd, bytes, count);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return false;
        bytes += put;
        count -= (size_t)put;
    }
    return true;
}

/* Write and sync a new file beside `path`; its name goes to `name`, which has PATH_MAX bytes.
 * On an error it may be there, or may have no name (""). */
static cordon_status write_beside(char *name, const char *path, const void *bytes,
                                  size_t count, cordon_error *err)
{
    cordon_status status = CORDON_OK;
    int fd = open_beside(name, path);
    bool closed;

    if (fd < 0) {
        name[0] = '\0';
        return cdn_error_errno(err, errno, "cannot create a file beside %s", path);
    }
    if (!write_all(fd, bytes, count) || fsync(fd))
        status = cdn_error_errno(err, errno, "cannot write %s", name);
    closed = !close(fd);
    if (!status && !closed)
        status = cdn_error_errno(err, errno, "cannot write %s", name);
    return status;
}

cordon_status cdn_file_create(bool *existed, const char *path, const void *bytes,
                              size_t count, cordon_error *err)
{
    char name[PATH_MAX];
    cordon_status status = write_beside(name, path, bytes, count, err);

    *existed = false;
    if (!status && link(name, path)) {
        *existed = errno == EEXIST;
        if (!*existed)
            status = cdn_error_errno(err, errno, "cannot name %s %s", name, path);
    }
    if (name[0])
        unlink(name);
    return status || *existed ? status : cdn_file_sync_folder(path, err);
}

cordon_status cdn_file_replace(const char *path, const void *bytes, size_t count,
                               cordon_error *err)
{
    char name[PATH_MAX];
    cordon_status status = write_beside(name, path, bytes, count, err);

    if (!status && rename(name, path))
        status = cdn_error_errno(err, errno, "cannot rename %s to %s", name, path);
    if (status) {
        if (name[0])
            unlink(name);
        return status;
    }
    return cdn_file_sync_folder(path, err);
}

cordon_status cdn_file_publish(const char *from, const char *to, cordon_error *err)
{
    cordon_status status = CORDON_OK;
    int fd = open_retry(from, O_RDONLY | O_NOCTTY | O_NONBLOCK, 0);

    if (fd < 0)
        return cdn_error_errno(err, errno, "cannot open %s", from);
    if (fsync(fd))
        status = cdn_error_errno(err, errno, "cannot sync %s", from);
    close(fd);
    if (!status && rename(from, to))
        status = cdn_error_errno(err, errno, "cannot rename %s to %s", from, to);
    return status ? status : cdn_file_sync_folder(to, err);
}

cordon_status cdn_file_remove(const char *path, cordon_error *err)
{
    if (unlink(path))
        return cdn_error_errno(err, errno, "cannot remove %s", path);
    return cdn_file_sync_folder(path, err);
}

cordon_status cdn_path_join(char *out, size_t size, const char *dir, const char *name,
                            cordon_error *err)
{
    size_t bytes = strlen(dir);
    const char *slash = bytes && dir[bytes - 1] == '/' ? "" : "/";
    int length = snprintf(out, size, "%s%s%s", dir, slash, name);

    if (length < 0 || (size_t)length >= size) {
        if (size)
            out[0] = '\0';
        return cdn_error_set(err, CORDON_E_INVALID,
                             "the path %s%s%s is too long; at most %zu bytes", dir,
                             slash, name, size ? size - 1 : 0);
    }
    return CORDON_OK;
}
