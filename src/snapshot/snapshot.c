/* Snapshot handles, and reading single values with every index checked.
 *
 * A handle is a small copy of what the shared open file holds, with its own generation
 * number and count of references. */
#include "snapshot/slice.h"
#include "snapshot/snapshot.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "snapshot/file.h"
#include "snapshot/store.h"
#include "snapshot/writer.h"

static cordon_status verify_all(const cordon_snapshot *snapshot, const char *path,
                                cordon_error *err);

/* A generation of a store that is removed between reading its name and opening it is no
 * longer the current one: look again, so many times. */
#define OPEN_TRIES 8

static cordon_status take_options(cordon_snapshot_options *out,
                                  const cordon_snapshot_options *options,
                                  cordon_error *err)
{
    if (!options)
        return CORDON_OK;
    if (options->struct_size != sizeof(*out) ||
        options->verify > CORDON_VERIFY_STRUCTURE)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "snapshot options of an unknown size or kind");
    *out = *options;
    return CORDON_OK;
}

static cordon_status acquire(struct cdn_snapshot_file **out, uint64_t *generation,
                             const char *path, uint64_t wanted, cordon_error *err)
{
    char resolved[PATH_MAX];
    cordon_status status;
    struct stat stat_of;

    *generation = 0;
    if (stat(path, &stat_of))
        return cdn_error_errno(err, errno, "%s", path);
    if (!S_ISDIR(stat_of.st_mode)) {
        if (wanted != 0)
            return cdn_error_set(
                err, CORDON_E_INVALID,
                "%s is one file, not a store: it has no generation %llu", path,
                (unsigned long long)wanted);
        if (S_ISREG(stat_of.st_mode)) {
            status = cdn_slice_read(out, generation, path, err);
            if (status || *out)
                return status;
        }
        return cdn_file_acquire(out, path, err);
    }
    for (int i = 0; i < OPEN_TRIES; i++) {
        *generation = wanted;
        status = cdn_store_resolve(resolved, sizeof(resolved), generation, path, err);
        if (status)
            return status;
        status = cdn_file_acquire(out, resolved, err);
        if (status != CORDON_E_NOTFOUND || wanted != 0)
            return status;
    }
    return status;
}

cordon_status cdn_snapshot_wrap_take(cordon_snapshot **out,
                                     struct cdn_snapshot_file *file,
                                     cordon_verify verify, uint64_t generation,
                                     const char *name, cordon_error *err)
{
    const cordon_snapshot *content = cdn_file_content(file);
    cordon_snapshot *snapshot = NULL;
    cordon_status status = CORDON_OK;

    if (verify == CORDON_VERIFY_STRUCTURE)
        status = cdn_file_raw(&content, file, err);
    if (!status) {
        snapshot = cdn_alloc(sizeof(*snapshot));
        if (!snapshot)
            status = cdn_error_nomem(err);
    }
    if (status) {
        cdn_file_release(file);
        return status;
    }
    *snapshot = *content;
    snapshot->generation = generation;
    snapshot->references = 1;
    if (verify == CORDON_VERIFY_FULL)
        status = verify_all(snapshot, name, err);
    if (status) {
        cordon_snapshot_release(snapshot);
        return status;
    }
    *out = snapshot;
    return CORDON_OK;
}

cordon_status cordon_snapshot_open(cordon_snapshot **out, const char *path,
                                   const cordon_snapshot_options *options,
                                   cordon_error *err)
{
    cordon_snapshot_options wanted = CORDON_SNAPSHOT_OPTIONS_INIT;
    struct cdn_snapshot_file *file = NULL;
    uint64_t generation = 0;
    cordon_status status;

    if (!out || !path)
        return cdn_error_set(err, CORDON_E_INVALID, "out and path must not be NULL");
    *out = NULL;
    cdn_error_clear(err);
    status = take_options(&wanted, options, err);
    if (!status)
        status = acquire(&file, &generation, path, wanted.generation, err);
    if (status)
        return status;
    return cdn_snapshot_wrap_take(out, file, wanted.verify, generation, path, err);
}

