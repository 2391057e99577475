/* The keeper of a machine: the process that the host starts, which starts the machine's monitor
 * (QEMU, Firecracker), locked in as far as a monitor can be, and outlives it.
 *
 *     cordon-worker monitor FILES ROOM_BYTES HELD_BYTES CPU_S WRITE_BYTES FOLDER PROGRAM NAME
 *                           ARGUMENT...
 *
 * FOLDER, or -, is one of sockets, which goes with the monitor.
 * Descriptor 3 is the channel, whose host's end being closed ends everything; 4 is
 * a pipe into which the keeper says in one byte which bounds of a control group hold the monitor
 * (enum cdn_cgroup_controller); HELD_BYTES is what it may hold there.  The channel and what comes
 * after the pipe, FILES descriptors in all, are the monitor's too.  What goes wrong before the monitor runs is said as a frame on the
 * channel, as a worker says it (start.h).
 *
 *     cordon-worker kvm
 *
 * tries whether this machine's KVM runs a guest, quicker than an emulated machine would be, and
 * exits with 0 if so (kvm.c).  It may hang in the kernel; whoever starts it kills it. */
#ifndef CDN_WORKER_MONITOR_H
#define CDN_WORKER_MONITOR_H

#define CDN_WORKER_MONITOR "monitor"
#define CDN_WORKER_KVM     "kvm"

/* How folders of sockets begin, and what may be in one. */
#define CDN_MONITOR_FOLDER "/dev/shm/cordon-machine-"
#define CDN_MONITOR_API    "api"
#define CDN_MONITOR_VSOCK  "vsock"
#define CDN_MONITOR_CALLED "vsock_1024" /* CDN_MACHINE_VSOCK_PORT */

int cdn_monitor_start(int argc, char **argv);
int cdn_kvm_try(void);

#endif
