/* Every check there is.
 *
 * First each segment's checksum and its padding: any flipped bit of a segment is found
 * there.  Then what the bytes mean: keys, columns, dictionaries here, relations in
 * verify_relation.c; that finds a writer's faults, which have good checksums.  A block
 * reports its first fault of a kind and goes on, so that a badly damaged file does not
 * write millions of lines.  Cost: one pass over the file and, for each relation, random
 * reads of outgoing lists from incoming ones; 4 bytes and a bit an edge of memory for the
 * largest relation. */
#include "snapshot/verify.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/pack.h"
#include "base/utf8.h"
#include "snapshot/file.h"

void cdn_verify_found(struct cdn_verifier *verifier, const char *format, ...)
{
    char text[CORDON_ERROR_MESSAGE_BYTES];
    va_list args;

    verifier->findings++;
    if (!verifier->report)
        return;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    verifier->report(verifier->ud, text);
}

/* A segment's padding may be nearly a page, so not byte by byte. */
static bool all_zero(const unsigned char *bytes, uint64_t count)
{
    return !count || (!bytes[0] && !memcmp(bytes, bytes + 1, (size_t)count - 1));
}

static void verify_segments(struct cdn_verifier *verifier)
{
    const cordon_snapshot *snapshot = verifier->snapshot;
    const unsigned char *const *places;
    uint32_t page_bytes;
    const struct cdn_segment *segments =
        cdn_file_segments(snapshot->file, &places, &page_bytes);

    for (uint64_t i = 0; i < snapshot->segment_count; i++) {
        const struct cdn_segment *segment = &segments[i];
        uint64_t end = cdn_segment_padded(segment->bytes, page_bytes);
        char name[4 * CDN_SCHEMA_MAX_NAME + 64];

        if (cdn_hash_xxh3(places[i], segment->bytes) != segment->checksum) {
            cdn_segment_name(&snapshot->schema, segment->array, name, sizeof(name));
            cdn_verify_found(verifier,
                             "%s, array %08x, block %u: the checksum does not match",
                             name, segment->array, segment->block);
        }
        if (!all_zero(places[i] + segment->bytes, end - segment->bytes)) {
            cdn_segment_name(&snapshot->schema, segment->array, name, sizeof(name));
            cdn_verify_found(verifier,
                             "%s, array %08x, block %u: the padding is not zero", name,
                             segment->array, segment->block);
        }
    }
}

static uint64_t values_in(const struct cdn_verify_column *of, uint32_t block)
{
    uint64_t begin = (uint64_t)block << of->shift;
    uint64_t left = of->count - begin;

    if (of->first)
        return of->first[block + 1] - of->first[block];
    return left < UINT64_C(1) << of->shift ? left : UINT64_C(1) << of->shift;
}

/* What a pass over a column's values adds up to. */
struct survey {
    uint64_t nulls;
    bool known;
    int64_t minimum;
    int64_t maximum;
    double lowest;
    double highest;
};

static void survey_integer(struct survey *survey, int64_t value)
{
    if (!survey->known || value < survey->minimum)
        survey->minimum = value;
    if (!survey->known || value > survey->maximum)
        survey->maximum = value;
    survey->known = true;
}

static void survey_number(struct survey *survey, double value)
{
    if (!survey->known || value < survey->lowest)
        survey->lowest = value;
    if (!survey->known || value > survey->highest)
        survey->highest = value;
    survey->known = true;
}

/* What is wrong with one value; NULL: nothing. */
static const char *check_value(struct survey *survey, const struct cdn_column *column,
                               const struct cdn_cells *cells, uint32_t block,
                               uint32_t index)
{
    bool null = !cdn_cells_present(cells, index);
    const void *values = cells->values;
    const char *text;
    size_t bytes;

    survey->nulls += null;
    switch (column->property->type) {
    case CDN_COLUMN_BOOL: {
        uint8_t value = ((const uint8_t *)values)[index];

        if (value > 1)
            return "a bool that is neither 0 nor 1";
        return null && value ? "a null that is not 0" : NULL;
    }
    case CDN_COLUMN_INT64:
    case CDN_COLUMN_TIMESTAMP: {
        uint64_t stored = cdn_column_stored(column, values, index);

        if (null)
            return stored ? "a null that is not 0" : NULL;
        if (stored > (uint64_t)column->maximum - (uint64_t)column->base &&
            column->width < sizeof(int64_t))
            return "a value beyond the maximum";
        survey_integer(survey, cdn_column_integer(column, values, index));
        return NULL;
    }
    case CDN_COLUMN_FLOAT64: {
        double value = ((const double *)values)[index];

        if (!isfinite(value))
            return "a float64 that is not finite";
        if (null)
            return value != 0 ? "a null that is not 0" : NULL;
        survey_number(survey, value);
        return NULL;
    }
    case CDN_COLUMN_STRING: {
        uint32_t value = ((const uint32_t *)values)[index];

        if (null)
            return value ? "a null that is not 0" : NULL;
        return value < column->dictionary.count
                   ? NULL
                   : "an index beyond the dictionary's end";
    }
    case CDN_COLUMN_TEXT:
    case CDN_COLUMN_BAG:
        break;
    }
    text = cdn_column_bytes(column, block, index, &bytes);
    if (!text)
        return "offsets that do not ascend within the heap";
    if (null)
        return bytes ? "a null that is not empty" : NULL;
    if (column->property->type == CDN_COLUMN_TEXT)
        return cdn_utf8_valid(text, bytes) ? NULL : "text that is not UTF-8";
    {
        const unsigned char *at = (const unsigned char *)text;
        const unsigned char *end = at + bytes;

        if (!cdn_unpack_skip(&at, end) || at != end)
            return "a bag that is not one msgpack value";
    }
    return NULL;
}

