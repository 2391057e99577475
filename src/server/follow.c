/* Files that are followed. */
#include "server/follow.h"

#include <errno.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/error.h"

/* Whatever may make a name stand for another file; writing itself not, which would tell of each
 * piece of it. */
enum {
    WORTH_LOOKING = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE
};

/* One file, and what it was when it was last looked at. */
struct followed {
    char *path;
    bool changed;
    bool there;
    struct stat was;
};

struct cdn_follow {
    int fd;
    size_t count;
    struct followed files[];
};

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
           a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
           a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
           a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static bool look_at(struct followed *file)
{
    struct stat now;
    bool there = !stat(file->path, &now);

    file->changed = there != file->there || (there && !is_same(&now, &file->was));
    file->there = there;
    if (there)
        file->was = now;
    return file->changed;
}

/* Folders that are there; twice the same one is one watch to the kernel. */
static void watch_folder(int fd, const char *path)
{
    char folder[4096];
    const char *slash = strrchr(path, '/');
    size_t length = slash ? (size_t)(slash - path) : 0;

    if (length >= sizeof folder)
        return;
    memcpy(folder, path, length);
    folder[length] = '\0';
    (void)inotify_add_watch(fd, !slash ? "." : length ? folder : "/", WORTH_LOOKING);
}

cordon_status cdn_follow_open(struct cdn_follow **out, const char *const *paths,
                              size_t count, cordon_error *err)
{
    struct cdn_follow *follow =
        cdn_calloc(1, sizeof *follow + count * sizeof follow->files[0]);

    *out = NULL;
    if (!follow)
        return cdn_error_nomem(err);
    follow->count = count;
    follow->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    for (size_t i = 0; i < count; i++) {
        follow->files[i].path = cdn_strdup(paths[i]);
        if (!follow->files[i].path) {
            cdn_follow_close(follow);
            return cdn_error_nomem(err);
        }
        /* first the watch, then the look: nothing falls between them */
        if (follow->fd >= 0)
            watch_folder(follow->fd, paths[i]);
        (void)look_at(&follow->files[i]);
        follow->files[i].changed = false;
    }
    *out = follow;
    return CORDON_OK;
}

void cdn_follow_close(struct cdn_follow *follow)
{
    if (!follow)
        return;
    if (follow->fd >= 0)
        close(follow->fd);
    for (size_t i = 0; i < follow->count; i++)
        cdn_free(follow->files[i].path);
    cdn_free(follow);
}

int cdn_follow_fd(const struct cdn_follow *follow)
{
    return follow->fd;
}

size_t cdn_follow_look(struct cdn_follow *follow)
{
    char events[4096];
    size_t changed = 0;

    /* what happened does not matter, only that it has been seen; an overflow neither */
    while (follow->fd >= 0 && read(follow->fd, events, sizeof events) > 0)
        continue;
    for (size_t i = 0; i < follow->count; i++)
        changed += look_at(&follow->files[i]);
    return changed;
}

bool cdn_follow_changed(const struct cdn_follow *follow, size_t index)
{
    return follow->files[index].changed;
}