cordon_status cordon_snapshot_refresh(cordon_snapshot **snapshot, const char *store,
                                      const cordon_snapshot_options *options,
                                      bool *moved, cordon_error *err)
{
    cordon_snapshot_options wanted = CORDON_SNAPSHOT_OPTIONS_INIT;
    cordon_snapshot *fresh = NULL;
    char path[PATH_MAX];
    uint64_t generation = 0;
    cordon_status status;
    struct stat stat_of;

    if (moved)
        *moved = false;
    if (!snapshot || !store)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "snapshot and store must not be NULL");
    cdn_error_clear(err);
    status = take_options(&wanted, options, err);
    if (!status && wanted.generation != 0)
        status = cdn_error_set(err, CORDON_E_INVALID,
                               "refreshing follows CURRENT; no generation can be asked "
                               "for");
    if (!status)
        status = cdn_store_resolve(path, sizeof(path), &generation, store, err);
    if (status)
        return status;
    if (*snapshot && !stat(path, &stat_of) &&
        cdn_file_is((*snapshot)->file, stat_of.st_dev, stat_of.st_ino))
        return CORDON_OK;
    status = cordon_snapshot_open(&fresh, store, &wanted, err);
    if (status)
        return status;
    cordon_snapshot_release(*snapshot);
    *snapshot = fresh;
    if (moved)
        *moved = true;
    return CORDON_OK;
}

cordon_snapshot *cordon_snapshot_retain(cordon_snapshot *snapshot)
{
    if (snapshot)
        __atomic_add_fetch(&snapshot->references, 1, __ATOMIC_RELAXED);
    return snapshot;
}

