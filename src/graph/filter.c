/* Conditions: see filter.h.
 *
 * The kernels write every candidate's position and step past it only if it matches: no
 * branch to mispredict, about a nanosecond an edge.  Text in heaps is compared one by
 * one. */
#include "graph/filter.h"

#include <math.h>
#include <string.h>

#include "graph/scan.h"

const char *const cdn_compare_signs[CDN_COMPARE_GE + 1] = {"==", "~=", "<",
                                                           "<=", ">",  ">="};

bool cdn_compare_parse(enum cdn_compare *out, const char *text, size_t bytes)
{
    for (unsigned i = 0; i <= CDN_COMPARE_GE; i++) {
        *out = (enum cdn_compare)i;
        if (strlen(cdn_compare_signs[i]) == bytes &&
            memcmp(text, cdn_compare_signs[i], bytes) == 0)
            return true;
    }
    return false;
}

bool cdn_parse_int64(int64_t *out, const char *text, size_t bytes)
{
    bool negative = bytes > 0 && text[0] == '-';
    uint64_t value = 0;

    if (bytes == (negative ? 1 : 0) || bytes > 20)
        return false;
    for (size_t i = negative ? 1 : 0; i < bytes; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        if (__builtin_mul_overflow(value, UINT64_C(10), &value) ||
            __builtin_add_overflow(value, (uint64_t)(text[i] - '0'), &value))
            return false;
    }
    if (value > (uint64_t)INT64_MAX + (negative ? 1 : 0))
        return false;
    *out = negative ? (int64_t)(0 - value) : (int64_t)value;
    return true;
}

const char *cdn_test_objection(const struct cdn_property *property,
                               const struct cdn_operation *condition)
{
    enum cdn_operand operand = (enum cdn_operand)condition->operand;
    bool equality =
        condition->compare == CDN_COMPARE_EQ || condition->compare == CDN_COMPARE_NE;
    int64_t ignored;

    switch (property->type) {
    case CDN_COLUMN_BOOL:
        return operand == CDN_OPERAND_BOOLEAN && equality
                   ? NULL
                   : "is a bool: compare it with true or false by == or ~=";
    case CDN_COLUMN_INT64:
        if (!property->lua_string)
            return operand == CDN_OPERAND_NUMBER
                       ? NULL
                       : "is an int64: compare it with a number";
        return operand == CDN_OPERAND_STRING &&
                       cdn_parse_int64(&ignored, condition->as.text, condition->bytes)
                   ? NULL
                   : "is an int64 that rules see as a string: compare it with a string "
                     "of "
                     "decimal digits";
    case CDN_COLUMN_FLOAT64:
        return operand == CDN_OPERAND_NUMBER ? NULL
                                             : "is a float64: compare it with a number";
    case CDN_COLUMN_TIMESTAMP:
        return operand == CDN_OPERAND_NUMBER
                   ? NULL
                   : "is a timestamp: compare it with a number of milliseconds";
    case CDN_COLUMN_STRING:
    case CDN_COLUMN_TEXT:
        return operand == CDN_OPERAND_STRING ? NULL
                                             : "is a string: compare it with a string";
    case CDN_COLUMN_BAG:
        break;
    }
    return "is a bag of values, which cannot be compared";
}

static void set_range(struct cdn_test *test, int64_t low, int64_t high)
{
    if (low > high) {
        /* an empty range: nothing inside, so everything is outside */
        if (!test->negate)
            test->form = CDN_TEST_NOTHING;
        test->negate = false;
        test->low = INT64_MIN;
        test->width = UINT64_MAX;
        return;
    }
    test->low = low;
    test->width = (uint64_t)high - (uint64_t)low;
}

static void range_of_int64(struct cdn_test *test, int64_t value)
{
    int64_t low = INT64_MIN;
    int64_t high = INT64_MAX;
    bool empty = false;

    switch (test->compare) {
    case CDN_COMPARE_NE:
        test->negate = true;
        low = high = value;
        break;
    case CDN_COMPARE_EQ:
        low = high = value;
        break;
    case CDN_COMPARE_LT:
        empty = value == INT64_MIN;
        high = empty ? 0 : value - 1;
        break;
    case CDN_COMPARE_LE:
        high = value;
        break;
    case CDN_COMPARE_GT:
        empty = value == INT64_MAX;
        low = empty ? 0 : value + 1;
        break;
    case CDN_COMPARE_GE:
        low = value;
        break;
    }
    if (empty)
        set_range(test, 1, 0);
    else
        set_range(test, low, high);
}

