/* Starting machines, and ending them.
 *
 * The host's child is the keeper (worker/monitor.h), whose child is the monitor.  QEMU's channel
 * is one socket pair, from this process through the monitor's console device to the worker's
 * port; the keeper looks at the monitor's end of it too, and so ends with this process however
 * that ends.  Firecracker's worker calls by a socket with a name, and the keeper has a pair of
 * its own to look at.  There is no memory that both sides have mapped: payloads follow their
 * frames.
 *
 * KVM may be there and not work, which shows itself as a machine that says nothing, or once it has
 * spoken takes for ever to answer.  A trial with a small guest comes first (qemu.h).  The first
 * machine on KVM is in a race with an emulated one, if it is not up before that has begun: whichever
 * speaks first stays, and all after it are as it is.  A machine on KVM whose answer was late has the
 * next one begin again with the trial. */
#include "isolation/microvm.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "isolation/boot.h"
#include "isolation/firecracker.h"
#include "isolation/qemu.h"
#include "isolation/spawn.h"
#include "isolation/worker/lockin.h"
#include "isolation/worker/monitor.h"
#include "snapshot/slice.h"

#define REAP_MS 2000 /* for the keeper to clean up */
/* How late an answer may be: a machine is slower to end a run, and slow to replace. */
#define GRACE_NS UINT64_C(250000000)
/* What Firecracker may take to listen, and to be told of the machine. */
#define DESCRIBE_NS UINT64_C(10000000000)
/* How long the first machine on KVM has for itself: most take less.  Then an emulated one is
 * started beside it, and one of both is to speak. */
#define HEAD_START_NS UINT64_C(500000000)
#define PROOF_NS      UINT64_C(10000000000)
/* Of the monitor: what it maps beside the machine's memory, and what it may write, which is its
 * complaints. */
#define MONITOR_MIB   UINT64_C(2048)
#define MONITOR_WRITE (64u << 10)
/* What it may hold in memory where a control group can bound that, beside the machine's: code that
 * it has translated, and its own. */
#define MONITOR_HELD_MIB UINT64_C(256)

struct microvm {
    struct cdn_worker worker; /* first; its process is the keeper */
    int life; /* this end of Firecracker's keeper's socket; -1: the channel is that */
    struct cdn_boot *boot;
    int bounds; /* a pipe: the keeper says there what bounds the monitor */
    int slice;  /* what its disk holds; -1: nothing */
    int said;   /* what the monitor wrote to its standard error */
    bool fire;  /* the monitor is Firecracker */
    struct cdn_firecracker firecracker;
    enum cdn_accel accel;
    char monitor[PATH_MAX];
};

static void end(struct cdn_worker *worker)
{
    struct microvm *microvm = (struct microvm *)(void *)worker;
    int most_ms = worker->channel.fd >= 0 ? REAP_MS : 0;

    if (worker->late && microvm->accel == CDN_ACCEL_KVM)
        cdn_qemu_doubt_kvm();
    cdn_worker_hang_up(worker);
    if (microvm->life >= 0)
        close(microvm->life);
    if (worker->process >= 0)
        (void)cdn_spawn_reap(worker->process, most_ms);
    if (microvm->said >= 0)
        close(microvm->said);
    if (microvm->bounds >= 0)
        close(microvm->bounds);
    if (microvm->slice >= 0)
        close(microvm->slice);
    if (microvm->fire)
        cdn_firecracker_deinit(&microvm->firecracker);
    cdn_boot_release(microvm->boot);
    cdn_channel_deinit(&worker->channel);
    cdn_buf_deinit(&worker->out);
    cdn_free(microvm);
}

/* The worker knows of nothing outside its machine. */
static uint32_t held(struct cdn_worker *worker)
{
    const struct microvm *microvm = (const struct microvm *)(void *)worker;
    unsigned char controllers;

    return read(microvm->bounds, &controllers, 1) == 1 ? cdn_lock_groups(controllers)
                                                       : 0;
}

/* Of a machine that did not come up: what the monitor complained of, and that KVM is not to be
 * believed in. */
