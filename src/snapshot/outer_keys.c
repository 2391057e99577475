/* A join on disk, by hash.
 *
 * Putting an edge appends its row to one file and each key that cannot be looked up, with the
 * edge's number, to a partition by the key's hash.  To resolve an end, the label's keys are
 * partitioned by the same hash; then, a partition at a time, an index over its share of the
 * label is made and the edges' keys are looked up in it.  What is found goes, with the edge's
 * number, to partitions by ranges of numbers.  Reading back takes such a range of both ends
 * into memory, scatters it by number, and streams the rows beside it: so edges come back in
 * the order they came, and rows are written and read once.
 *
 * A label has so many partitions that the index over one takes about a quarter of the
 * memory. */
#include "snapshot/outer_keys.h"

#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/hash.h"
#include "snapshot/spill.h"

#define KEY_MOST 120u /* bytes of a key that has no node, for the report */
#define NUMBER_BYTES                                                                   \
    320u /* what an edge of a range takes at most, two such keys and all */

/* How an end stands in a row's record. */
enum { FOUND, MISSING, DEFERRED };

struct end {
    const struct cdn_nodes *label;
    enum cdn_key_type type;
    struct cdn_spill *wanted; /* number and key, by hash; NULL: looked up at once */
    struct cdn_spill *found;  /* number and place, by number */
    /* of the range at hand: a place, or an offset into `missing` */
    uint64_t *places;
    struct cdn_buf missing;
};

struct cdn_outer_keys {
    struct cdn_join_room room;
    struct end ends[2];
    struct cdn_spill *rows;
    struct cdn_buf record;
    struct cdn_buf wanted;
    uint64_t count;
    uint32_t range_shift; /* 2^ of it numbers are a range */
    struct cdn_spill_reader reader;
    uint64_t next;
};

#define AT_MISSING (UINT64_C(1) << 63)

static uint64_t label_bytes(const struct cdn_nodes *label)
{
    /* as if all keys were spread: what one partition's are is not known */
    return cdn_index_bytes(label->schema->key, label->count, UINT64_MAX) +
           label->count * UINT64_C(12) + cdn_spill_bytes(label->sorted, 0);
}

static cordon_status end_init(struct end *end, const struct cdn_nodes *label,
                              const struct cdn_join_room *room, cordon_error *err)
{
    uint32_t partitions = 1;

    end->label = label;
    end->type = label->schema->key;
    if (!label->sorted)
        return CORDON_OK;
    while (partitions < room->partitions / 2 &&
           label_bytes(label) / partitions > room->memory_bytes / 4)
        partitions *= 2;
    return cdn_spill_open(&end->wanted, room->folder, partitions, room->chunk_bytes,
                          err);
}

cordon_status cdn_outer_keys_new(struct cdn_outer_keys **out,
                                 const struct cdn_nodes *source,
                                 const struct cdn_nodes *target,
                                 const struct cdn_join_room *room, cordon_error *err)
{
    struct cdn_outer_keys *keys = cdn_calloc(1, sizeof(*keys));
    cordon_status status;

    *out = NULL;
    if (!keys)
        return cdn_error_nomem(err);
    keys->room = *room;
    status = end_init(&keys->ends[0], source, room, err);
    if (!status)
        status = end_init(&keys->ends[1], target, room, err);
    if (!status)
        status = cdn_spill_open(&keys->rows, room->folder, 1, room->chunk_bytes, err);
    if (status) {
        cdn_outer_keys_free(keys);
        return status;
    }
    *out = keys;
    return CORDON_OK;
}

void cdn_outer_keys_free(struct cdn_outer_keys *keys)
{
    if (!keys)
        return;
    for (int e = 0; e < 2; e++) {
        cdn_spill_free(keys->ends[e].wanted);
        cdn_spill_free(keys->ends[e].found);
        cdn_free(keys->ends[e].places);
        cdn_buf_deinit(&keys->ends[e].missing);
    }
    cdn_spill_read_end(&keys->reader);
    cdn_spill_free(keys->rows);
    cdn_buf_deinit(&keys->record);
    cdn_buf_deinit(&keys->wanted);
    cdn_free(keys);
}

/* ---- keys as bytes ---- */

static void put_key(struct cdn_buf *out, enum cdn_key_type type,
                    const struct cdn_key *key, uint32_t most)
{
    uint32_t bytes;

    if (type == CDN_KEY_INT64) {
        cdn_buf_append(out, &key->integer, sizeof(key->integer));
        return;
    }
    bytes = key->bytes < most ? (uint32_t)key->bytes : most;
    cdn_buf_append(out, &bytes, sizeof(bytes));
    if (bytes > 0)
        cdn_buf_append(out, key->text, bytes);
}

