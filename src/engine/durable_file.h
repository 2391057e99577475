/* An open durable file, for what opens it (durable_open.c) and what uses it (durable.c).
 *
 * Locks, in this order:
 *   files     the list of open files: LMDB must not open one twice in a process, so handles
 *             share a file by device and inode (the like of snapshot/file.c)
 *   writing   one thread of this process changes at a time
 *   flock     on the file, exclusive for a change and shared while its pages are checked
 *             before it is opened: the check reads the file without a transaction, which
 *             only works while nobody overwrites a page.  It goes with its process.
 *   map       a transaction holds it for reading, growing the map for writing
 * LMDB has a lock of its own inside these, which it takes over from a killed process; readers
 * that a killed process left in its table are removed at each opening and each change. */
#ifndef CDN_ENGINE_DURABLE_FILE_H
#define CDN_ENGINE_DURABLE_FILE_H

#include <lmdb.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "engine/durable.h"

struct cdn_durable_file { /* one of this process's; handles share it */
    struct cdn_durable_file *next;
    dev_t device;
    ino_t inode;
    uint32_t references; /* behind `files` */
    pid_t process;       /* that opened it */
    bool read_only;      /* the file itself may not be written */
    int fd;              /* for its flock */
    MDB_env *env;
    MDB_dbi dbi;
    pthread_mutex_t writing;
    pthread_rwlock_t map;
    bool locks_made;
    char *path; /* as it was when opened, for messages */
};

struct cdn_durable {
    struct cdn_durable_file *file;
    const struct cdn_durable_kind *kind;
    uint64_t most_bytes;
    bool read_only;
};

struct cdn_durable_txn {
    struct cdn_durable_file *file;
    const struct cdn_durable_kind *kind;
    MDB_txn *txn;
    bool full; /* the map has to grow */
};

/* What LMDB said of the file, while `doing` something with it. */
cordon_status cdn_durable_failed(const struct cdn_durable_file *file, int rc,
                                 const char *doing, cordon_error *err);

/* flock() it, waiting as long as a change may.  Errors: CORDON_E_BUSY, CORDON_E_IO. */
cordon_status cdn_durable_lock(const struct cdn_durable_file *file, int operation,
                               cordon_error *err);
void cdn_durable_unlock(const struct cdn_durable_file *file);

#endif