static void explain(struct cdn_worker *worker, cordon_error *err)
{
    const struct microvm *microvm = (const struct microvm *)(void *)worker;
    char text[200], first[sizeof err->message];
    ssize_t got = pread(microvm->said, text, sizeof text, 0);
    size_t length = got > 0 ? (size_t)got : 0;

    if (microvm->accel == CDN_ACCEL_KVM)
        cdn_qemu_distrust_kvm();
    while (length && (text[length - 1] == '\n' || text[length - 1] == '\r'))
        length--;
    if (!length)
        return;
    snprintf(first, sizeof first, "%.600s", err->message);
    cdn_error_set(err, err->status, "%s; the monitor wrote: %.*s", first, (int)length,
                  text);
}

/* ---- what it sees ---- */

static cordon_status too_large(uint64_t bytes, cordon_error *err)
{
    return cdn_error_set(err, CORDON_E_INVALID,
                         "a machine sees at most %zu MiB, and this graph has %" PRIu64
                         "; grant less of it, or choose the wall 'container'",
                         CDN_MICROVM_SLICE_MOST >> 20, bytes >> 20);
}

/* All of a snapshot in a file, as a slice. */
static cordon_status cut(struct cdn_buf *out, const cordon_snapshot *snapshot,
                         cordon_error *err)
{
    static const struct cdn_slice_grant everything = {.everything = true};
    struct cdn_slice_how how = {.all = true,
                                .as_of_ms = INT64_MAX,
                                .max_nodes = UINT64_MAX,
                                .max_edges = UINT64_MAX};
    struct cdn_slice_plan *plan;
    cordon_status status;

    if (snapshot->file_bytes > CDN_MICROVM_SLICE_MOST)
        return too_large(snapshot->file_bytes, err);
    status = cdn_slice_plan_new(&plan, snapshot, &everything, NULL, true, err);
    if (status)
        return status;
    how.plan = plan;
    status = cdn_slice_make(out, &how, err);
    cdn_slice_plan_free(plan);
    return status;
}

/* A monitor reads zeros behind the end, up to a whole sector; they are not part of it. */
static cordon_status put_on_disk(struct microvm *microvm, const void *bytes,
                                 size_t size, cordon_error *err)
{
    return size > CDN_MICROVM_SLICE_MOST
               ? too_large(size, err)
               : cdn_kernel_seal(&microvm->slice, bytes, size, err);
}

static cordon_status give_slice(struct microvm *microvm, uint64_t *size,
                                const cordon_snapshot *snapshot, cordon_error *err)
{
    struct cdn_buf bytes = {0};
    cordon_snapshot *opened;
    cordon_status status;
    const void *slice;
    size_t slice_bytes;

    if (!snapshot)
        return CORDON_OK;
    if (cdn_snapshot_bytes(snapshot, &slice, &slice_bytes)) {
        *size = slice_bytes;
        microvm->worker.identity = snapshot->identity;
        return put_on_disk(microvm, slice, slice_bytes, err);
    }
    status = cut(&bytes, snapshot, err);
    if (!status)
        status =
            cordon_snapshot_open_slice(&opened, bytes.data, bytes.length, NULL, err);
    if (!status) {
        *size = bytes.length;
        microvm->worker.identity = opened->identity;
        cordon_snapshot_release(opened);
        status = put_on_disk(microvm, bytes.data, bytes.length, err);
    }
    cdn_buf_deinit(&bytes);
    return status;
}

/* ---- starting ---- */

/* The first of the places where it can be run. */
static bool find(char out[static PATH_MAX], const char *given,
                 const char *const places[2])
{
    const char *const one[2] = {given, NULL};
    const char *const *from = given ? one : places;

    for (int i = 0; i < 2 && from[i]; i++)
        if (!access(from[i], X_OK)) {
            snprintf(out, PATH_MAX, "%s", from[i]);
            return true;
        }
    return false;
}

/* Firecracker where it is and works, which takes KVM; one that is named is taken at its word. */
static cordon_status find_monitor(struct microvm *microvm,
                                  const struct cdn_microvm_places *places,
                                  enum cdn_accel accel, cordon_error *err)
{
    static const char *const fires[2] = {"/usr/bin/firecracker",
                                         "/usr/local/bin/firecracker"};
    static const char *const qemus[2] = {"/usr/bin/qemu-system-x86_64",
                                         "/usr/local/bin/qemu-system-x86_64"};