static void check_block(struct cdn_verifier *verifier, struct survey *survey,
                        const struct cdn_column *column,
                        const struct cdn_verify_column *of, uint32_t block)
{
    enum cdn_column_type type = column->property->type;
    uint64_t count = values_in(of, block);
    const char *first_fault = NULL;
    uint64_t first_index = 0;
    struct cdn_cells cells;

    if (!cdn_column_cells(column, block, &cells))
        return; /* the checksums have said so */
    for (uint64_t i = 0; i < count; i++) {
        const char *fault = check_value(survey, column, &cells, block, (uint32_t)i);

        if (fault && !first_fault) {
            first_fault = fault;
            first_index = i;
        }
    }
    if (first_fault)
        cdn_verify_found(verifier, "%s, property %s, block %u, value %llu: %s",
                         of->owner, column->property->name, block,
                         (unsigned long long)first_index, first_fault);
    if (cells.present && (count & 63) && cells.present[count >> 6] >> (count & 63))
        cdn_verify_found(verifier,
                         "%s, property %s, block %u: present bits beyond the "
                         "last value",
                         of->owner, column->property->name, block);
    if (type == CDN_COLUMN_TEXT || type == CDN_COLUMN_BAG) {
        const uint32_t *offsets = cells.values;

        if (offsets[0] != 0 || offsets[count] != column->heap_bytes[block])
            cdn_verify_found(verifier,
                             "%s, property %s, block %u: offsets do not cover the heap",
                             of->owner, column->property->name, block);
    }
}

void cdn_verify_column_values(struct cdn_verifier *verifier,
                              const struct cdn_column *column,
                              const struct cdn_verify_column *of)
{
    enum cdn_column_type type = column->property->type;
    struct survey survey = {.minimum = 1, .lowest = 1};

    for (uint32_t b = 0; b < column->block_count; b++)
        check_block(verifier, &survey, column, of, b);
    if (survey.nulls != column->nulls)
        cdn_verify_found(verifier, "%s, property %s: %llu nulls, metadata says %llu",
                         of->owner, column->property->name,
                         (unsigned long long)survey.nulls,
                         (unsigned long long)column->nulls);
    if ((type == CDN_COLUMN_INT64 || type == CDN_COLUMN_TIMESTAMP) &&
        (survey.minimum != column->minimum || survey.maximum != column->maximum))
        cdn_verify_found(verifier,
                         "%s, property %s: values from %lld to %lld, metadata says "
                         "%lld to %lld",
                         of->owner, column->property->name, (long long)survey.minimum,
                         (long long)survey.maximum, (long long)column->minimum,
                         (long long)column->maximum);
    if (type == CDN_COLUMN_FLOAT64 &&
        (survey.lowest != column->lowest || survey.highest != column->highest))
        cdn_verify_found(
            verifier, "%s, property %s: values from %g to %g, metadata says %g to %g",
            of->owner, column->property->name, survey.lowest, survey.highest,
            column->lowest, column->highest);
}

static int compare_text(const char *a, size_t a_bytes, const char *b, size_t b_bytes)
{
    size_t common = a_bytes < b_bytes ? a_bytes : b_bytes;
    int order = memcmp(a, b, common);

    if (order || a_bytes == b_bytes)
        return order;
    return a_bytes < b_bytes ? -1 : 1;
}