/* The same against a double: int64 against double without rounding either. */
static void range_of_double(struct cdn_test *test, double value)
{
    double whole = floor(value);
    bool integral = whole == value;

    if (isnan(value)) {
        test->negate = test->compare == CDN_COMPARE_NE;
        set_range(test, 1, 0);
        return;
    }
    if (whole >= 0x1p63 || whole < -0x1p63) {
        bool above = value > 0;
        bool keep =
            test->compare == CDN_COMPARE_NE ||
            (above
                 ? test->compare == CDN_COMPARE_LT || test->compare == CDN_COMPARE_LE
                 : test->compare == CDN_COMPARE_GT || test->compare == CDN_COMPARE_GE);

        test->negate = keep;
        set_range(test, 1, 0);
        return;
    }
    if (!integral) {
        if (test->compare == CDN_COMPARE_EQ || test->compare == CDN_COMPARE_NE) {
            test->negate = test->compare == CDN_COMPARE_NE;
            set_range(test, 1, 0);
            return;
        }
        /* v < 2.5 is v <= 2, v > 2.5 and v >= 2.5 are v > 2 */
        if (test->compare == CDN_COMPARE_LT)
            test->compare = CDN_COMPARE_LE;
        else if (test->compare == CDN_COMPARE_GE)
            test->compare = CDN_COMPARE_GT;
    }
    range_of_int64(test, (int64_t)whole);
}

/* From a range of values to one of what the column stores: no wider than what it can. */
static void range_of_stored(struct cdn_test *test, const struct cdn_column *column)
{
    uint64_t most = UINT64_MAX >> (64 - 8 * column->width);
    int64_t high = (int64_t)((uint64_t)test->low + test->width);
    uint64_t begin;
    uint64_t end;

    if (test->form == CDN_TEST_NOTHING || column->width == sizeof(int64_t))
        return;
    begin = test->low > column->base ? (uint64_t)test->low - (uint64_t)column->base : 0;
    end = high >= column->base ? (uint64_t)high - (uint64_t)column->base : 0;
    if (high < column->base || begin > most) {
        set_range(test, 1, 0);
        begin = 0;
        end = most;
    }
    test->low = (int64_t)begin;
    test->width = (end < most ? end : most) - begin;
}

static int compare_bytes(const char *a, size_t a_bytes, const char *b, size_t b_bytes)
{
    size_t shorter = a_bytes < b_bytes ? a_bytes : b_bytes;
    int order = shorter ? memcmp(a, b, shorter) : 0;

    if (order != 0)
        return order;
    return (a_bytes > b_bytes) - (a_bytes < b_bytes);
}

static bool matches(int order, enum cdn_compare compare)
{
    switch (compare) {
    case CDN_COMPARE_EQ:
        return order == 0;
    case CDN_COMPARE_NE:
        return order != 0;
    case CDN_COMPARE_LT:
        return order < 0;
    case CDN_COMPARE_LE:
        return order <= 0;
    case CDN_COMPARE_GT:
        return order > 0;
    case CDN_COMPARE_GE:
        break;
    }
    return order >= 0;
}

/* A string against a sorted dictionary: a range of its indices. */
static bool range_of_text(struct cdn_test *test,
                          const struct cdn_dictionary *dictionary, const char *text,
                          size_t bytes)
{
    uint32_t low = 0;
    uint32_t high = dictionary->count;
    bool found = false;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        size_t entry_bytes;
        const char *entry = cdn_dictionary_get(dictionary, middle, &entry_bytes);
        int order;

        if (!entry)
            return false;
        order = compare_bytes(entry, entry_bytes, text, bytes);
        found = found || order == 0;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    switch (test->compare) {
    case CDN_COMPARE_NE:
        test->negate = true;
        set_range(test, low, found ? (int64_t)low : (int64_t)low - 1);
        break;
    case CDN_COMPARE_EQ:
        set_range(test, low, found ? (int64_t)low : (int64_t)low - 1);
        break;
    case CDN_COMPARE_LT:
        set_range(test, 0, (int64_t)low - 1);
        break;
    case CDN_COMPARE_LE:
        set_range(test, 0, found ? (int64_t)low : (int64_t)low - 1);
        break;
    case CDN_COMPARE_GT:
        set_range(test, found ? (int64_t)low + 1 : (int64_t)low, UINT32_MAX);
        break;
    case CDN_COMPARE_GE:
        set_range(test, low, UINT32_MAX);
        break;
    }
    return true;
}

