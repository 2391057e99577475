/* What the worker that misbehaves can be asked to do. */
#ifndef CORDON_TESTS_ISOLATION_MISBEHAVING_H
#define CORDON_TESTS_ISOLATION_MISBEHAVING_H

enum {
    ESCAPE_MAP_CODE = 4096,
    ESCAPE_MAKE_CODE,
    ESCAPE_MAP_FILE,
    ESCAPE_SEND_ELSEWHERE,
    ESCAPE_SEND_DESCRIPTORS,
    ESCAPE_OPEN,
    ESCAPE_SOCKET,
    ESCAPE_SIGNAL_PARENT,
    ESCAPE_PROGRAM,
    ESCAPE_CHILD,
    ESCAPE_NAMESPACE,
    ESCAPES_END
};

enum {
    LIE_NO_FRAME = 1,
    LIE_HUGE,
    LIE_OUTSIDE_AREA,
    LIE_OUT_OF_TURN,
    LIE_JUNK,
    LIE_EXIT,
    LIE_CRASH,
    LIE_MEMORY,
    LIE_FLOOD,
    LIE_FAILED,
    LIE_DECISION,
    LIE_USAGE,
    LIE_CONTRADICTION,
    LIE_SILENCE, /* from here on only time ends it */
    LIE_HALF,
    LIES_END,
    /* Not a lie: send every byte of memory that can be read, as it is, and exit. */
    LIE_DUMP = 1000
};

#endif