void cordon_snapshot_release(cordon_snapshot *snapshot)
{
    if (!snapshot || __atomic_sub_fetch(&snapshot->references, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    cdn_file_release(snapshot->file);
    cdn_free(snapshot);
}

uint64_t cordon_snapshot_generation(const cordon_snapshot *snapshot)
{
    return snapshot->generation;
}

uint64_t cordon_snapshot_identity(const cordon_snapshot *snapshot)
{
    return snapshot->identity;
}

uint64_t cordon_snapshot_node_count(const cordon_snapshot *snapshot)
{
    return snapshot->node_count;
}

uint64_t cordon_snapshot_edge_count(const cordon_snapshot *snapshot)
{
    return snapshot->edge_count;
}

uint64_t cordon_snapshot_segment_count(const cordon_snapshot *snapshot)
{
    return snapshot->segment_count;
}

/* The first finding, for the error of an open with full verification. */
struct first_finding {
    char text[CORDON_ERROR_MESSAGE_BYTES / 2];
};

static void keep_first(void *ud, const char *finding)
{
    struct first_finding *first = ud;

    if (first->text[0] == '\0')
        (void)snprintf(first->text, sizeof(first->text), "%s", finding);
}

static cordon_status verify_all(const cordon_snapshot *snapshot, const char *path,
                                cordon_error *err)
{
    struct first_finding first = {{0}};
    uint64_t findings = 0;
    cordon_status status =
        cdn_snapshot_verify(snapshot, keep_first, &first, &findings, err);

    if (status || findings == 0)
        return status;
    return cdn_error_set(err, CORDON_E_CORRUPT, "%s: %s (%llu findings in all)", path,
                         first.text, (unsigned long long)findings);
}

cordon_status cordon_snapshot_warm(cordon_snapshot *snapshot, cordon_error *err)
{
    struct cdn_guard *guard;
    char damage[CORDON_ERROR_MESSAGE_BYTES];

    if (!snapshot)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "cordon_snapshot_warm: no snapshot; it must not be NULL");
    guard = cdn_file_guard(snapshot->file);
    for (size_t i = guard->count; i-- > 0;) /* as cdn_adjacency_offsets() wants it */
        if (!cdn_guard_get(guard, &guard->slots[i])) {
            (void)cdn_snapshot_damage(snapshot, damage, sizeof(damage));
            return cdn_error_set(err, CORDON_E_CORRUPT, "the snapshot is damaged: %s",
                                 damage);
        }
    return CORDON_OK;
}

bool cdn_snapshot_damage(const cordon_snapshot *snapshot, char *out, size_t size)
{
    const struct cdn_guard *guard;
    const struct cdn_segment *segment;
    char name[4 * CDN_SCHEMA_MAX_NAME + 64];
    const char *path;
    size_t fault = 0;
    size_t length;

    if (snapshot && snapshot->file) {
        guard = cdn_file_guard(snapshot->file);
        fault = __atomic_load_n(&guard->first_fault, __ATOMIC_RELAXED);
    }
    if (fault == 0)
        return false;
    segment = &guard->segments[fault - 1];
    cdn_segment_name(&snapshot->schema, segment->array, name, sizeof(name));
    path = cdn_file_path(snapshot->file);
    length = strlen(path);
    (void)snprintf(out, size,
                   "segment %.200s (array %08x), block %u of %s%s does not match its "
                   "checksum; cordon snapshot verify tells more; import again, or "
                   "restore the file",
                   name, segment->array, segment->block, length > 200 ? "..." : "",
                   length > 200 ? path + length - 200 : path);
    return true;
}

const char *cdn_snapshot_path(const cordon_snapshot *snapshot)
{
    size_t size;

    if (!snapshot->file || cdn_file_bytes(snapshot->file, &size))
        return NULL;
    return cdn_file_path(snapshot->file);
}

bool cdn_snapshot_bytes(const cordon_snapshot *snapshot, const void **bytes,
                        size_t *size)
{
    *size = 0;
    *bytes = snapshot->file ? cdn_file_bytes(snapshot->file, size) : NULL;
    return *bytes != NULL;
}

cordon_status cdn_snapshot_sealed(int *fd, const cordon_snapshot *snapshot,
                                  cordon_error *err)
{
    const void *bytes;
    size_t size;

    *fd = -1;
    if (!cdn_snapshot_bytes(snapshot, &bytes, &size))
        return cdn_error_set(err, CORDON_E_INVALID,
                             "the snapshot is a file, not a graph in memory");
    return cdn_file_sealed(fd, snapshot->file, err);
}

const uint32_t *cdn_adjacency_check(const struct cdn_adjacency *adjacency,
                                    uint32_t block)
{
    struct cdn_guard *guard = adjacency->guard;

    if (!CDN_BLOCK(guard, adjacency->peers, block) ||
        (adjacency->times && !CDN_BLOCK(guard, adjacency->times, block)) ||
        (adjacency->ids && !CDN_BLOCK(guard, adjacency->ids, block)))
        return NULL;
    return CDN_BLOCK(guard, adjacency->offsets, block);
}

const char *cdn_dictionary_get(const struct cdn_dictionary *dictionary, uint32_t index,
                               size_t *bytes)
{
    const uint64_t *offsets;
    const char *text;
    uint64_t start;
    uint64_t end;

    *bytes = 0;
    if (index >= dictionary->count)
        return NULL;
    offsets = CDN_BLOCK(dictionary->guard, dictionary->offsets, 0);
    text = CDN_BLOCK(dictionary->guard, dictionary->bytes, 0);
    if (!offsets || !text)
        return NULL;
    start = offsets[index];
    end = offsets[index + 1];
    if (start > end || end > dictionary->size)
        return NULL;
    *bytes = end - start;
    return text + start;
}

static int compare_bytes(const char *a, size_t a_bytes, const char *b, size_t b_bytes)
{
    size_t common = a_bytes < b_bytes ? a_bytes : b_bytes;
    int order = common ? memcmp(a, b, common) : 0;

    if (order || a_bytes == b_bytes)
        return order;
    return a_bytes < b_bytes ? -1 : 1;
}

int64_t cdn_dictionary_find(const struct cdn_dictionary *dictionary, const char *text,
                            size_t bytes)
{
    uint32_t low = 0;
    uint32_t high = dictionary->count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        size_t length;
        const char *entry = cdn_dictionary_get(dictionary, middle, &length);
        int order = entry ? compare_bytes(entry, length, text, bytes) : 0;

        if (!entry)
            return -1;
        if (order == 0)
            return middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return -1;
}

static const char *heap_entry(const struct cdn_column *column, uint32_t block,
                              uint32_t index, size_t *bytes)
{
    const uint32_t *offsets = CDN_BLOCK(column->guard, column->values, block);
    const char *heap = CDN_BLOCK(column->guard, column->heap, block);
    uint32_t start;
    uint32_t end;

    *bytes = 0;
    if (!offsets || !heap)
        return NULL;
    start = offsets[index];
    end = offsets[index + 1];
    if (start > end || end > column->heap_bytes[block])
        return NULL;
    *bytes = end - start;
    return heap + start;
}

const char *cdn_column_bytes(const struct cdn_column *column, uint32_t block,
                             uint32_t index, size_t *bytes)
{
    if (column->property->type == CDN_COLUMN_STRING) {
        const uint32_t *codes = CDN_BLOCK(column->guard, column->values, block);

        *bytes = 0;
        return codes ? cdn_dictionary_get(&column->dictionary, codes[index], bytes)
                     : NULL;
    }
    return heap_entry(column, block, index, bytes);
}

bool cdn_column_cell(struct cdn_cell *out, const struct cdn_column *column,
                     uint32_t block, uint32_t index)
{
    struct cdn_cells cells;

    memset(out, 0, sizeof(*out));
    if (!cdn_column_cells(column, block, &cells))
        return false;
    out->null = !cdn_cells_present(&cells, index);
    if (out->null)
        return true;
    switch (column->property->type) {
    case CDN_COLUMN_BOOL:
        out->as.boolean = ((const uint8_t *)cells.values)[index] != 0;
        return true;
    case CDN_COLUMN_INT64:
    case CDN_COLUMN_TIMESTAMP:
        out->as.integer = cdn_column_integer(column, cells.values, index);
        return true;
    case CDN_COLUMN_FLOAT64:
        out->as.number = ((const double *)cells.values)[index];
        return true;
    case CDN_COLUMN_STRING:
    case CDN_COLUMN_TEXT:
    case CDN_COLUMN_BAG:
        break;
    }
    out->as.string.text = cdn_column_bytes(column, block, index, &out->as.string.bytes);
    return out->as.string.text != NULL;
}

uint32_t cdn_snapshot_label_of(const cordon_snapshot *snapshot, uint32_t node)
{
    uint32_t low = 0;
    uint32_t high = snapshot->label_count;

    if (node >= snapshot->node_count)
        return snapshot->label_count;
    /* the last label whose base is not above the node: empty labels share a base with
     * the next one, and the last of those is the one with nodes */
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;

        if (snapshot->labels[middle].base <= node)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* Decimal as we write it: no plus, no leading zero, no space, no -0. */
static bool parse_key(int64_t *out, const char *text, size_t bytes)
{
    bool negative = bytes > 0 && text[0] == '-';
    size_t at = negative;
    uint64_t value = 0;

    if (at >= bytes || bytes - at > 19 ||
        (text[at] == '0' && (bytes - at > 1 || negative)))
        return false;
    for (; at < bytes; at++) {
        if (text[at] < '0' || text[at] > '9')
            return false;
        value = value * 10 + (uint64_t)(text[at] - '0'); /* 19 digits fit */
    }
    if (value > (uint64_t)INT64_MAX + negative)
        return false;
    *out = negative ? (int64_t)(0 - value) : (int64_t)value;
    return true;
}

/* False: damaged. */
static inline bool integer_key(int64_t *out, const struct cdn_label_data *label,
                               uint32_t node)
{
    uint32_t mask = (UINT32_C(1) << label->shift) - 1;
    const int64_t *keys =
        CDN_BLOCK(label->guard, label->integer_keys, node >> label->shift);

    if (!keys)
        return false;
    *out = keys[node & mask];
    return true;
}

/* Ids are often close to evenly spread: a few steps of interpolation land near or on
 * the key; what is left is bisected. */
static uint32_t find_integer(const struct cdn_label_data *label, int64_t key)
{
    uint32_t low = 0;
    uint32_t high = label->count; /* exclusive */

    for (int steps = 0; low < high; steps++) {
        uint32_t at = low + (high - low) / 2;
        int64_t found;

        if (steps < 4 && high - low > 8) {
            int64_t first;
            int64_t last;

            if (!integer_key(&first, label, low) ||
                !integer_key(&last, label, high - 1))
                return CDN_DAMAGED_NODE;
            if (key < first || key > last || first > last)
                return CDN_NO_NODE;
            if (first < last)
                at = low +
                     (uint32_t)((unsigned __int128)((uint64_t)key - (uint64_t)first) *
                                (high - 1 - low) / ((uint64_t)last - (uint64_t)first));
        }
        if (!integer_key(&found, label, at))
            return CDN_DAMAGED_NODE;
        if (found == key)
            return at;
        if (found < key)
            low = at + 1;
        else
            high = at;
    }
    return CDN_NO_NODE;
}

static uint32_t find_text(const struct cdn_label_data *label, const char *key,
                          size_t bytes)
{
    uint32_t mask = (UINT32_C(1) << label->shift) - 1;
    uint32_t low = 0;
    uint32_t high = label->count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        size_t length;
        const char *entry = heap_entry(&label->text_keys, middle >> label->shift,
                                       middle & mask, &length);
        int order;

        if (!entry)
            return CDN_DAMAGED_NODE;
        order = compare_bytes(entry, length, key, bytes);
        if (order == 0)
            return middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return CDN_NO_NODE;
}

uint32_t cdn_snapshot_find(const cordon_snapshot *snapshot, uint32_t label,
                           const char *key, size_t bytes)
{
    const struct cdn_label_data *data;
    uint32_t node;
    int64_t integer;

    if (label >= snapshot->label_count)
        return CDN_NO_NODE;
    data = &snapshot->labels[label];
    if (data->schema->key == CDN_KEY_STRING)
        node = find_text(data, key, bytes);
    else if (parse_key(&integer, key, bytes))
        node = find_integer(data, integer);
    else
        node = CDN_NO_NODE;
    return node >= CDN_DAMAGED_NODE ? node : data->base + node;
}

const char *cdn_snapshot_key(const cordon_snapshot *snapshot, uint32_t node, char *room,
                             size_t *bytes)
{
    uint32_t number = cdn_snapshot_label_of(snapshot, node);
    const struct cdn_label_data *label;
    uint64_t rest;
    int64_t key;
    char *at = room + 23;

    *bytes = 0;
    if (number >= snapshot->label_count)
        return NULL;
    label = &snapshot->labels[number];
    node -= label->base;
    if (label->schema->key == CDN_KEY_STRING)
        return heap_entry(&label->text_keys, node >> label->shift,
                          node & ((UINT32_C(1) << label->shift) - 1), bytes);
    if (!integer_key(&key, label, node))
        return NULL;
    rest = key < 0 ? 0 - (uint64_t)key : (uint64_t)key;
    *at = '\0';
    do {
        *--at = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (key < 0)
        *--at = '-';
    *bytes = (size_t)(room + 23 - at);
    return at;
}

/* The last of `count` + 1 ascending numbers that is not above `wanted`. */
static uint32_t block_of(const struct cdn_adjacency *adjacency, uint64_t position)
{
    uint32_t low = 0;
    uint32_t high = adjacency->block_count;

    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;

        if (adjacency->first[middle] <= position)
            low = middle;
        else
            high = middle;
    }
    return low;
}

bool cdn_snapshot_edge(const cordon_snapshot *snapshot, uint64_t id, bool with_source,
                       struct cdn_edge_place *out)
{
    const struct cdn_relation *relation;
    uint32_t low = 0;
    uint32_t high = snapshot->relation_count;
    const uint32_t *offsets;
    uint32_t nodes;

    if (id >= snapshot->edge_count)
        return false;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;

        if (snapshot->relations[middle].edge_base <= id)
            low = middle;
        else
            high = middle;
    }
    relation = &snapshot->relations[low];
    out->relation = relation;
    out->relation_number = low;
    out->block = block_of(&relation->outgoing, id - relation->edge_base);
    out->index =
        (uint32_t)(id - relation->edge_base - relation->outgoing.first[out->block]);
    out->source = CDN_NO_NODE;
    if (!with_source)
        return true;
    offsets = cdn_adjacency_offsets(&relation->outgoing, out->block);
    if (!offsets)
        return false;
    nodes = relation->source_count - (out->block << relation->outgoing.shift);
    if (nodes > UINT32_C(1) << relation->outgoing.shift)
        nodes = UINT32_C(1) << relation->outgoing.shift;
    low = 0;
    high = nodes;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;

        if (offsets[middle] <= out->index)
            low = middle;
        else
            high = middle;
    }
    if (offsets[low] > out->index || offsets[low + 1] <= out->index)
        return false; /* damaged offsets */
    out->source =
        relation->source_base + (out->block << relation->outgoing.shift) + low;
    return true;
}