bool cdn_test_compile(struct cdn_test *out, const struct cdn_column *column,
                      int32_t number, const struct cdn_operation *condition)
{
    *out = (struct cdn_test){.form = CDN_TEST_NOTHING,
                             .compare = (enum cdn_compare)condition->compare,
                             .column = column,
                             .number = number};
    if (!column || number < 0 || cdn_test_objection(column->property, condition))
        return true;
    switch (column->property->type) {
    case CDN_COLUMN_BOOL:
        out->form = CDN_TEST_BOOL;
        range_of_int64(out, condition->as.boolean);
        break;
    case CDN_COLUMN_INT64:
        out->form = CDN_TEST_INT64;
        if (condition->operand == CDN_OPERAND_STRING) {
            int64_t value = 0;

            cdn_parse_int64(&value, condition->as.text, condition->bytes);
            range_of_int64(out, value);
        } else {
            range_of_double(out, condition->as.number);
        }
        range_of_stored(out, column);
        break;
    case CDN_COLUMN_TIMESTAMP:
        out->form = CDN_TEST_INT64;
        range_of_double(out, condition->as.number);
        range_of_stored(out, column);
        break;
    case CDN_COLUMN_FLOAT64:
        out->form = CDN_TEST_FLOAT64;
        out->value = condition->as.number;
        break;
    case CDN_COLUMN_STRING:
        out->form = CDN_TEST_UINT32;
        return range_of_text(out, &column->dictionary, condition->as.text,
                             condition->bytes);
    case CDN_COLUMN_TEXT:
        out->form = CDN_TEST_TEXT;
        out->text = condition->as.text;
        out->bytes = condition->bytes;
        break;
    case CDN_COLUMN_BAG:
        break;
    }
    return true;
}

static inline bool in_range(const struct cdn_test *test, uint64_t stored)
{
    return (stored - (uint64_t)test->low <= test->width) != test->negate;
}

static bool float_matches(double value, enum cdn_compare compare, double with)
{
    switch (compare) {
    case CDN_COMPARE_EQ:
        return value == with;
    case CDN_COMPARE_NE:
        return value != with;
    case CDN_COMPARE_LT:
        return value < with;
    case CDN_COMPARE_LE:
        return value <= with;
    case CDN_COMPARE_GT:
        return value > with;
    case CDN_COMPARE_GE:
        break;
    }
    return value >= with;
}

bool cdn_test_cell(const struct cdn_test *test, const struct cdn_column *column,
                   uint32_t block, uint32_t index, bool *damaged)
{
    struct cdn_cells cells;
    const void *values;
    const char *text;
    size_t bytes;

    if (test->form == CDN_TEST_NOTHING)
        return false;
    if (!cdn_column_cells(column, block, &cells)) {
        *damaged = true;
        return false;
    }
    if (!cdn_cells_present(&cells, index))
        return false;
    values = cells.values;
    switch (test->form) {
    case CDN_TEST_INT64:
        return in_range(test, cdn_column_stored(column, values, index));
    case CDN_TEST_UINT32:
        return in_range(test, ((const uint32_t *)values)[index]);
    case CDN_TEST_BOOL:
        return in_range(test, ((const uint8_t *)values)[index] != 0);
    case CDN_TEST_FLOAT64:
        return float_matches(((const double *)values)[index], test->compare,
                             test->value);
    case CDN_TEST_TEXT:
        text = cdn_column_bytes(column, block, index, &bytes);
        if (!text) {
            *damaged = true;
            return false;
        }
        return matches(compare_bytes(text, bytes, test->text, test->bytes),
                       test->compare);
    case CDN_TEST_NOTHING:
        break;
    }
    return false;
}

/* Keep position p if `condition` holds of v = values[p]. */
#define KEEP(type, condition)                                                          \
    do {                                                                               \
        const type *restrict at = values;                                              \
                                                                                       \
        for (uint32_t i = 0; i < count; i++) {                                         \
            uint32_t p = select[i];                                                    \
            type v = at[p];                                                            \
                                                                                       \
            select[kept] = p;                                                          \
            kept += (condition) ? 1 : 0;                                               \
        }                                                                              \
    } while (0)

