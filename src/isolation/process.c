/* Starting workers, and ending them.
 *
 * The host is never forked to run Lua: its child is a fresh program, started with posix_spawn()
 * with three descriptors and no environment.  Ending one is closing the channel, upon which the
 * keeper kills the worker; the keeper is killed too, in case it is the one that is stuck, and
 * waited for, so that there is no zombie.  It is known by a pidfd, which means no other process
 * even where the host's own code has waited for all its children. */
#include "isolation/process.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "isolation/spawn.h"
#include "snapshot/snapshot.h"

#define REAP_MS 2000 /* for the keeper to clean up */

/* A worker and its process. */
struct process {
    struct cdn_worker worker; /* first; its process is the keeper */
    int area;
    const char *runtime; /* that its keeper is to call; NULL: none */
};

/* The keeper ends when the channel is closed, after it has cleaned up.  One that does not in so
 * long is killed, and its worker dies of that. */
static void reap(int keeper, int most_ms)
{
    struct pollfd ended = {.fd = keeper, .events = POLLIN};
    siginfo_t how;

    if (poll(&ended, 1, most_ms) <= 0)
        (void)syscall(SYS_pidfd_send_signal, keeper, SIGKILL, NULL, 0);
    while (waitid(P_PIDFD, (id_t)keeper, &how, WEXITED) && errno == EINTR)
        ;
    close(keeper);
}

static void end(struct cdn_worker *worker)
{
    struct process *process = (struct process *)(void *)worker;
    unsigned char *area = worker->channel.area;

    int most_ms = worker->channel.fd >= 0 ? REAP_MS : 0;

    cdn_worker_hang_up(worker);
    if (worker->process >= 0)
        reap(worker->process, most_ms);
    if (area)
        munmap(area, CDN_CHANNEL_AREA_BYTES);
    if (process->area >= 0)
        close(process->area);
    cdn_channel_deinit(&worker->channel);
    cdn_buf_deinit(&worker->out);
    cdn_free(process);
}

static cordon_status make_area(struct process *process, cordon_error *err)
{
    void *area;

    process->area = memfd_create("cordon", MFD_CLOEXEC);
    if (process->area < 0 || ftruncate(process->area, (off_t)CDN_CHANNEL_AREA_BYTES))
        return cdn_error_errno(err, errno, "a worker's shared area");
    area = mmap(NULL, CDN_CHANNEL_AREA_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED,
                process->area, 0);
    if (area == MAP_FAILED)
        return cdn_error_errno(err, errno, "a worker's shared area");
    process->worker.channel.area = area;
    cdn_channel_shared(&process->worker.channel)->ticks = cdn_ticks_measured();
    return CORDON_OK;
}

/* Descriptor 3 is the channel, 4 the area, 5 a slice if there is one (else -1). */
static cordon_status spawn(struct process *process,
                           const struct cdn_wall_options *options, const char *path,
                           int channel, int slice, cordon_error *err)
{
    struct cdn_buf words = {0};
    const struct cdn_spawn child = {.program = options->program,
                                    .words = &words,
                                    .files = {channel, process->area, slice},
                                    .file_count = slice >= 0 ? 3 : 2,
                                    .said = -1};
    const uint64_t numbers[] = {options->image_bytes, options->memory_bytes,
                                options->room_bytes, options->cpu_s,
                                options->held_bytes};
    cordon_status status;

    cdn_spawn_word(&words, "cordon-worker");
    if (process->runtime) {
        cdn_spawn_word(&words, "--container");
        cdn_spawn_word(&words, "%s", process->runtime);
    }
    cdn_spawn_word(&words, "%s", path);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        cdn_spawn_word(&words, "%" PRIu64, numbers[i]);
    status = cdn_spawn(&process->worker.process, &child, err);
    cdn_buf_deinit(&words);
    return status;
}

/* The snapshot as the worker finds it: an absolute path; "-" for none; "5" for one in memory,
 * of which *slice is the descriptor, else -1. */
static cordon_status locate(char path[PATH_MAX], int *slice,
                            const cordon_snapshot *snapshot, cordon_error *err)
{
    const char *file = snapshot ? cdn_snapshot_path(snapshot) : "-";

    *slice = -1;
    if (!file) {
        memcpy(path, "5", 2);
        return cdn_snapshot_sealed(slice, snapshot, err);
    }
    if (!snapshot)
        memcpy(path, file, 2);
    else if (!realpath(file, path))
        return cdn_error_errno(err, errno, "%s", file);
    return CORDON_OK;
}

cordon_status cdn_process_spawn_kept(struct cdn_worker **out, const char *runtime,
                                     const struct cdn_wall_options *options,
                                     const cordon_snapshot *snapshot, cordon_error *err)
{
    struct process *process = cdn_calloc(1, sizeof *process);
    int ends[2] = {-1, -1}, slice;
    char path[PATH_MAX];
    cordon_status status;

    *out = NULL;
    if (!process)
        return cdn_error_nomem(err);
    process->area = -1;
    process->runtime = runtime;
    cdn_channel_init(&process->worker.channel, CDN_CHANNEL_HOST, -1, NULL);
    process->worker.end = end;
    process->worker.process = -1;
    process->worker.identity = snapshot ? snapshot->identity : 0;
    process->worker.load = options->load;
    status = locate(path, &slice, snapshot, err);
    if (!status)
        status = make_area(process, err);
    if (!status && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
        status = cdn_error_errno(err, errno, "a worker's channel");
    if (!status) {
        process->worker.channel.fd = ends[0];
        status = spawn(process, options, path, ends[1], slice, err);
        close(ends[1]);
    }
    if (status)
        end(&process->worker);
    else
        *out = &process->worker;
    return status;
}

cordon_status cdn_process_spawn(struct cdn_worker **out,
                                const struct cdn_wall_options *options,
                                const cordon_snapshot *snapshot, cordon_error *err)
{
    return cdn_process_spawn_kept(out, NULL, options, snapshot, err);
}

cordon_status cdn_process_start(struct cdn_worker **out,
                                const struct cdn_wall_options *options,
                                const cordon_snapshot *snapshot, cordon_error *err)
{
    return cdn_wall_start(out, CORDON_WALL_PROCESS, options, snapshot, err);
}
