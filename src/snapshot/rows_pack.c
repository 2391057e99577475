/* Rows as bytes, for spills.
 *
 * A row is its cells in the order of the columns, nothing between them: for a nullable
 * column a byte that says whether it is null, then the value at its width in memory, or for
 * text and bags a length of four bytes and the bytes.  A null takes the room of a value that
 * is zero or empty, so that rows come back exactly as they were. */
#include <string.h>

#include "base/alloc.h"
#include "snapshot/rows.h"

static bool in_heap(const struct cdn_row_column *column)
{
    return column->property->type == CDN_COLUMN_TEXT ||
           column->property->type == CDN_COLUMN_BAG;
}

void cdn_rows_pack(struct cdn_buf *out, const struct cdn_rows *rows, uint32_t row,
                   cdn_rows_skip skip)
{
    for (uint32_t c = 0; c < rows->column_count; c++) {
        const struct cdn_row_column *column = &rows->columns[c];

        if (skip && skip[c])
            continue;
        if (column->nulls)
            cdn_buf_append(out, &column->nulls[row], 1);
        if (in_heap(column)) {
            const uint64_t *ends = (const uint64_t *)(const void *)column->values;
            uint64_t start = row ? ends[row - 1] : 0;
            uint32_t bytes = (uint32_t)(ends[row] - start);

            cdn_buf_append(out, &bytes, sizeof(bytes));
            cdn_buf_append(out, column->heap + start, bytes);
        } else {
            uint32_t width = cdn_row_width(column->property->type);

            cdn_buf_append(out, column->values + (uint64_t)row * width, width);
        }
    }
}

static cordon_status unpack_heap(struct cdn_row_column *column, uint32_t row,
                                 struct cdn_spill_reader *reader, cordon_error *err)
{
    uint64_t *ends = (uint64_t *)(void *)column->values;
    uint64_t used = row ? ends[row - 1] : 0;
    uint32_t bytes;
    cordon_status status;

    if (!cdn_spill_read(reader, &bytes, sizeof(bytes)))
        return CORDON_OK; /* the caller looks at the reader */
    status =
        cdn_heap_put(&column->heap, &column->heap_capacity, used, NULL, bytes, err);
    if (status)
        return status;
    (void)cdn_spill_read(reader, column->heap + used, bytes);
    ends[row] = used + bytes;
    return CORDON_OK;
}

cordon_status cdn_rows_unpack(struct cdn_rows *rows, struct cdn_spill_reader *reader,
                              cdn_rows_skip skip, cordon_error *err)
{
    cordon_status status = cdn_rows_grow(rows, err);

    for (uint32_t c = 0; !status && c < rows->column_count; c++) {
        struct cdn_row_column *column = &rows->columns[c];
        uint32_t width = cdn_row_width(column->property->type);

        if (skip && skip[c])
            continue;
        if (column->nulls)
            (void)cdn_spill_read(reader, &column->nulls[rows->count], 1);
        if (in_heap(column))
            status = unpack_heap(column, rows->count, reader, err);
        else
            (void)cdn_spill_read(reader, column->values + (uint64_t)rows->count * width,
                                 width);
    }
    return status ? status : reader->status;
}