void cdn_verify_dictionary(struct cdn_verifier *verifier,
                           const struct cdn_column *column, const char *owner)
{
    const struct cdn_dictionary *dictionary = &column->dictionary;
    const char *name = column->property->name;
    const char *before = NULL;
    size_t before_bytes = 0;

    if (dictionary->offsets[0][0] != 0 ||
        dictionary->offsets[0][dictionary->count] != dictionary->size)
        cdn_verify_found(verifier,
                         "%s, property %s: the dictionary's offsets do not cover it",
                         owner, name);
    for (uint32_t i = 0; i < dictionary->count; i++) {
        size_t bytes;
        const char *entry = cdn_dictionary_get(dictionary, i, &bytes);
        const char *fault = NULL;

        if (!entry)
            fault = "its offsets do not ascend";
        else if (!cdn_utf8_valid(entry, bytes))
            fault = "it is not UTF-8";
        else if (before && compare_text(before, before_bytes, entry, bytes) >= 0)
            fault = "it is not above the one before";
        if (fault) {
            cdn_verify_found(verifier, "%s, property %s: dictionary entry %u: %s",
                             owner, name, i, fault);
            return;
        }
        before = entry;
        before_bytes = bytes;
    }
}

static const char *check_integer_key(const struct cdn_label_data *label, uint32_t node)
{
    uint32_t mask = (UINT32_C(1) << label->shift) - 1;
    int64_t key = label->integer_keys[node >> label->shift][node & mask];

    if (node > 0 &&
        label->integer_keys[(node - 1) >> label->shift][(node - 1) & mask] >= key)
        return "it is not above the one before";
    return NULL;
}

static const char *check_text_key(const struct cdn_label_data *label, uint32_t node)
{
    uint32_t mask = (UINT32_C(1) << label->shift) - 1;
    size_t bytes;
    size_t before_bytes;
    const char *before;
    const char *key =
        cdn_column_bytes(&label->text_keys, node >> label->shift, node & mask, &bytes);

    if (!key)
        return "its offsets do not ascend";
    if (!cdn_utf8_valid(key, bytes))
        return "it is not UTF-8";
    if (node == 0)
        return NULL;
    before = cdn_column_bytes(&label->text_keys, (node - 1) >> label->shift,
                              (node - 1) & mask, &before_bytes);
    if (!before || compare_text(before, before_bytes, key, bytes) >= 0)
        return "it is not above the one before";
    return NULL;
}

static void verify_label(struct cdn_verifier *verifier,
                         const struct cdn_label_data *label)
{
    const struct cdn_verify_column of = {
        .owner = label->schema->name, .shift = label->shift, .count = label->count};
    bool text = label->schema->key == CDN_KEY_STRING;

    for (uint32_t node = 0; node < label->count; node++) {
        const char *fault =
            text ? check_text_key(label, node) : check_integer_key(label, node);

        if (fault) {
            cdn_verify_found(verifier, "%s keys: key %u: %s", label->schema->name, node,
                             fault);
            break;
        }
    }
    for (uint32_t b = 0; text && b < label->text_keys.block_count; b++) {
        const uint32_t *offsets = label->text_keys.values[b];

        if (offsets[0] != 0 ||
            offsets[values_in(&of, b)] != label->text_keys.heap_bytes[b])
            cdn_verify_found(verifier,
                             "%s keys, block %u: offsets do not cover the heap",
                             label->schema->name, b);
    }
    for (uint32_t p = 0; p < label->schema->property_count; p++) {
        cdn_verify_column_values(verifier, &label->columns[p], &of);
        if (label->columns[p].property->type == CDN_COLUMN_STRING)
            cdn_verify_dictionary(verifier, &label->columns[p], of.owner);
    }
}

static cordon_status verify_arrays(struct cdn_verifier *verifier, cordon_error *err)
{
    const cordon_snapshot *snapshot = verifier->snapshot;
    cordon_status status = CORDON_OK;

    for (uint32_t l = 0; l < snapshot->label_count; l++)
        verify_label(verifier, &snapshot->labels[l]);
    for (uint32_t r = 0; !status && r < snapshot->relation_count; r++)
        status = cdn_verify_relation(verifier, &snapshot->relations[r], err);
    return status;
}

cordon_status cdn_verify_view(const cordon_snapshot *raw,
                              void (*report)(void *ud, const char *finding), void *ud,
                              uint64_t *findings, cordon_error *err)
{
    struct cdn_verifier verifier = {.snapshot = raw, .report = report, .ud = ud};
    cordon_status status = verify_arrays(&verifier, err);

    *findings = verifier.findings;
    return status;
}

cordon_status cdn_snapshot_verify(const cordon_snapshot *snapshot,
                                  void (*report)(void *ud, const char *finding),
                                  void *ud, uint64_t *findings, cordon_error *err)
{
    struct cdn_verifier verifier = {.report = report, .ud = ud};
    cordon_status status = cdn_file_raw(&verifier.snapshot, snapshot->file, err);

    if (!status) {
        verify_segments(&verifier);
        status = verify_arrays(&verifier, err);
    }
    if (!status && verifier.findings == 0)
        cdn_guard_open_all(cdn_file_guard(snapshot->file));
    *findings = verifier.findings;
    return status;
}
