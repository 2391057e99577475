/* QEMU's command line.
 *
 * The machine's devices are found by ACPI, since Debian's kernel takes none from its command
 * line.  With ACPI of this reduced kind the kernel does not look at the old timer and interrupt
 * controller, so they are left out; the clock chip stays, which it waits for in vain if it is
 * not there, for seconds.
 *
 * What makes an emulated machine quick to start, most of all first: the kernel as the ELF file it
 * is (kernel.h), which need not unpack itself; no tests of its own cryptography, no tracing, no
 * signatures of modules to be checked, which this side has read from where the kernel came from;
 * no mitigations of what an emulated processor does not do. */
#include "isolation/qemu.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "isolation/spawn.h"
#include "isolation/worker/machine.h"
#include "isolation/worker/monitor.h"

#define KVM_TRIAL_MS     1000
#define VERSION_TRIAL_MS 5000

const char *const cdn_qemu_modules[] = {"virtio_mmio", "virtio_console", "virtio_blk",
                                        NULL};

uint64_t cdn_machine_ram(uint64_t slice_bytes)
{
    enum { BASE_MIB = 192 };

    return BASE_MIB + ((slice_bytes + slice_bytes / 4) >> 20);
}

/* The rate of this processor's counter, which an emulated one shows. */
static uint64_t counter_khz(void)
{
    const uint64_t ticks = UINT64_C(1) << 40;

    cdn_ticks_init();
    return (uint64_t)((double)ticks / (double)cdn_ticks_to_ns(ticks) * 1e6);
}

/* What a kernel sets up for whoever debugs it, or does not trust what started it: names are
 * those of Linux 6.1, and one that it does not know is nothing to it. */
#define LEFT_OUT                                                                       \
    "initcall_blacklist=init_kprobe_trace,trace_eval_init,tracer_init_tracefs,"        \
    "bpf_rstat_kfunc_init,cubictcp_register,slab_sysfs_init,crypto_kdf108_init,"       \
    "load_system_certificate_list"

void cdn_machine_kernel_line(struct cdn_buf *out, const struct cdn_machine_plan *plan,
                             const char *channel)
{
    /* It says nothing; when its program ends, or it finds itself broken, it stops at once, which
     * ends the machine (-no-reboot). */
    cdn_buf_text(out,
                 "quiet loglevel=0 panic=-1 reboot=t nowatchdog audit=0 apparmor=0 "
                 "ipv6.disable=1 random.trust_cpu=on tsc=reliable no_timer_check "
                 "cryptomgr.notests " LEFT_OUT);
    /* An emulated processor foresees nothing that could be listened to; its counter is this
     * one's, and there is nothing in the machine to measure it by. */
    if (plan->accel == CDN_ACCEL_EMULATION)
        cdn_buf_printf(out,
                       " mitigations=off rcupdate.rcu_cpu_stall_suppress=1 "
                       "tsc_early_khz=%" PRIu64,
                       counter_khz());
    cdn_buf_printf(out,
                   " -- " CDN_WORKER_MACHINE " %s %" PRIu64 " %" PRIu64 " %" PRIu64
                   " %" PRIu32,
                   channel, plan->slice_bytes, plan->image_bytes, plan->memory_bytes,
                   plan->module_count);
}

/* Float functions of the C library choose their code by what the processor can do, and the
 * last bit of some differs by that: an emulated one can do what this one can. */
static const char *processor(enum cdn_accel accel)
{
#if defined(__x86_64__)
    if (accel == CDN_ACCEL_KVM)
        /* a register that virtual machines may not set, and that QEMU would give up over; without
         * it the kernel takes all precautions */
        return "host,arch-capabilities=off";
    if (!__builtin_cpu_supports("avx2"))
        return "max,avx=off,avx2=off,fma=off";
    return __builtin_cpu_supports("fma") ? "max" : "max,fma=off";
#else
    (void)accel;
    return "max";
#endif
}