    microvm->fire = (places->firecracker || accel == CDN_ACCEL_KVM) && !places->qemu &&
                    find(microvm->monitor, places->firecracker, fires);
    if (microvm->fire || find(microvm->monitor, places->qemu, qemus))
        return CORDON_OK;
    return cdn_error_set(err, CORDON_E_NOTFOUND,
                         "no monitor for machines: there is no %s; install Debian's "
                         "qemu-system-x86",
                         places->qemu ? places->qemu : qemus[0]);
}

static cordon_status spawn(struct microvm *microvm, const char *worker,
                           const struct cdn_machine_plan *plan, uint64_t cpu_s,
                           int life, int bounds, cordon_error *err)
{
    struct cdn_buf words = {0};
    const struct cdn_spawn spawn = {.program = worker,
                                    .words = &words,
                                    .files = {life, bounds, microvm->boot->kernel,
                                              microvm->boot->files, microvm->slice},
                                    .file_count = microvm->slice >= 0 ? 5 : 4,
                                    .said = microvm->said};
    cordon_status status;

    cdn_spawn_word(&words, "cordon-worker");
    cdn_spawn_word(&words, CDN_WORKER_MONITOR);
    cdn_spawn_word(&words, "%u", spawn.file_count);
    cdn_spawn_word(&words, "%" PRIu64, (plan->ram_mib + MONITOR_MIB) << 20);
    cdn_spawn_word(&words, "%" PRIu64, (plan->ram_mib + MONITOR_HELD_MIB) << 20);
    cdn_spawn_word(&words, "%" PRIu64, cpu_s);
    cdn_spawn_word(&words, "%u", MONITOR_WRITE);
    cdn_spawn_word(&words, "%s", microvm->fire ? microvm->firecracker.folder : "-");
    cdn_spawn_word(&words, "%s", microvm->monitor);
    if (microvm->fire)
        cdn_firecracker_words(&words, &microvm->firecracker);
    else
        cdn_qemu_words(&words, plan);
    status = cdn_spawn(&microvm->worker.process, &spawn, err);
    cdn_buf_deinit(&words);
    return status;
}

/* Tell Firecracker of the machine; the worker in it will call. */
static cordon_status describe(struct microvm *microvm,
                              const struct cdn_machine_plan *plan, cordon_error *err)
{
    struct cdn_channel *channel = &microvm->worker.channel;
    uint64_t until_ns = cdn_clock_ns() + DESCRIBE_NS;
    cordon_error why;
    cordon_status status = cdn_firecracker_boot(&microvm->firecracker, plan,
                                                microvm->life, until_ns, &why);

    if (!status) {
        channel->fd = cdn_firecracker_listener(&microvm->firecracker);
        microvm->worker.listening = true;
        return CORDON_OK;
    }
    if (status == CORDON_E_IO) {
        /* it ended: where the keeper knows why, it says so there */
        channel->fd = microvm->life;
        microvm->life = -1;
        status = cdn_worker_greet(&microvm->worker, until_ns, &why);
    } else {
        explain(&microvm->worker, &why);
    }
    if (err)
        *err = why;
    return status;
}

static cordon_status boot(struct microvm *microvm, const char *worker,
                          const struct cdn_machine_plan *plan, uint64_t cpu_s,
                          cordon_error *err)
{
    cordon_status status = CORDON_OK;
    int ends[2], told[2];

    microvm->accel = plan->accel;
    microvm->said = memfd_create("cordon-said", MFD_CLOEXEC);
    if (microvm->said < 0 || pipe2(told, O_CLOEXEC | O_NONBLOCK))
        return cdn_error_errno(err, errno, "a machine's channel");
    microvm->bounds = told[0];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends)) {
        close(told[1]);
        return cdn_error_errno(err, errno, "a machine's channel");
    }
    if (microvm->fire) {
        microvm->life = ends[0];
        status = cdn_firecracker_init(&microvm->firecracker, err);
    } else {
        microvm->worker.channel.fd = ends[0];
    }
    if (!status)
        status = spawn(microvm, worker, plan, cpu_s, ends[1], told[1], err);
    close(ends[1]);
    close(told[1]);
    if (!status && microvm->fire)
        status = describe(microvm, plan, err);
    return status;
}

