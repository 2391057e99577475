/* Trying KVM.
 *
 * Some machines that are virtual themselves have a /dev/kvm that runs guests, and takes a hundred
 * times as long for what starting a kernel consists of.  A machine on it may even come up, and then
 * not answer.  So a guest does a little of each such thing, in the mode that a kernel runs in:
 *
 *   instructions   two million, which take a millisecond unless each is interpreted
 *   pages          2,048 that are touched first, of which each is a fault of the host's
 *   translations   1,000 that are changed and used, with all others forgotten in between
 *   ports          200 writes, each of which ends at the program that runs the guest
 *
 * Where KVM works all of it takes ten milliseconds, and less than a hundred where it is itself in
 * a virtual machine that is fit for it.  A kernel's start has some twenty times as much of it: what
 * takes more than TRIAL_US here would be slower than an emulated one.  Processor time is what
 * counts, so that a machine that has other work to do does not lose its KVM over that; the guest's
 * is this process's.  That the trial takes no time at all, and hangs, is seen by the clock. */
#include <fcntl.h>
#include <linux/kvm.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/time.h>

#include "isolation/worker/monitor.h"

#define TRIAL_US 200000
#define HANGS_US 700000

enum {
    ROOM_BYTES = 32 << 20,
    LARGE_BYTES = 2 << 20,
    /* tables of translations: each address is its own, in pages of 2 MiB, but for the second of
     * those, which is in pages of 4 KiB */
    TOP = 0x1000,
    UPPER = 0x2000,
    LOWER = 0x3000,
    LOWEST = 0x4000,
    CODE = 0x8000,
    PORT = 0x80,
    PORTS = 200
};

static const unsigned char code[] = {
    0xb9, 0x80,  0x84, 0x1e, 0x00,             /*     mov ecx, 2000000 */
    0xff, 0xc9,                                /* 1:  dec ecx */
    0x75, 0xfc,                                /*     jnz 1 */
    0xbf, 0x00,  0x00, 0x80, 0x00,             /*     mov edi, 8 MiB */
    0xb9, 0x00,  0x08, 0x00, 0x00,             /*     mov ecx, 2048 */
    0x88, 0x0f,                                /* 2:  mov [rdi], cl */
    0x81, 0xc7,  0x00, 0x10, 0x00, 0x00,       /*     add edi, 4096 */
    0xff, 0xc9,                                /*     dec ecx */
    0x75, 0xf4,                                /*     jnz 2 */
    0xb9, 0xe8,  0x03, 0x00, 0x00,             /*     mov ecx, 1000 */
    0x81, 0x34,  0x25, 0x00, 0x40, 0x00, 0x00, /* 3:  xor dword [LOWEST], 0x1000 */
    0x00, 0x10,  0x00, 0x00,                   /* */
    0x0f, 0x01,  0x3c, 0x25, 0x00, 0x00, 0x20, 0x00, /*     invlpg [2 MiB] */
    0x88, 0x0c,  0x25, 0x00, 0x00, 0x20, 0x00,       /*     mov [2 MiB], cl */
    0x0f, 0x20,  0xd8,                               /*     mov rax, cr3 */
    0x0f, 0x22,  0xd8,                               /*     mov cr3, rax */
    0xff, 0xc9,                                      /*     dec ecx */
    0x75, 0xdc,                                      /*     jnz 3 */
    0xb9, PORTS, 0x00, 0x00, 0x00,                   /*     mov ecx, PORTS */
    0xe6, PORT,                                      /* 4:  out PORT, al */
    0xff, 0xc9,                                      /*     dec ecx */
    0x75, 0xfa,                                      /*     jnz 4 */
    0xf4,                                            /*     hlt */
};

static void put(unsigned char *room, uint64_t at, uint64_t entry)
{
    memcpy(room + at, &entry, sizeof entry);
}