/* The next key of a reader; its text goes behind what is in `text`. */
static cordon_status take_key(struct cdn_key *key, enum cdn_key_type type,
                              struct cdn_spill_reader *reader, struct cdn_buf *text,
                              cordon_error *err)
{
    uint32_t bytes = 0;

    *key = (struct cdn_key){0};
    if (type == CDN_KEY_INT64) {
        (void)cdn_spill_read(reader, &key->integer, sizeof(key->integer));
        return reader->status;
    }
    (void)cdn_spill_read(reader, &bytes, sizeof(bytes));
    if (!cdn_buf_reserve(text, (size_t)bytes + 1))
        return cdn_error_nomem(err);
    (void)cdn_spill_read(reader, text->data + text->length, bytes);
    key->text = (const char *)text->data + text->length;
    key->bytes = bytes;
    text->length += bytes;
    return reader->status;
}

static uint32_t partition_of(const struct cdn_spill *spill, enum cdn_key_type type,
                             const struct cdn_key *key)
{
    uint64_t hash = type == CDN_KEY_INT64
                        ? cdn_hash_xxh3(&key->integer, sizeof(key->integer))
                        : cdn_hash_xxh3(key->text, key->bytes);

    /* a power of two; the index uses the hash's low end */
    return (uint32_t)(hash >> 40) & (cdn_spill_partitions(spill) - 1);
}

/* ---- putting ---- */

static cordon_status put_end(struct cdn_outer_keys *keys, struct end *end,
                             const struct cdn_key *key, cordon_error *err)
{
    struct cdn_buf *wanted = &keys->wanted;
    unsigned char how = DEFERRED;
    uint32_t place;

    if (!end->wanted) {
        place = cdn_index_find(&end->label->index, key);
        how = place == CDN_INDEX_NONE ? MISSING : FOUND;
        cdn_buf_append(&keys->record, &how, 1);
        if (how == FOUND)
            cdn_buf_append(&keys->record, &place, sizeof(place));
        else
            put_key(&keys->record, end->type, key, KEY_MOST);
        return CORDON_OK;
    }
    cdn_buf_append(&keys->record, &how, 1);
    cdn_buf_clear(wanted);
    cdn_buf_append(wanted, &keys->count, sizeof(keys->count));
    put_key(wanted, end->type, key, UINT32_MAX);
    if (wanted->failed)
        return cdn_error_nomem(err);
    return cdn_spill_put(end->wanted, partition_of(end->wanted, end->type, key),
                         wanted->data, wanted->length, err);
}

cordon_status cdn_outer_keys_put(struct cdn_outer_keys *keys,
                                 const struct cdn_key *source,
                                 const struct cdn_key *target, uint64_t row,
                                 const struct cdn_rows *rows, cordon_error *err)
{
    cordon_status status;

    cdn_buf_clear(&keys->record);
    cdn_buf_append(&keys->record, &row, sizeof(row));
    status = put_end(keys, &keys->ends[0], source, err);
    if (!status)
        status = put_end(keys, &keys->ends[1], target, err);
    cdn_rows_pack(&keys->record, rows, rows->count, NULL);
    if (!status && keys->record.failed)
        status = cdn_error_nomem(err);
    if (!status)
        status =
            cdn_spill_put(keys->rows, 0, keys->record.data, keys->record.length, err);
    keys->count++;
    return status;
}

/* ---- the join ---- */

/* The label's keys, with their places, by hash. */
static cordon_status partition_label(struct cdn_spill **out, const struct end *end,
                                     const struct cdn_join_room *room,
                                     cordon_error *err)
{
    struct cdn_spill_reader reader = {0};
    struct cdn_buf record = {0};
    struct cdn_buf text = {0};
    cordon_status status = cdn_spill_open(
        out, room->folder, cdn_spill_partitions(end->wanted), room->chunk_bytes, err);

    if (!status)
        status = cdn_spill_read_begin(&reader, end->label->sorted, 0, err);
    for (uint32_t place = 0; !status && reader.left > 0; place++) {
        struct cdn_key key;

        cdn_buf_clear(&text);
        status = take_key(&key, end->type, &reader, &text, err);
        if (status)
            break;
        cdn_buf_clear(&record);
        cdn_buf_append(&record, &place, sizeof(place));
        put_key(&record, end->type, &key, UINT32_MAX);
        status = record.failed
                     ? cdn_error_nomem(err)
                     : cdn_spill_put(*out, partition_of(*out, end->type, &key),
                                     record.data, record.length, err);
    }
    cdn_spill_read_end(&reader);
    cdn_buf_deinit(&record);
    cdn_buf_deinit(&text);
    return status ? status : cdn_spill_flush_all(*out, err);
}

