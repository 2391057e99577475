/* Slices in sealed memory (memfd_create(2), fcntl(2)): how one is handed to another process, and
 * shared by several.
 *
 * A slice's bytes are checked before they are used, and must not change afterwards.  Whoever
 * reads bytes that somebody else holds either copies them or knows that they are sealed: after
 * F_SEAL_WRITE and F_SEAL_SHRINK nobody can change them or take them away, not even their
 * maker, so that a mapping is as good as a copy, and one copy serves all workers. */
#include "snapshot/slice.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"

#define SEALS (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW)

static bool write_all(int fd, const unsigned char *bytes, size_t size)
{
    while (size) {
        ssize_t done = write(fd, bytes, size);

        if (done < 0 && errno != EINTR)
            return false;
        if (done > 0) {
            bytes += done;
            size -= (size_t)done;
        }
    }
    return true;
}

cordon_status cdn_slice_seal(int *fd, const void *bytes, size_t size, cordon_error *err)
{
    int made = memfd_create("cordon-slice", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    *fd = -1;
    if (made < 0)
        return cdn_error_errno(err, errno, "memory for a slice");
    if (!write_all(made, bytes, size) ||
        fcntl(made, F_ADD_SEALS, SEALS | F_SEAL_SEAL)) {
        int why = errno;

        close(made);
        return cdn_error_errno(err, why, "sealing a slice of %zu bytes", size);
    }
    *fd = made;
    return CORDON_OK;
}

static bool is_sealed(int fd)
{
    int seals = fcntl(fd, F_GET_SEALS);

    return seals >= 0 && (seals & SEALS) == SEALS;
}

/* The bytes, and whether they are a mapping. */
static cordon_status take_bytes(unsigned char **out, bool *mapped, int fd, size_t size,
                                cordon_error *err)
{
    /* private, as kernels refuse a shared mapping of sealed memory; one that only reads shares
     * its pages all the same */
    void *map = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);

    if (map == MAP_FAILED)
        return cdn_error_errno(err, errno, "mapping a slice");
    *mapped = is_sealed(fd);
    *out = map;
    if (*mapped)
        return CORDON_OK;
    *out = cdn_alloc(size);
    if (*out)
        memcpy(*out, map, size);
    munmap(map, size);
    return *out ? CORDON_OK : cdn_error_nomem(err);
}

static cordon_status open_bytes(cordon_snapshot **out, int fd, bool *kept,
                                cordon_error *err)
{
    struct cdn_snapshot_file *file;
    unsigned char *bytes;
    uint64_t generation;
    cordon_status status;
    struct stat stat;
    bool mapped;

    if (fstat(fd, &stat) || stat.st_size <= 0)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "descriptor %d is no slice: it is empty or no file", fd);
    status = take_bytes(&bytes, &mapped, fd, (size_t)stat.st_size, err);
    if (!status)
        status = cdn_slice_load_mapped_take(&file, &generation, bytes,
                                            (size_t)stat.st_size, mapped, "slice", err);
    if (status)
        return status;
    if (*kept && mapped)
        cdn_file_keep_sealed_take(file, fd);
    else
        *kept = false;
    return cdn_snapshot_wrap_take(out, file, CORDON_VERIFY_ON_READ, generation, "slice",
                                  err);
}

cordon_status cdn_slice_map(cordon_snapshot **out, int fd, bool keep, cordon_error *err)
{
    bool kept = keep;
    cordon_status status;

    *out = NULL;
    status = open_bytes(out, fd, &kept, err);
    if (keep && !kept)
        close(fd);
    return status;
}