/* ---- the first on KVM ---- */

/* A machine that has been started, apart from whoever is to have it. */
struct started {
    int channel, process, said, bounds;
};

static struct started take(struct microvm *microvm)
{
    const struct started out = {microvm->worker.channel.fd, microvm->worker.process,
                                microvm->said, microvm->bounds};

    microvm->worker.channel.fd = microvm->worker.process = -1;
    microvm->said = microvm->bounds = -1;
    return out;
}

static void give(struct microvm *microvm, const struct started *started,
                 enum cdn_accel accel)
{
    microvm->worker.channel.fd = started->channel;
    microvm->worker.process = started->process;
    microvm->said = started->said;
    microvm->bounds = started->bounds;
    microvm->accel = accel;
}

static void discard(const struct started *started)
{
    const int files[] = {started->channel, started->said, started->bounds};

    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (files[i] >= 0)
            close(files[i]);
    if (started->process >= 0)
        (void)cdn_spawn_reap(started->process, REAP_MS);
}

enum voice { SILENT, SPEAKS, ENDED };

static enum voice voice(int channel)
{
    char first;
    ssize_t got = recv(channel, &first, 1, MSG_PEEK | MSG_DONTWAIT);

    if (got > 0)
        return SPEAKS;
    return got == 0 || (errno != EAGAIN && errno != EINTR) ? ENDED : SILENT;
}

/* Wait for any of the channels, of which -1 is none, to speak or end. */
static void await_any(int one, int other, uint64_t until_ns)
{
    struct pollfd ends[2] = {{.fd = one, .events = POLLIN},
                             {.fd = other, .events = POLLIN}};
    uint64_t now_ns = cdn_clock_ns();

    if (until_ns > now_ns)
        (void)poll(ends, 2, (int)((until_ns - now_ns) / 1000000) + 1);
}

/* Beside one on KVM that is silent an emulated one has been started; the first to speak is it,
 * and what comes of that holds for all after it. */
static void have_first(struct microvm *microvm, const struct started *on_kvm)
{
    uint64_t until_ns = cdn_clock_ns() + PROOF_NS;
    enum voice kvm = SILENT, emulated = SILENT;
    struct started loser = *on_kvm;

    while (kvm == SILENT && emulated == SILENT && cdn_clock_ns() < until_ns) {
        await_any(on_kvm->channel, microvm->worker.channel.fd, until_ns);
        emulated = voice(microvm->worker.channel.fd);
        kvm = voice(on_kvm->channel);
    }
    if (kvm == SPEAKS) {
        loser = take(microvm);
        give(microvm, on_kvm, CDN_ACCEL_KVM);
        cdn_qemu_trust_kvm();
    } else {
        cdn_qemu_distrust_kvm();
    }
    discard(&loser);
}

/* The first machine on KVM of a process is waited for.  One that ends, or has not spoken within
 * what it mostly takes, has an emulated one started in its place, or beside it. */
static cordon_status prove_kvm(struct microvm *microvm, const char *worker,
                               struct cdn_machine_plan *plan, uint64_t cpu_s,
                               cordon_error *err)
{
    uint64_t until_ns = cdn_clock_ns() + HEAD_START_NS;
    enum voice first;
    struct started on_kvm;
    cordon_status status;

    while ((first = voice(microvm->worker.channel.fd)) == SILENT &&
           cdn_clock_ns() < until_ns)
        await_any(microvm->worker.channel.fd, -1, until_ns);
    if (first == SPEAKS) {
        cdn_qemu_trust_kvm();
        return CORDON_OK;
    }
    on_kvm = take(microvm);
    if (first == ENDED) {
        cdn_qemu_distrust_kvm();
        discard(&on_kvm);
    }
    plan->accel = CDN_ACCEL_EMULATION;
    status = boot(microvm, worker, plan, cpu_s, err);
    if (first == SILENT && !status)
        have_first(microvm, &on_kvm);
    else if (first == SILENT)
        discard(&on_kvm);
    return status;
}