void cdn_qemu_words(struct cdn_buf *out, const struct cdn_machine_plan *plan)
{
    struct cdn_buf line = {0};

    cdn_machine_kernel_line(&line, plan, CDN_MACHINE_PORT);
    cdn_spawn_word(out, "qemu-system-x86_64");
    cdn_spawn_word(out, "-nodefaults");
    cdn_spawn_word(out, "-no-user-config");
    cdn_spawn_word(out, "-no-reboot");
    cdn_spawn_word(out, "-display");
    cdn_spawn_word(out, "none");
    cdn_spawn_word(out, "-sandbox");
    cdn_spawn_word(out, "on,obsolete=deny,elevateprivileges=deny,spawn=deny,"
                        "resourcecontrol=deny");
    cdn_spawn_word(out, "-machine");
    cdn_spawn_word(out, "microvm,acpi=on,rtc=on,pit=off,pic=off,isa-serial=off,"
                        "x-option-roms=off");
    cdn_spawn_word(out, "-accel");
    cdn_spawn_word(out, plan->accel == CDN_ACCEL_KVM ? "kvm" : "tcg,tb-size=64");
    cdn_spawn_word(out, "-cpu");
    cdn_spawn_word(out, "%s", processor(plan->accel));
    cdn_spawn_word(out, "-smp");
    cdn_spawn_word(out, "1");
    cdn_spawn_word(out, "-m");
    cdn_spawn_word(out, "%" PRIu64 "M", plan->ram_mib);
    cdn_spawn_word(out, "-kernel");
    cdn_spawn_word(out, "/proc/self/fd/%d", CDN_MONITOR_KERNEL);
    cdn_spawn_word(out, "-initrd");
    cdn_spawn_word(out, "/proc/self/fd/%d", CDN_MONITOR_FILES);
    cdn_spawn_word(out, "-append");
    cdn_spawn_word(out, "%s", line.data ? (const char *)line.data : "");
    cdn_spawn_word(out, "-global");
    cdn_spawn_word(out, "virtio-mmio.force-legacy=false");
    cdn_spawn_word(out, "-chardev");
    cdn_spawn_word(out, "socket,id=channel,fd=%d", CDN_MONITOR_CHANNEL);
    cdn_spawn_word(out, "-device");
    cdn_spawn_word(out, "virtio-serial-device,max_ports=2");
    cdn_spawn_word(out, "-device");
    cdn_spawn_word(out, "virtserialport,chardev=channel,nr=1");
    if (plan->slice_bytes) {
        cdn_spawn_word(out, "-blockdev");
        cdn_spawn_word(out,
                       "driver=raw,node-name=slice,read-only=on,file.driver=file,"
                       "file.filename=/proc/self/fd/%d,file.locking=off",
                       CDN_MONITOR_SLICE);
        cdn_spawn_word(out, "-device");
        cdn_spawn_word(out, "virtio-blk-device,drive=slice");
    }
    if (line.failed)
        out->failed = true;
    cdn_buf_deinit(&line);
}

/* ---- KVM ---- */

enum { UNKNOWN, GOOD, BAD, PROVEN };

static atomic_int kvm; /* what was found, once; UNKNOWN before */

enum cdn_accel cdn_qemu_accel(const char *worker)
{
    int known = atomic_load(&kvm);
    struct cdn_buf words = {0};
    int child;

    if (known == UNKNOWN) {
        const struct cdn_spawn spawn = {.program = worker, .words = &words, .said = -1};

        cdn_spawn_word(&words, "cordon-worker");
        cdn_spawn_word(&words, CDN_WORKER_KVM);
        known = BAD;
        if (!cdn_spawn(&child, &spawn, NULL) &&
            cdn_spawn_reap(child, KVM_TRIAL_MS) == 0)
            known = GOOD;
        if (!words.failed) /* else it was not tried */
            atomic_store(&kvm, known);
        cdn_buf_deinit(&words);
    }
    return known == GOOD || known == PROVEN ? CDN_ACCEL_KVM : CDN_ACCEL_EMULATION;
}

void cdn_qemu_distrust_kvm(void)
{
    atomic_store(&kvm, BAD);
}

void cdn_qemu_doubt_kvm(void)
{
    int proven = PROVEN;

    (void)atomic_compare_exchange_strong(&kvm, &proven, UNKNOWN);
}

void cdn_qemu_trust_kvm(void)
{
    int good = GOOD;

    (void)atomic_compare_exchange_strong(&kvm, &good, PROVEN);
}

bool cdn_qemu_trusts_kvm(void)
{
    return atomic_load(&kvm) == PROVEN;
}

/* ---- its version ---- */

void cdn_qemu_version(char out[static 32], const char *qemu)
{
    static const char before[] = "version ";
    struct cdn_buf words = {0};
    int said = memfd_create("cordon-said", MFD_CLOEXEC);
    const struct cdn_spawn spawn = {.program = qemu, .words = &words, .said = said};
    char text[256] = "";
    const char *at;
    int child;

    out[0] = '\0';
    cdn_spawn_word(&words, "qemu-system-x86_64");
    cdn_spawn_word(&words, "--version");
    if (said >= 0 && !cdn_spawn(&child, &spawn, NULL) &&
        cdn_spawn_reap(child, VERSION_TRIAL_MS) == 0 &&
        pread(said, text, sizeof text - 1, 0) > 0 && (at = strstr(text, before))) {
        at += strlen(before);
        snprintf(out, 32, "%.*s", (int)strspn(at, "0123456789."), at);
    }
    if (said >= 0)
        close(said);
    cdn_buf_deinit(&words);
}
