/* Putting a container's root file system together.
 *
 * What the worker needs is what this process, which is the same program, has been given by the
 * loader: the program, its interpreter, its libraries; a static one needs nothing but itself.
 * Each is opened before /tmp is covered, as it may lie there, and bound by its descriptor, so
 * that what is bound is what was looked at. */
#include "isolation/worker/rootfs.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "isolation/worker/lockin.h"

enum { MAX_FILES = 64, PLACE_BYTES = 256 };

struct bound {
    int fd;
    char place[PLACE_BYTES]; /* in the root */
    bool data;               /* not to be executed */
};

struct files {
    struct bound list[MAX_FILES];
    int count;
    const char *interpreter;
    cordon_status status;
    cordon_error *err;
};

static cordon_status refused(cordon_error *err, const char *what)
{
    return cdn_error_set(err, CORDON_E_DENIED, "step 2, %s: %s", what, strerror(errno));
}

/* ---- namespaces ---- */

static bool write_file(const char *path, const char *text)
{
    size_t bytes = strlen(text);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    bool written;

    if (fd < 0)
        return false;
    written = write(fd, text, bytes) == (ssize_t)bytes;
    close(fd);
    return written;
}

static cordon_status leave_host(bool *privileged, cordon_error *err)
{
    char users[48], groups[48];

    *privileged = geteuid() == 0 && !unshare(CLONE_NEWNS);
    if (*privileged)
        return CORDON_OK;
    snprintf(users, sizeof users, "0 %u 1\n", geteuid());
    snprintf(groups, sizeof groups, "0 %u 1\n", getegid());
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS))
        return cdn_error_set(
            err, CORDON_E_DENIED,
            "step 2, namespaces for the container's keeper: %s; run as root, or let "
            "users make user namespaces (sysctl user.max_user_namespaces, "
            "kernel.unprivileged_userns_clone)",
            strerror(errno));
    if (!write_file("/proc/self/setgroups", "deny") ||
        !write_file("/proc/self/uid_map", users) ||
        !write_file("/proc/self/gid_map", groups))
        return refused(err, "mapping ids");
    return CORDON_OK;
}

/* ---- what is bound ---- */

static cordon_status take(struct files *files, const char *path, const char *place,
                          bool data)
{
    struct bound *file = &files->list[files->count];
    struct stat is;

    if (files->count == MAX_FILES ||
        snprintf(file->place, PLACE_BYTES, "%s", place) >= PLACE_BYTES)
        return cdn_error_set(
            files->err, CORDON_E_INVALID,
            "the worker has too many libraries for a container, or too "
            "long a name: %s",
            path);
    file->data = data;
    file->fd = open(path, O_PATH | O_CLOEXEC);
    if (file->fd < 0)
        return cdn_error_errno(files->err, errno, "%s", path);
    files->count++;
    if (fstat(file->fd, &is) || !S_ISREG(is.st_mode))
        return cdn_error_set(files->err, CORDON_E_INVALID,
                             "%s is no file, and cannot be put into a container", path);
    return CORDON_OK;
}

/* The loader looks in /lib for whatever it is not told a place of. */
static int take_object(struct dl_phdr_info *object, size_t bytes, void *ud)
{
    struct files *files = ud;
    const char *name = object->dlpi_name;
    char place[PLACE_BYTES];

    (void)bytes;
    if (!name || !name[0]) /* the program */
        for (ElfW(Half) i = 0; i < object->dlpi_phnum; i++)
            if (object->dlpi_phdr[i].p_type == PT_INTERP)
                files->interpreter =
                    (const char *)(object->dlpi_addr + object->dlpi_phdr[i].p_vaddr);
    if (!name || name[0] != '/')
        return 0; /* that, or what the kernel maps */
    if (files->interpreter && !strcmp(name, files->interpreter))
        return 0; /* it has a place of its own */
    snprintf(place, sizeof place, "/lib%s", strrchr(name, '/'));
    files->status = take(files, name, place, false);
    return files->status != CORDON_OK;
}

/* By its name: the file that is running was opened through the host's mounts. */
static cordon_status take_program(struct files *files)
{
    char path[PATH_MAX];
    ssize_t bytes = readlink("/proc/self/exe", path, sizeof path - 1);

    if (bytes <= 0)
        return cdn_error_errno(files->err, errno, "the worker's own name");
    path[bytes] = '\0';
    return take(files, path, CDN_ROOTFS_WORKER, false);
}

