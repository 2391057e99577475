/* What the monitor that is none can be asked to do, by the number it is told as a rule's most
 * bytes: it gets no other word from who starts it. */
#ifndef CORDON_TESTS_ISOLATION_FAKE_MONITOR_H
#define CORDON_TESTS_ISOLATION_FAKE_MONITOR_H

enum {
    FAKE_SERVE = 1 << 20, /* a machine that works; a slot's image may be of that size */
    FAKE_SLOW_KVM,        /* one that works, but not on KVM, where it says nothing */
    FAKE_LATE_KVM,        /* one that works on KVM after a while, and else not at all */
    FAKE_HANG = 1,
    FAKE_FAIL, /* complain and end */
    FAKE_JUNK,
    FAKE_OTHER_SNAPSHOT,
    FAKE_OTHER_VERSION,
    FAKE_LOOK,    /* say what it is and has */
    FAKE_REFUSE,  /* Firecracker's: answer the second request with 400 */
    FAKE_NO_HTTP, /* Firecracker's: answer with no end of something else */
    FAKE_NO_CALL  /* Firecracker's: take all requests, and then nothing happens */
};

#endif
