/* Conditions on property values, compiled against one column and run over runs of it.
 *
 * Every comparison that can be is turned into a range of integers (int64, timestamp,
 * bool, dictionary index), so that a kept edge costs one subtraction and one compare
 * without a branch.  Null never matches, not even "~=". */
#ifndef CDN_GRAPH_FILTER_H
#define CDN_GRAPH_FILTER_H

#include "graph/set.h"

struct cdn_reach;

enum cdn_test_form {
    CDN_TEST_NOTHING, /* matches no value */
    CDN_TEST_INT64,
    CDN_TEST_UINT32,
    CDN_TEST_BOOL,
    CDN_TEST_FLOAT64,
    CDN_TEST_TEXT
};

struct cdn_test {
    enum cdn_test_form form;
    enum cdn_compare compare;
    const struct cdn_column *column;
    int32_t number; /* of the column in its relation or label */
    bool negate;    /* of the integer forms: keep what is outside the range */
    int64_t low; /* integer forms: what is stored of the value, less low, unsigned, */
    uint64_t width; /* is at most this */
    double value;
    const char *text;
    uint32_t bytes;
};

/* Compile a condition for a column; column NULL (number CDN_COLUMN_ABSENT): it matches
 * nothing.  False: the column's dictionary is damaged. */
bool cdn_test_compile(struct cdn_test *out, const struct cdn_column *column,
                      int32_t number, const struct cdn_operation *condition);

/* Does one value match?  Sets *damaged if it cannot be read. */
bool cdn_test_cell(const struct cdn_test *test, const struct cdn_column *column,
                   uint32_t block, uint32_t index, bool *damaged);

/* Positions first .. first + count - 1 of a list that match, into `select` (room for
 * `count`); returns how many. */
uint32_t cdn_test_run(const struct cdn_test *test, const struct cdn_reach *reach,
                      uint32_t first, uint32_t count, uint32_t *select, bool *damaged);

/* Keep those of `count` positions in `select` that match. */
uint32_t cdn_test_refine(const struct cdn_test *test, const struct cdn_reach *reach,
                         uint32_t *select, uint32_t count, bool *damaged);

/* Can cdn_test_take() do it?  On a column whose values lie in the list's own order and are
 * never null. */
static inline bool cdn_test_takes(const struct cdn_test *test)
{
    return (test->form == CDN_TEST_INT64 || test->form == CDN_TEST_FLOAT64) &&
           test->column->values && !test->column->present;
}

/* take.c.  Positions first .. first + count - 1 of a list whose values, as the column stores
 * them, are at `values` that match:
 * put in ascending order, from out[0] on, or backward, up to out[count - 1]; up to `count`
 * words of `out` are written.  Returns how many match. */
uint32_t cdn_test_take(const struct cdn_test *test, const void *values, uint32_t first,
                       uint32_t count, bool backward, uint32_t *out);

/* May a property of this type be compared so?  NULL, or what it can be compared with.
 */
const char *cdn_test_objection(const struct cdn_property *property,
                               const struct cdn_operation *condition);

/* How an operator is written, "<=", and back; false: it is none. */
extern const char *const cdn_compare_signs[CDN_COMPARE_GE + 1];
bool cdn_compare_parse(enum cdn_compare *out, const char *text, size_t bytes);

/* A decimal int64, all of the text. */
bool cdn_parse_int64(int64_t *out, const char *text, size_t bytes);

#endif
