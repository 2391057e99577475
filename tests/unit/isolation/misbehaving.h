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
    ESCAPE_FORK,
    ESCAPE_DESCRIPTOR,
    ESCAPE_MEMORY_DESCRIPTOR,
    ESCAPE_SLEEP,
    ESCAPE_READ_HOST,
    ESCAPES_END,
    /* no escapes: what it may do, within its bounds */
    HOLD_MEMORY, /* HELD_MIB of its own */
    READ_FILE    /* all of LARGE_FILE, which it had mapped before it was locked in */
};

enum { HELD_MIB = 48, LARGE_MIB = 96 };

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
    LIE_FORK,
    LIE_DESCRIPTORS,
    LIE_RING,     /* a bell with nothing behind it */
    LIE_SCRIBBLE, /* over all of the shared area, again and again */
    LIE_TRACE,    /* of a run that nobody asked to trace */
    LIE_SILENCE,  /* from here on only time ends it */
    LIE_HALF,
    LIE_SLEEP,
    LIE_AWAKE, /* it says that it looks at its bell, and does not */
    LIES_END,
    HONEST, /* what it answers, but not what it then says that it noted */
    HONEST_END = HONEST + 3,
    /* Of a file called "lie:N" that it is to read, beside those above. */
    LIE_OF_A_FILE = 500,
    READ_NO_CONTRACT = LIE_OF_A_FILE, /* bytes that are none */
    READ_OTHER,                       /* the contract of a rule called "liar" */
    READ_UNSORTED,
    READ_TWICE, /* a key of a map stands twice in it */
    READ_CUT,   /* a value that ends too soon */
    READ_KEYS,  /* a map's key that is a list */
    READ_NO_IMAGE,
    READ_LARGE_IMAGE,
    READ_TYPE, /* a Lua type that there is not */
    READ_TABLE,
    READ_LIES_END,
    /* No lie: send every byte of memory that can be read, as it is, and exit. */
    LIE_DUMP = 1000
};

#endif