static void fill(unsigned char *room)
{
    enum { PRESENT = 1, WRITABLE = 2, LARGE = 0x80, ENTRIES = 512 };
    const uint64_t table = PRESENT | WRITABLE;

    put(room, TOP, UPPER | table);
    put(room, UPPER, LOWER | table);
    for (uint64_t i = 0; i < ROOM_BYTES / LARGE_BYTES; i++)
        put(room, LOWER + 8 * i, i * LARGE_BYTES | table | LARGE);
    put(room, LOWER + 8, LOWEST | table);
    for (uint64_t i = 0; i < ENTRIES; i++)
        put(room, LOWEST + 8 * i, (LARGE_BYTES + i * 4096) | table);
    memcpy(room + CODE, code, sizeof code);
}

/* Long mode, as a kernel has it; no interrupt comes, and no exception is looked up. */
static void enter_long_mode(struct kvm_sregs *special)
{
    enum { CR0_PE = 1, CR0_ET = 1 << 4, CR0_NE = 1 << 5, CR0_WP = 1 << 16 };
    enum { CR4_PAE = 1 << 5, EFER_LME = 1 << 8, EFER_LMA = 1 << 10 };
    const struct kvm_segment flat = {.limit = 0xffffffff, .present = 1, .s = 1, .g = 1};

    special->cs = special->ds = special->es = special->ss = flat;
    special->cs.selector = 8;
    special->cs.type = 11;
    special->cs.l = 1;
    special->ds.selector = special->es.selector = special->ss.selector = 16;
    special->ds.type = special->es.type = special->ss.type = 3;
    special->ds.db = special->es.db = special->ss.db = 1;
    special->cr3 = TOP;
    special->cr4 = CR4_PAE;
    special->cr0 = UINT64_C(1) << 31 | CR0_PE | CR0_ET | CR0_NE | CR0_WP;
    special->efer = EFER_LME | EFER_LMA;
}

/* A processor of a new machine, about to begin; NULL: KVM does not give us one. */
static struct kvm_run *make_machine(int *processor)
{
    struct kvm_userspace_memory_region memory = {.memory_size = ROOM_BYTES};
    const struct kvm_regs registers = {.rflags = 2, .rip = CODE};
    int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC), machine, run_bytes;
    struct kvm_sregs special;
    void *room, *state;

    if (kvm < 0 || ioctl(kvm, KVM_GET_API_VERSION, 0) != KVM_API_VERSION)
        return NULL;
    machine = ioctl(kvm, KVM_CREATE_VM, 0);
    run_bytes = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
    room = mmap(NULL, ROOM_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                -1, 0);
    if (machine < 0 || run_bytes < (int)sizeof(struct kvm_run) || room == MAP_FAILED)
        return NULL;
    (void)madvise(room, ROOM_BYTES, MADV_NOHUGEPAGE);
    fill(room);
    memory.userspace_addr = (uint64_t)(uintptr_t)room;
    if (ioctl(machine, KVM_SET_USER_MEMORY_REGION, &memory))
        return NULL;
    *processor = ioctl(machine, KVM_CREATE_VCPU, 0);
    if (*processor < 0 || ioctl(*processor, KVM_GET_SREGS, &special))
        return NULL;
    enter_long_mode(&special);
    if (ioctl(*processor, KVM_SET_SREGS, &special) ||
        ioctl(*processor, KVM_SET_REGS, &registers))
        return NULL;
    state = mmap(NULL, (size_t)run_bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
                 *processor, 0);
    return state == MAP_FAILED ? NULL : state;
}

int cdn_kvm_try(void)
{
    const struct itimerval slow = {.it_value = {.tv_usec = TRIAL_US}};
    const struct itimerval hangs = {.it_value = {.tv_usec = HANGS_US}};
    const struct kvm_run *state;
    int processor;

    if (setitimer(ITIMER_PROF, &slow, NULL) || setitimer(ITIMER_REAL, &hangs, NULL))
        return 1;
    state = make_machine(&processor);
    if (!state)
        return 1;
    for (int i = 0; i < PORTS; i++)
        if (ioctl(processor, KVM_RUN, 0) || state->exit_reason != KVM_EXIT_IO ||
            state->io.port != PORT)
            return 1;
    return ioctl(processor, KVM_RUN, 0) || state->exit_reason != KVM_EXIT_HLT;
}