/* One partition of a label, in memory. */
struct share {
    struct cdn_index index; /* to numbers within the share */
    uint32_t *places;
    int64_t *integers;
    uint64_t *ends;
    struct cdn_buf text;
};

static void share_deinit(struct share *share)
{
    cdn_index_deinit(&share->index);
    cdn_free(share->places);
    cdn_free(share->integers);
    cdn_free(share->ends);
    cdn_buf_deinit(&share->text);
}

/* Keys come in order, as an index wants them. */
static cordon_status share_load(struct share *share, enum cdn_key_type type,
                                struct cdn_spill *spill, uint32_t partition,
                                cordon_error *err)
{
    uint32_t count = (uint32_t)cdn_spill_records(spill, partition);
    struct cdn_spill_reader reader = {0};
    cordon_status status;

    share->places = cdn_realloc_array(NULL, count, sizeof(*share->places));
    share->integers = cdn_realloc_array(NULL, type == CDN_KEY_INT64 ? count : 0,
                                        sizeof(*share->integers));
    share->ends = cdn_realloc_array(NULL, type == CDN_KEY_STRING ? count : 0,
                                    sizeof(*share->ends));
    if (!share->places || !share->integers || !share->ends)
        return cdn_error_nomem(err);
    status = cdn_spill_read_begin(&reader, spill, partition, err);
    for (uint32_t i = 0; !status && i < count; i++) {
        struct cdn_key key;

        (void)cdn_spill_read(&reader, &share->places[i], sizeof(uint32_t));
        status = take_key(&key, type, &reader, &share->text, err);
        if (type == CDN_KEY_INT64)
            share->integers[i] = key.integer;
        else
            share->ends[i] = share->text.length;
    }
    cdn_spill_read_end(&reader);
    if (status)
        return status;
    return type == CDN_KEY_INT64
               ? cdn_index_integers(&share->index, share->integers, count, err)
               : cdn_index_strings(&share->index, share->ends, share->text.data, count,
                                   err);
}

static cordon_status look_up(struct cdn_outer_keys *keys, struct end *end,
                             const struct share *share, uint32_t partition,
                             cordon_error *err)
{
    struct cdn_spill_reader reader;
    struct cdn_buf record = {0};
    struct cdn_buf text = {0};
    cordon_status status = cdn_spill_read_begin(&reader, end->wanted, partition, err);

    while (!status && reader.left > 0) {
        struct cdn_key key;
        uint64_t number = 0;
        uint32_t at;

        (void)cdn_spill_read(&reader, &number, sizeof(number));
        cdn_buf_clear(&text);
        status = take_key(&key, end->type, &reader, &text, err);
        if (status)
            break;
        at = cdn_index_find(&share->index, &key);
        cdn_buf_clear(&record);
        cdn_buf_append(&record, &number, sizeof(number));
        if (at != CDN_INDEX_NONE)
            at = share->places[at];
        cdn_buf_append(&record, &at, sizeof(at));
        if (at == CDN_INDEX_NONE)
            put_key(&record, end->type, &key, KEY_MOST);
        status = record.failed ? cdn_error_nomem(err)
                               : cdn_spill_put(end->found,
                                               (uint32_t)(number >> keys->range_shift),
                                               record.data, record.length, err);
    }
    cdn_spill_read_end(&reader);
    cdn_buf_deinit(&record);
    cdn_buf_deinit(&text);
    if (!status)
        cdn_spill_drop(end->wanted, partition);
    return status;
}

static cordon_status resolve_end(struct cdn_outer_keys *keys, struct end *end,
                                 cordon_error *err)
{
    uint32_t ranges = (uint32_t)((keys->count >> keys->range_shift) + 1);
    struct cdn_spill *label = NULL;
    cordon_status status = cdn_spill_flush_all(end->wanted, err);

    if (!status)
        status = cdn_spill_open(&end->found, keys->room.folder, ranges,
                                keys->room.chunk_bytes, err);
    if (!status)
        status = partition_label(&label, end, &keys->room, err);
    for (uint32_t p = 0; !status && p < cdn_spill_partitions(end->wanted); p++) {
        struct share share = {0};

        status = share_load(&share, end->type, label, p, err);
        if (!status)
            status = look_up(keys, end, &share, p, err);
        share_deinit(&share);
        if (!status)
            cdn_spill_drop(label, p);
    }
    cdn_spill_free(label);
    cdn_spill_free(end->wanted);
    end->wanted = NULL;
    return status ? status : cdn_spill_flush_all(end->found, err);
}