static struct cdn_boot_places boot_places(const struct cdn_microvm_places *places)
{
    return (struct cdn_boot_places){places->boot ? places->boot : "/boot",
                                    places->modules ? places->modules : "/lib/modules"};
}

static cordon_status make(struct microvm *microvm,
                          const struct cdn_microvm_places *places,
                          const struct cdn_wall_options *options,
                          const cordon_snapshot *snapshot, cordon_error *err)
{
    const struct cdn_boot_places where = boot_places(places);
    struct cdn_machine_plan plan = {.image_bytes = options->image_bytes,
                                    .memory_bytes = options->memory_bytes,
                                    .accel = cdn_qemu_accel(options->program)};
    char inside[PATH_MAX];
    cordon_status status;

    if (snprintf(inside, sizeof inside, "%s-static", options->program) >=
        (int)sizeof inside)
        return cdn_error_set(err, CORDON_E_INVALID, "the worker's path is too long");
    status = find_monitor(microvm, places, plan.accel, err);
    if (!status)
        status = cdn_boot_take(
            &microvm->boot, inside, &where,
            microvm->fire ? cdn_firecracker_modules : cdn_qemu_modules, err);
    if (!status)
        status = give_slice(microvm, &plan.slice_bytes, snapshot, err);
    if (status)
        return status;
    plan.ram_mib = cdn_machine_ram(plan.slice_bytes);
    plan.module_count = microvm->boot->module_count;
    status = boot(microvm, options->program, &plan, options->cpu_s, err);
    if (!status && plan.accel == CDN_ACCEL_KVM && !microvm->fire &&
        !cdn_qemu_trusts_kvm())
        status = prove_kvm(microvm, options->program, &plan, options->cpu_s, err);
    return status;
}

cordon_status cdn_microvm_spawn_at(struct cdn_worker **out,
                                   const struct cdn_microvm_places *places,
                                   const struct cdn_wall_options *options,
                                   const cordon_snapshot *snapshot, cordon_error *err)
{
    struct microvm *microvm = cdn_calloc(1, sizeof *microvm);
    cordon_status status;

    *out = NULL;
    if (!microvm)
        return cdn_error_nomem(err);
    microvm->slice = microvm->said = microvm->bounds = microvm->life = -1;
    microvm->firecracker.listener = -1;
    cdn_channel_init(&microvm->worker.channel, CDN_CHANNEL_HOST, -1, NULL);
    microvm->worker.end = end;
    microvm->worker.explain = explain;
    microvm->worker.held = held;
    microvm->worker.process = -1;
    microvm->worker.grace_ns = GRACE_NS;
    microvm->worker.load = options->load;
    status = make(microvm, places, options, snapshot, err);
    if (status)
        end(&microvm->worker);
    else
        *out = &microvm->worker;
    return status;
}

static const struct cdn_microvm_places installed = {0};

cordon_status cdn_microvm_spawn(struct cdn_worker **out,
                                const struct cdn_wall_options *options,
                                const cordon_snapshot *snapshot, cordon_error *err)
{
    return cdn_microvm_spawn_at(out, &installed, options, snapshot, err);
}

void cdn_microvm_describe(char *out, size_t size, const char *worker)
{
    const struct cdn_boot_places where = boot_places(&installed);
    enum cdn_accel accel = cdn_qemu_accel(worker);
    struct microvm microvm = {0};
    struct cdn_kernel kernel;
    char version[32] = "";

    if (find_monitor(&microvm, &installed, accel, NULL) ||
        cdn_kernel_find(&kernel, where.boot, where.modules, cdn_qemu_modules, NULL)) {
        snprintf(out, size, "-");
        return;
    }
    if (!microvm.fire)
        cdn_qemu_version(version, microvm.monitor);
    snprintf(out, size, "%s%s%s, %s, Linux %s", microvm.fire ? "Firecracker" : "QEMU",
             version[0] ? " " : "", version,
             accel == CDN_ACCEL_KVM ? "on KVM" : "emulated", kernel.version);
}
