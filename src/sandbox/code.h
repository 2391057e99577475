/* Which lines of a text have code, and between which of them it branches.
 *
 * What coverage is measured against: what could have run, whether or not it did.  LuaJIT itself
 * is asked: the text is compiled in a slot of its own and dumped, and the dump's line numbers
 * and jumps are read, those of functions that nobody ever calls too.  The numbers of the
 * instructions that branch are learnt from lines of known meaning each time, so that another
 * build is understood or has no branches (`known` is false), never wrong ones.
 *
 * Only functions count: what the chunk itself does, a rule's contract, it does when the rule is
 * loaded, not when it is evaluated. */
#ifndef CDN_SANDBOX_CODE_H
#define CDN_SANDBOX_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cordon/error.h>

/* A branch: from this line execution goes on to one of `to_count` >= 2 others.  Branches that
 * stay within a line (`a and b or c`) are not told apart. */
struct cdn_branch {
    uint32_t from;
    uint32_t to_count;
    uint32_t first; /* in `targets` */
};

struct cdn_code {
    uint32_t count;        /* of the text, empty ones included */
    unsigned char *active; /* by line, 0 to count: 1 if it has code */
    bool known;            /* branches are known */
    uint32_t branch_count; /* by line */
    struct cdn_branch *branches;
    uint32_t target_count;
    uint32_t *targets; /* of each branch, ascending */
};

/* Ownership: *out is the caller's to cdn_code_deinit(), on failure too.
 * Errors: CORDON_E_RULE the text does not compile, CORDON_E_NOMEM. */
cordon_status cdn_code_read(struct cdn_code *out, const char *source, size_t bytes,
                            const char *file, cordon_error *err);
void cdn_code_deinit(struct cdn_code *code);

/* Where the line behind the one that begins at `at` begins, as LuaJIT counts them: \n, \r, \r\n
 * and \n\r each end one.  NULL: there is none any more. */
const char *cdn_code_next_line(const char *at, const char *end);
/* How many lines a text has, the one behind its last line's end included. */
uint32_t cdn_code_lines(const char *source, size_t bytes);

/* The branch at a line; NULL: there is none. */
const struct cdn_branch *cdn_code_branch(const struct cdn_code *code, uint32_t line);

#endif
