/* Files that are followed. */
#include "server/watch.h"

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

struct cdn_watch {
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

cordon_status cdn_watch_open(struct cdn_watch **out, const char *const *paths,
                             size_t count, cordon_error *err)
{
    struct cdn_watch *watch =
        cdn_calloc(1, sizeof *watch + count * sizeof watch->files[0]);

    *out = NULL;
    if (!watch)
        return cdn_error_nomem(err);
    watch->count = count;
    watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    for (size_t i = 0; i < count; i++) {
        watch->files[i].path = cdn_strdup(paths[i]);
        if (!watch->files[i].path) {
            cdn_watch_close(watch);
            return cdn_error_nomem(err);
        }
        /* first the watch, then the look: nothing falls between them */
        if (watch->fd >= 0)
            watch_folder(watch->fd, paths[i]);
        (void)look_at(&watch->files[i]);
        watch->files[i].changed = false;
    }
    *out = watch;
    return CORDON_OK;
}

void cdn_watch_close(struct cdn_watch *watch)
{
    if (!watch)
        return;
    if (watch->fd >= 0)
        close(watch->fd);
    for (size_t i = 0; i < watch->count; i++)
        cdn_free(watch->files[i].path);
    cdn_free(watch);
}

int cdn_watch_fd(const struct cdn_watch *watch)
{
    return watch->fd;
}

size_t cdn_watch_look(struct cdn_watch *watch)
{
    char events[4096];
    size_t changed = 0;

    /* what happened does not matter, only that it has been seen; an overflow neither */
    while (watch->fd >= 0 && read(watch->fd, events, sizeof events) > 0)
        continue;
    for (size_t i = 0; i < watch->count; i++)
        changed += look_at(&watch->files[i]);
    return changed;
}

bool cdn_watch_changed(const struct cdn_watch *watch, size_t index)
{
    return watch->files[index].changed;
}