static uint32_t keep_float(const struct cdn_test *test, const double *values,
                           uint32_t *select, uint32_t count)
{
    double with = test->value;
    uint32_t kept = 0;

    switch (test->compare) {
    case CDN_COMPARE_EQ:
        KEEP(double, v == with);
        break;
    case CDN_COMPARE_NE:
        KEEP(double, v != with);
        break;
    case CDN_COMPARE_LT:
        KEEP(double, v < with);
        break;
    case CDN_COMPARE_LE:
        KEEP(double, v <= with);
        break;
    case CDN_COMPARE_GT:
        KEEP(double, v > with);
        break;
    case CDN_COMPARE_GE:
        KEEP(double, v >= with);
        break;
    }
    return kept;
}

static uint32_t keep_stored(const struct cdn_test *test, const void *values,
                            uint32_t *select, uint32_t count)
{
    const uint64_t low = (uint64_t)test->low;
    const uint64_t width = test->width;
    const bool negate = test->negate;
    uint32_t kept = 0;

    switch (test->column->width) {
    case sizeof(uint8_t):
        KEEP(uint8_t, (v - low <= width) != negate);
        break;
    case sizeof(uint16_t):
        KEEP(uint16_t, (v - low <= width) != negate);
        break;
    case sizeof(uint32_t):
        KEEP(uint32_t, (v - low <= width) != negate);
        break;
    default:
        KEEP(uint64_t, (v - low <= width) != negate);
        break;
    }
    return kept;
}

static uint32_t keep_one_by_one(const struct cdn_test *test,
                                const struct cdn_reach *reach, uint32_t *select,
                                uint32_t count, bool *damaged)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < count; i++) {
        struct cdn_cell_place place;
        uint32_t p = select[i];

        if (!cdn_reach_cell(reach, test->number, p, &place)) {
            *damaged = true;
            return 0;
        }
        if (cdn_test_cell(test, place.column, place.block, place.index, damaged))
            select[kept++] = p;
    }
    return kept;
}

uint32_t cdn_test_refine(const struct cdn_test *test, const struct cdn_reach *reach,
                         uint32_t *select, uint32_t count, bool *damaged)
{
    const struct cdn_column *column = test->column;
    uint32_t start = reach->list.start;
    struct cdn_cells cells;
    const void *values;
    uint32_t kept = 0;

    if (test->form == CDN_TEST_NOTHING)
        return 0;
    if (!column->values || test->form == CDN_TEST_TEXT)
        return keep_one_by_one(test, reach, select, count, damaged);
    if (!cdn_column_cells(column, reach->list.block, &cells)) {
        *damaged = true;
        return 0;
    }
    values = cdn_column_at(column, cells.values, start);
    if (cells.present) {
        const uint64_t *present = cells.present;

        for (uint32_t i = 0; i < count; i++) {
            uint32_t p = select[i];
            uint32_t index = start + p;

            select[kept] = p;
            kept += (uint32_t)(present[index >> 6] >> (index & 63)) & 1;
        }
        count = kept;
        kept = 0;
    }
    switch (test->form) {
    case CDN_TEST_INT64:
    case CDN_TEST_UINT32:
        return keep_stored(test, values, select, count);
    case CDN_TEST_BOOL:
        KEEP(uint8_t, in_range(test, v != 0));
        break;
    case CDN_TEST_FLOAT64:
        return keep_float(test, values, select, count);
    case CDN_TEST_TEXT:
    case CDN_TEST_NOTHING:
        break;
    }
    return kept;
}

uint32_t cdn_test_run(const struct cdn_test *test, const struct cdn_reach *reach,
                      uint32_t first, uint32_t count, uint32_t *select, bool *damaged)
{
    struct cdn_cells cells;

    if (cdn_test_takes(test)) {
        if (!cdn_column_cells(test->column, reach->list.block, &cells)) {
            *damaged = true;
            return 0;
        }
        return cdn_test_take(
            test, cdn_column_at(test->column, cells.values, reach->list.start), first,
            count, false, select);
    }
    for (uint32_t i = 0; i < count; i++)
        select[i] = first + i;
    return cdn_test_refine(test, reach, select, count, damaged);
}