cordon_status cdn_outer_keys_resolve(struct cdn_outer_keys *keys, cordon_error *err)
{
    cordon_status status = cdn_spill_flush_all(keys->rows, err);

    keys->range_shift = 10;
    while ((UINT64_C(2) << keys->range_shift) * NUMBER_BYTES <=
           keys->room.memory_bytes / 2)
        keys->range_shift++;
    while (keys->count >> keys->range_shift >= keys->room.partitions)
        keys->range_shift++;
    for (int e = 0; e < 2; e++) {
        struct end *end = &keys->ends[e];

        if (status || !end->wanted)
            continue;
        end->places = cdn_realloc_array(NULL, (size_t)1 << keys->range_shift,
                                        sizeof(*end->places));
        status = end->places ? resolve_end(keys, end, err) : cdn_error_nomem(err);
    }
    if (!status)
        status = cdn_spill_read_begin(&keys->reader, keys->rows, 0, err);
    return status;
}

/* ---- reading back ---- */

static cordon_status load_range(struct cdn_outer_keys *keys, struct end *end,
                                uint32_t range, cordon_error *err)
{
    uint64_t first = (uint64_t)range << keys->range_shift;
    struct cdn_spill_reader reader;
    cordon_status status = cdn_spill_read_begin(&reader, end->found, range, err);

    cdn_buf_clear(&end->missing);
    while (!status && reader.left > 0) {
        struct cdn_key key;
        uint64_t number = first;
        uint64_t offset = end->missing.length;
        uint32_t place = 0;

        (void)cdn_spill_read(&reader, &number, sizeof(number));
        (void)cdn_spill_read(&reader, &place, sizeof(place));
        end->places[number - first] = place;
        if (place != CDN_INDEX_NONE)
            continue;
        end->places[number - first] = AT_MISSING | offset;
        status = take_key(&key, end->type, &reader, &end->missing, err);
        if (end->type == CDN_KEY_INT64)
            cdn_buf_append(&end->missing, &key.integer, sizeof(key.integer));
        else
            cdn_buf_append(&end->missing, "", 1);
        if (!status && end->missing.failed)
            status = cdn_error_nomem(err);
    }
    if (!status)
        status = reader.status;
    cdn_spill_read_end(&reader);
    if (!status)
        cdn_spill_drop(end->found, range);
    return status;
}

static void place_of(struct cdn_joined *out, int e, const struct end *end,
                     uint64_t number)
{
    uint64_t place = end->places[number];
    const unsigned char *at;

    if (!(place & AT_MISSING)) {
        out->places[e] = (uint32_t)place;
        return;
    }
    out->places[e] = CDN_INDEX_NONE;
    at = end->missing.data + (place & ~AT_MISSING);
    if (end->type == CDN_KEY_INT64) {
        memcpy(&out->keys[e].integer, at, sizeof(out->keys[e].integer));
    } else {
        out->keys[e].text = (const char *)at;
        out->keys[e].bytes = strlen(out->keys[e].text);
    }
}

static cordon_status read_end(struct cdn_outer_keys *keys, struct cdn_joined *out,
                              int e, cordon_error *err)
{
    struct end *end = &keys->ends[e];
    uint64_t within = keys->next & ((UINT64_C(1) << keys->range_shift) - 1);
    unsigned char how = FOUND;

    (void)cdn_spill_read(&keys->reader, &how, 1);
    if (how == DEFERRED) {
        place_of(out, e, end, within);
        return keys->reader.status;
    }
    if (how == FOUND) {
        (void)cdn_spill_read(&keys->reader, &out->places[e], sizeof(out->places[e]));
        return keys->reader.status;
    }
    out->places[e] = CDN_INDEX_NONE;
    cdn_buf_clear(&end->missing);
    return take_key(&out->keys[e], end->type, &keys->reader, &end->missing, err);
}

cordon_status cdn_outer_keys_next(struct cdn_outer_keys *keys, struct cdn_joined *out,
                                  struct cdn_rows *rows, bool *more, cordon_error *err)
{
    uint64_t mask = (UINT64_C(1) << keys->range_shift) - 1;
    cordon_status status = CORDON_OK;

    *out = (struct cdn_joined){0};
    *more = keys->reader.left > 0;
    if (!*more)
        return CORDON_OK;
    for (int e = 0; !status && e < 2 && (keys->next & mask) == 0; e++)
        if (keys->ends[e].found)
            status = load_range(keys, &keys->ends[e],
                                (uint32_t)(keys->next >> keys->range_shift), err);
    (void)cdn_spill_read(&keys->reader, &out->row, sizeof(out->row));
    for (int e = 0; !status && e < 2; e++)
        status = read_end(keys, out, e, err);
    if (!status)
        status = cdn_rows_unpack(rows, &keys->reader, NULL, err);
    keys->next++;
    return status;
}