/* Behind a user namespace made by root, and without one, the worker is nobody. */
static cordon_status check_readable(const struct bound *file, const char *snapshot,
                                    cordon_error *err)
{
    struct stat is;
    mode_t needed;

    if (fstat(file->fd, &is))
        return cdn_error_errno(err, errno, "%s", snapshot);
    needed = is.st_uid == CDN_WORKER_ID   ? S_IRUSR
             : is.st_gid == CDN_WORKER_ID ? S_IRGRP
                                          : S_IROTH;
    if (!(is.st_mode & needed))
        return cdn_error_set(
            err, CORDON_E_DENIED,
            "step 3: the worker in a container is nobody (uid %d), who "
            "may not read %s; chmod o+r it, or have its slice sent",
            CDN_WORKER_ID, snapshot);
    return CORDON_OK;
}

/* ---- the tree ---- */

static bool make_parents(char *path)
{
    for (char *slash = strchr(path + sizeof CDN_ROOTFS_ROOT, '/'); slash;
         slash = strchr(slash + 1, '/')) {
        bool made;

        *slash = '\0';
        made = !mkdir(path, 0755) || errno == EEXIST;
        *slash = '/';
        if (!made)
            return false;
    }
    return true;
}

/* Flags that a mount has and that whoever did not make it may not take away. */
static unsigned long kept_flags(const char *path)
{
    struct statvfs mounted;

    if (statvfs(path, &mounted))
        return 0;
    return (mounted.f_flag & ST_NOEXEC ? MS_NOEXEC : 0);
}

static cordon_status bind_file(const struct bound *file, cordon_error *err)
{
    unsigned long flags = MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV;
    char source[32], target[sizeof CDN_ROOTFS_ROOT + PLACE_BYTES];
    int fd;

    snprintf(source, sizeof source, "/proc/self/fd/%d", file->fd);
    snprintf(target, sizeof target, CDN_ROOTFS_ROOT "%s", file->place);
    if (!make_parents(target))
        return refused(err, "folders of the root");
    fd = open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
    if (fd < 0)
        return errno == EEXIST ? CORDON_OK : refused(err, "files of the root");
    close(fd);
    if (mount(source, target, NULL, MS_BIND, NULL))
        return refused(err, "binding the worker's files");
    flags |= file->data ? MS_NOEXEC : kept_flags(target);
    if (mount(NULL, target, NULL, flags, NULL))
        return refused(err, "binding the worker's files read-only");
    return CORDON_OK;
}

static cordon_status make_tree(cordon_error *err)
{
    static const char *const folders[] = {CDN_ROOTFS_BUNDLE, CDN_ROOTFS_ROOT,
                                          CDN_ROOTFS_ROOT "/proc", CDN_ROOTFS_DEVICES};

    umask(0);
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
        return refused(err, "making mounts private");
    if (mount("none", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV,
              "size=64m,nr_inodes=1024,mode=0755"))
        return refused(err, "a file system in memory");
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        if (mkdir(folders[i], 0755))
            return refused(err, "folders of the bundle");
    /* Runtimes open /dev/null in the container for the three standard descriptors.  A pipe
     * with a name opens as a device does, and without a device in there. */
    if (mkfifo(CDN_ROOTFS_DEVICES "/null", 0666))
        return refused(err, "the container's /dev/null");
    if (mkdir(CDN_ROOTFS_STATE, 0700))
        return refused(err, "a folder for the runtime");
    return CORDON_OK;
}

cordon_status cdn_rootfs_make(bool *privileged, const char *snapshot, cordon_error *err)
{
    struct files files = {.err = err};
    cordon_status status = leave_host(privileged, err);

    if (!status)
        status = take_program(&files);
    if (!status) {
        dl_iterate_phdr(take_object, &files);
        status = files.status;
    }
    if (!status && files.interpreter)
        status = take(&files, files.interpreter, files.interpreter, false);
    if (!status && snapshot) {
        status = take(&files, snapshot, CDN_ROOTFS_SNAPSHOT, true);
        if (!status && *privileged)
            status = check_readable(&files.list[files.count - 1], snapshot, err);
    }
    if (!status)
        status = make_tree(err);
    for (int i = 0; i < files.count; i++) {
        if (!status)
            status = bind_file(&files.list[i], err);
        close(files.list[i].fd);
    }
    umask(077);
    return status;
}
