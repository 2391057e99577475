/* A worker's way in a machine of its own, from the kernel's first program to its service.
 *
 * It is alone there: what the kernel gives it is a file system in memory with itself, the
 * modules and two empty folders.  So locking in is mostly throwing away:
 *
 *   1. It loads the modules, opens the channel and the slice, and needs no file any more.
 *   2. Its root becomes an empty read-only file system, which lies over everything else.
 *   3. What lockin.c numbers 6 to 9: limits, nobody, no capabilities, and a filter that leaves
 *      reading and writing the channel, memory and the clock.
 *
 * A worker that was taken over then has a kernel of its own to attack, of which it may make
 * fourteen system calls, and behind that the monitor's devices: a port and a disk. */
#include "isolation/worker/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/vm_sockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "isolation/worker/lockin.h"

enum { CHANNEL_WORD = 2, SLICE_WORD, IMAGE_WORD, MEMORY_WORD, MODULES_WORD, WORDS };

/* Devices appear a moment after their driver; this long is waited for one. */
#define APPEAR_NS     UINT64_C(20000000000)
#define LOOK_AGAIN_NS 200000

static void load_modules(uint64_t count)
{
    char name[24];

    for (uint64_t i = 0; i < count; i++) {
        int fd;

        snprintf(name, sizeof name, "/%u", (unsigned)i);
        fd = open(name, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            return; /* what it drives will not appear */
        (void)syscall(SYS_finit_module, fd, "", 0);
        close(fd);
        unlink(name);
    }
}

/* Open a device once it is there; -1: it does not come. */
static int open_device(const char *name, int flags)
{
    const struct timespec pause = {0, LOOK_AGAIN_NS};
    uint64_t until_ns = cdn_clock_ns() + APPEAR_NS;
    int fd;

    while ((fd = open(name, flags | O_CLOEXEC)) < 0 && cdn_clock_ns() < until_ns)
        (void)nanosleep(&pause, NULL);
    return fd;
}

static int call_host(void)
{
    struct sockaddr_vm host = {.svm_family = AF_VSOCK,
                               .svm_port = CDN_MACHINE_VSOCK_PORT,
                               .svm_cid = VMADDR_CID_HOST};
    int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && connect(fd, (const struct sockaddr *)&host, sizeof host)) {
        close(fd);
        return -1;
    }
    return fd;
}

static cordon_status open_slice(cordon_snapshot **out, uint64_t bytes,
                                cordon_error *err)
{
    cordon_status status;
    void *mapped;
    int fd;

    *out = NULL;
    if (bytes == 0)
        return CORDON_OK;
    fd = open_device("/dev/vda", O_RDONLY);
    if (fd < 0)
        return cdn_error_errno(err, errno, "the machine's disk");
    mapped = mmap(NULL, (size_t)bytes, PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (mapped == MAP_FAILED)
        return cdn_error_errno(err, errno, "the slice");
    (void)madvise(mapped, (size_t)bytes, MADV_SEQUENTIAL);
    status = cordon_snapshot_open_slice(out, mapped, (size_t)bytes, NULL, err);
    munmap(mapped, (size_t)bytes);
    return status;
}

static cordon_status leave_files(cordon_error *err)
{
    const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY;

    unlink("/init");
    if (umount2("/dev", MNT_DETACH) ||
        mount("none", "/empty", "tmpfs", flags, "size=4k,nr_inodes=1,mode=0555") ||
        chdir("/empty") || mount(".", "/", NULL, MS_MOVE, NULL) || chroot(".") ||
        chdir("/"))
        return cdn_error_errno(err, errno, "an empty root");
    return CORDON_OK;
}

static cordon_status prepare(struct cdn_service **service, uint32_t *locks,
                             struct cdn_channel *channel, char **argv,
                             cordon_error *err)
{
    const struct cdn_slot_config config = {
        .image_bytes = (size_t)strtoull(argv[IMAGE_WORD], NULL, 10),
        .memory_bytes = (size_t)strtoull(argv[MEMORY_WORD], NULL, 10),
        .scratch_bytes = (size_t)strtoull(argv[MEMORY_WORD], NULL, 10)};
    const struct cdn_lockin lockin = {.room_bytes = 0,
                                      .cpu_s = UINT64_MAX,
                                      .channel = channel->fd,
                                      .device = channel->device,
                                      .keeper = -1};
    cordon_snapshot *snapshot;
    cordon_status status =
        open_slice(&snapshot, strtoull(argv[SLICE_WORD], NULL, 10), err);

    if (!status)
        status = cdn_service_new(service, snapshot, &config, channel, err);
    if (!status)
        status = leave_files(err);
    if (!status)
        status = cdn_lock_in(locks, &lockin, err);
    *locks |= CDN_LOCK_ROOT;
    return status;
}

int cdn_machine_start(int argc, char **argv, cdn_worker_serve *serve)
{
    struct cdn_service *service = NULL;
    struct cdn_channel channel;
    struct cdn_buf out = {0};
    cordon_error err;
    cordon_status status;
    uint32_t locks = 0;
    bool device;

    if (argc != WORDS || getpid() != 1)
        return 2;
    if (mount("devtmpfs", "/dev", "devtmpfs", MS_NOSUID | MS_NOEXEC, NULL))
        return 3;
    load_modules(strtoull(argv[MODULES_WORD], NULL, 10));
    device = !strcmp(argv[CHANNEL_WORD], CDN_MACHINE_PORT);
    cdn_channel_init(&channel, CDN_CHANNEL_WORKER,
                     device ? open_device("/dev/vport0p1", O_RDWR) : call_host(), NULL);
    channel.device = device;
    if (channel.fd < 0)
        return 4;
    cdn_ticks_init();
    status = prepare(&service, &locks, &channel, argv, &err);
    if (!status) {
        status = serve(service, &channel, locks, &err);
        _exit(status ? 3 : 0);
    }
    cdn_wire_put_failed(&out, &err);
    if (!out.failed)
        (void)cdn_channel_send(&channel, CDN_FRAME_FAILED, out.data, out.length,
                               UINT64_MAX, NULL);
    return 3;
}
