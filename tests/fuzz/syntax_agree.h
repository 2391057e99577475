/* The parser of lint/ held against LuaJIT's own, and the tree it makes against its rules. */
#ifndef CORDON_TESTS_SYNTAX_AGREE_H
#define CORDON_TESTS_SYNTAX_AGREE_H

#include <stdbool.h>
#include <stddef.h>

struct syntax_verdict {
    bool shown; /* LuaJIT was asked: the sandbox's token check let the source through */
    bool accepted;   /* by our parser */
    char fault[400]; /* in what they differ, or what is wrong with the tree; else "" */
};

/* Parse a source in both.  Where LuaJIT meets a limit of its virtual machine (registers,
 * locals, jumps) it has no say. */
void syntax_agree(struct syntax_verdict *out, const char *source, size_t bytes);
/* Release what is kept between calls. */
void syntax_agree_end(void);

#endif
