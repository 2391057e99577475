/* CSV from outside: whatever the bytes are, reading ends, every row has a line and fields
 * or a reason, and none of it depends on the size of the buffer.
 *
 * The first three bytes choose delimiter, quote and the other buffer's size; the rest is
 * the file.  Every field is then parsed as every type there is; what is taken for a bag is
 * one value that a rule can be given. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/pack.h"
#include "import/bag.h"
#include "import/csv.h"
#include "snapshot/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void parse(const struct cdn_csv_field *field)
{
    static const enum cdn_column_type types[] = {
        CDN_COLUMN_BOOL,      CDN_COLUMN_INT64,  CDN_COLUMN_FLOAT64,
        CDN_COLUMN_TIMESTAMP, CDN_COLUMN_STRING, CDN_COLUMN_TEXT};
    struct cdn_cell cell;
    struct cdn_key key;

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        struct cdn_cell_format format = {.type = types[i]};
        const char *strict = cdn_parse_cell(&cell, &format, field->text, field->bytes);

        format.nullable = true;
        format.truncate = true;
        /* what a strict format takes, a lenient one takes too */
        require(!cdn_parse_cell(&cell, &format, field->text, field->bytes) || strict);
        require(cell.null == (field->bytes == 0));
        format.unit_ms = 1000;
        (void)cdn_parse_cell(&cell, &format, field->text, field->bytes);
    }
    (void)cdn_parse_key(&key, CDN_KEY_INT64, field->text, field->bytes);
    (void)cdn_parse_key(&key, CDN_KEY_STRING, field->text, field->bytes);
}

static void parse_bag(const struct cdn_csv_field *field)
{
    struct cdn_buf pack = {0};
    struct cdn_cell cell;
    cordon_value value;
    char why[256];

    require(!cdn_bag_parse(&cell, &pack, why, sizeof(why), true, field->text,
                           field->bytes));
    require(
        why[0] || cell.null ||
        !cordon_value_parse(&value, cell.as.string.text, cell.as.string.bytes, NULL));
    cdn_buf_deinit(&pack);
}

/* A digest of all that is found. */
static uint64_t read_all(const uint8_t *data, size_t size, size_t buffer,
                         const struct cdn_csv_dialect *dialect, bool fields)
{
    struct cdn_csv *csv;
    enum cdn_csv_event event;
    struct cdn_csv_row row;
    uint64_t digest = 0;
    uint64_t line = 0;

    if (cdn_csv_open_memory(&csv, data, size, buffer, dialect, NULL))
        return 1;
    for (;;) {
        require(cdn_csv_next(csv, &event, &row, NULL) == CORDON_OK);
        if (event == CDN_CSV_END)
            break;
        require(row.line > line);
        line = row.line;
        digest = cdn_hash_mix(digest, row.line);
        if (event == CDN_CSV_FAULT) {
            require(row.fault != NULL);
            continue;
        }
        require(row.count > 0 && row.count <= CDN_CSV_MAX_FIELDS);
        for (uint32_t i = 0; i < row.count; i++) {
            digest = cdn_hash_mix(
                digest, cdn_hash_xxh3(row.fields[i].text, row.fields[i].bytes));
            if (!fields)
                continue;
            parse(&row.fields[i]);
            parse_bag(&row.fields[i]);
        }
    }
    cdn_csv_close(csv);
    return digest;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char delimiters[] = ",;|\t a";
    static const char quotes[] = {'"', '\0', '\'', '"'};
    struct cdn_csv_dialect dialect = {.header = true};
    size_t buffer;

    if (size < 3)
        return 0;
    dialect.delimiter = delimiters[data[0] % (sizeof(delimiters) - 1)];
    dialect.quote = quotes[data[1] % sizeof(quotes)];
    buffer = 3 + data[2] % 61U;
    require(read_all(data + 3, size - 3, 4096, &dialect, true) ==
            read_all(data + 3, size - 3, buffer, &dialect, false));
    return 0;
}
