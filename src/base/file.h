/* Files: reading one whole, and replacing one atomically and durably. */
#ifndef CDN_BASE_FILE_H
#define CDN_BASE_FILE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"

/* Read a regular file of at most `limit` bytes, appending to out. */
cordon_status cdn_file_read(struct cdn_buf *out, const char *path, size_t limit,
                            cordon_error *err);

/* Write a file so that `path` holds either its old content or all of the new one,
 * whatever happens: temporary name in the same folder, fsync, rename, fsync of the
 * folder. */
cordon_status cdn_file_replace(const char *path, const void *bytes, size_t count,
                               cordon_error *err);

/* Write a file that is not there yet: `path` comes to hold all of it, or nothing, whatever
 * happens, and what is there already stays as it is, which *existed tells.  As
 * cdn_file_replace(), but the name is given by link(2), which takes none that is in use. */
cordon_status cdn_file_create(bool *existed, const char *path, const void *bytes,
                              size_t count, cordon_error *err);

/* Rename a whole, closed file into place durably: fsync file, rename, fsync folder. */
cordon_status cdn_file_publish(const char *from, const char *to, cordon_error *err);

/* Remove a file durably: unlink, fsync of the folder.  CORDON_E_NOTFOUND: there is none. */
cordon_status cdn_file_remove(const char *path, cordon_error *err);

/* Make what happened to names in the folder of `path` durable. */
cordon_status cdn_file_sync_folder(const char *path, cordon_error *err);

/* dir + "/" + name into out; CORDON_E_INVALID if it does not fit. */
cordon_status cdn_path_join(char *out, size_t size, const char *dir, const char *name,
                            cordon_error *err);

#endif
