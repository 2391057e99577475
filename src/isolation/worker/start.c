/* A worker's way from its first instruction to its service. */
#include "isolation/worker/start.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "isolation/worker/contain.h"
#include "isolation/worker/keeper.h"
#include "isolation/worker/lockin.h"
#include "snapshot/slice.h"

enum {
    CHANNEL = CDN_WORKER_CHANNEL,
    AREA = CDN_WORKER_AREA,
    SLICE = CDN_WORKER_SLICE,
    ARGUMENTS = 7
};

static int give_up(struct cdn_channel *channel, const cordon_error *why)
{
    struct cdn_buf out = {0};

    cdn_wire_put_failed(&out, why);
    if (!out.failed)
        (void)cdn_channel_send(channel, CDN_FRAME_FAILED, out.data, out.length,
                               UINT64_MAX, NULL);
    cdn_buf_deinit(&out);
    return 3;
}

static cordon_status map_area(void **area, cordon_error *err)
{
    struct stat file;

    *area = NULL;
    if (fstat(AREA, &file) || file.st_size != (off_t)CDN_CHANNEL_AREA_BYTES)
        return cdn_error_set(err, CORDON_E_INVALID, "descriptor 4 is no shared area");
    *area =
        mmap(NULL, CDN_CHANNEL_AREA_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, AREA, 0);
    close(AREA);
    if (*area == MAP_FAILED)
        return cdn_error_errno(err, errno, "the shared area");
    return CORDON_OK;
}

static cordon_status open_slice(cordon_snapshot **out, cordon_error *err)
{
    cordon_status status = cdn_slice_map(out, SLICE, false, err);

    close(SLICE);
    return status;
}

static cordon_status open_snapshot(cordon_snapshot **out, const char *name,
                                   cordon_error *err)
{
    *out = NULL;
    if (!strcmp(name, "-"))
        return CORDON_OK;
    if (!strcmp(name, "5"))
        return open_slice(out, err);
    return cordon_snapshot_open(out, name, NULL, err);
}

/* To measure them takes as long as all else here; the host, on the same machine, has. */
static void know_ticks(const struct cdn_channel *channel)
{
    const struct cdn_channel_shared *shared = cdn_channel_shared(channel);

    if (shared && shared->ticks.rate)
        cdn_ticks_adopt(shared->ticks);
    else
        cdn_ticks_init();
}

/* In the worker: open, lock in, serve. */
static int work(struct cdn_channel *channel, const struct cdn_kept *kept, char **argv,
                cdn_worker_serve *serve)
{
    const struct cdn_slot_config config = {
        .image_bytes = (size_t)strtoull(argv[2], NULL, 10),
        .memory_bytes = (size_t)strtoull(argv[3], NULL, 10),
        .scratch_bytes = (size_t)strtoull(argv[3], NULL, 10)};
    const struct cdn_lockin lockin = {.namespaces = kept->namespaces,
                                      .user = kept->user,
                                      .contained = kept->contained,
                                      .room_bytes = strtoull(argv[4], NULL, 10),
                                      .cpu_s = strtoull(argv[5], NULL, 10),
                                      .channel = CHANNEL,
                                      .keeper = kept->keeper};
    struct cdn_service *service = NULL;
    cordon_snapshot *snapshot;
    cordon_error err;
    uint32_t locks;
    cordon_status status;

    know_ticks(channel);
    status = open_snapshot(&snapshot, argv[1], &err);
    if (!status)
        status = cdn_service_new(&service, snapshot, &config, channel, &err);
    if (!status && kept->contained)
        status = cdn_keeper_await(kept, &err);
    if (!status)
        status = cdn_lock_in(&locks, &lockin, &err);
    if (status)
        return give_up(channel, &err);
    status = serve(service, channel, locks, &err);
    _exit(status ? 3 : 0);
}

/* The keeper's own exit, by which nobody judges: as its worker's. */
static int ended_as(int status)
{
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* How this program was started. */
struct role {
    const char *runtime; /* it keeps a container of that one */
    bool contained;      /* it lives in one */
};

/* What comes before a worker's own arguments, which then are argv + 1 and on. */
static struct role take_role(int *argc, char ***argv)
{
    struct role role = {NULL, false};
    int taken = 0;

    if (*argc > 2 && !strcmp((*argv)[1], "--container")) {
        role.runtime = (*argv)[2];
        taken = 2;
    } else if (*argc > 1 && !strcmp((*argv)[1], "--contained")) {
        role.contained = true;
        taken = 1;
    }
    *argc -= taken;
    *argv += taken;
    return role;
}

/* Descriptors that are no business of ours. */
static void close_others(bool slice, bool contained)
{
    if (contained) {
        syscall(SYS_close_range, 0, 2, 0); /* the runtime's */
        syscall(SYS_close_range, (unsigned)CDN_WORKER_DESCRIPTORS, ~0U, 0);
        if (!slice)
            close(SLICE);
    } else {
        syscall(SYS_close_range, slice ? 6u : 5u, ~0U, 0);
    }
}

int cdn_worker_start(int argc, char **argv, cdn_worker_serve *serve)
{
    struct cdn_cgroup_limits limits = {.pids = 1, .cpu_percent = 100};
    struct cdn_channel channel;
    struct cdn_kept kept = {.contained = true, .keeper = CDN_WORKER_KEEPER};
    struct role role = take_role(&argc, &argv);
    cordon_error err;
    void *area = NULL;
    bool child = true;
    cordon_status status;
    int ended;

    close_others(argc > 1 && !strcmp(argv[1], "5"), role.contained);
    cdn_channel_init(&channel, CDN_CHANNEL_WORKER, CHANNEL, NULL);
    if (argc != ARGUMENTS) {
        cdn_error_set(&err, CORDON_E_INVALID,
                      "cordon-worker is started by libcordon, not by hand");
        return give_up(&channel, &err);
    }
    if (chdir("/"))
        return 3;
    limits.memory_bytes = strtoull(argv[6], NULL, 10);
    if (role.runtime) {
        status = cdn_contain(&ended, role.runtime, argv + 1, &limits, &err);
        return status ? give_up(&channel, &err) : ended_as(ended);
    }
    status = map_area(&area, &err);
    if (!status && !role.contained)
        status = cdn_keeper_clone(&kept, &child, &limits, &err);
    if (status)
        return give_up(&channel, &err);
    channel.area = area;
    if (child)
        return work(&channel, &kept, argv, serve);
    munmap(area, CDN_CHANNEL_AREA_BYTES);
    return ended_as(cdn_keeper_wait(CHANNEL));
}
