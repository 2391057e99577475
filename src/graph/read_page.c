/* A node's edges in order, a page at a time: see read.h.
 *
 * All lists of the query are merged from one end: by time, then the other end, then the edge's
 * id, which is the order that a rule's each() has for lists of one type (merge.c), and a whole
 * one over types.  Every list is sorted by it, so that where the next page begins is a binary
 * search in each.
 *
 * A cursor is where the page before ended: a list, and how many edges of it had been passed,
 * both counted among what the principal may see, so that it tells nothing more; whatever
 * numbers a forged one holds, it leads to edges that may be read.  Two digests say what it is
 * of: the query; and the snapshot with the lists that are granted. */
#include "graph/read.h"

#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"

/* Room that is kept for what comes behind the edges. */
#define TAIL          128
#define DEFAULT_LIMIT 100

/* Where an edge stands in the order. */
struct rank {
    int64_t time; /* INT64_MIN: it has none */
    uint32_t peer;
    uint64_t id;
};

struct head {
    const struct cdn_read_list *list;
    struct cdn_reach reach;
    uint32_t begin; /* where the window does, from the end that is read first */
};

struct page {
    struct cdn_reader *reader;
    struct head *heads;
    uint32_t head_count;
    bool newest;
    uint64_t limit, count;
    uint32_t last; /* the head of the last edge that was passed; head_count: none */
    uint64_t query_digest, ground_digest;
    cordon_status status;
};

/* ---- order ---- */

static bool rank_of(struct page *page, const struct cdn_reach *reach, uint32_t position,
                    struct rank *out)
{
    out->time = reach->list.times ? reach->list.times[position] : INT64_MIN;
    out->peer = reach->list.peers[position];
    if (cdn_reach_edge_id(reach, position, &out->id))
        return true;
    page->status = cdn_reader_damaged(page->reader, "an edge number is out of range");
    return false;
}

static bool before(const struct rank *a, const struct rank *b)
{
    if (a->time != b->time)
        return a->time < b->time;
    return a->peer != b->peer ? a->peer < b->peer : a->id < b->id;
}

/* The head whose next edge comes next; head_count: none has one, or status is set. */
static uint32_t pick(struct page *page)
{
    uint32_t best = page->head_count;
    struct rank first = {0}, rank;

    for (uint32_t i = 0; i < page->head_count; i++) {
        const struct cdn_reach *reach = &page->heads[i].reach;

        if (reach->low >= reach->high)
            continue;
        if (!rank_of(page, reach, page->newest ? reach->high - 1 : reach->low, &rank))
            return page->head_count;
        if (best == page->head_count ||
            (page->newest ? before(&first, &rank) : before(&rank, &first))) {
            best = i;
            first = rank;
        }
    }
    return best;
}

/* Leave of a list what comes behind an edge. */
static void skip_to(struct page *page, struct cdn_reach *reach,
                    const struct rank *after)
{
    uint32_t low = reach->low, high = reach->high;
    struct rank rank;

    while (low < high && !page->status) {
        uint32_t middle = low + (high - low) / 2;

        if (!rank_of(page, reach, middle, &rank))
            return;
        /* newest: the first that is not before it; oldest: the first that is after it */
        if (page->newest ? before(&rank, after) : !before(after, &rank))
            low = middle + 1;
        else
            high = middle;
    }
    if (page->newest)
        reach->high = low;
    else
        reach->low = low;
}

/* ---- cursors ---- */

static uint64_t mix_text(uint64_t digest, const char *text, size_t bytes)
{
    return cdn_hash_mix(cdn_hash_mix(digest, bytes), cdn_hash_xxh3(text, bytes));
}

static void digest(struct page *page)
{
    const struct cdn_reader *reader = page->reader;
    const cordon_query *query = reader->query;
    uint64_t of = cdn_hash_mix(0, reader->node);

    of = cdn_hash_mix(of, (uint64_t)query->direction << 1 | page->newest);
    of = cdn_hash_mix(of, (uint64_t)query->since_ms);
    of = cdn_hash_mix(of, (uint64_t)query->until_ms);
    of = cdn_hash_mix(of, (uint64_t)reader->as_of_ms);
    of = cdn_hash_mix(of, query->type_count);
    for (size_t i = 0; i < query->type_count; i++)
        of = mix_text(of, query->types[i], strlen(query->types[i]));
    for (uint32_t c = 0; c < reader->condition_count; c++) {
        const struct cdn_operation *condition = &reader->conditions[c];
        uint64_t bits = 0;

        of = mix_text(of, query->where[c].property, strlen(query->where[c].property));
        of = cdn_hash_mix(of, (uint64_t)condition->compare << 8 | condition->operand);
        if (condition->operand == CDN_OPERAND_NUMBER)
            memcpy(&bits, &condition->as.number, sizeof bits);
        else if (condition->operand == CDN_OPERAND_BOOLEAN)
            bits = condition->as.boolean;
        of = condition->operand == CDN_OPERAND_STRING
                 ? mix_text(of, condition->as.text, condition->bytes)
                 : cdn_hash_mix(of, bits);
    }
    page->query_digest = of;
    of = cdn_hash_mix(0, reader->snapshot->identity);
    for (uint32_t i = 0; i < page->head_count; i++)
        of = cdn_hash_mix(of, (uint64_t)page->heads[i].list->relation << 1 |
                                  page->heads[i].list->bound.incoming);
    page->ground_digest = of;
}

static void put_number(unsigned char *at, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        at[i] = (unsigned char)(value >> (8 * (bytes - 1 - i)));
}

static uint64_t take_number(const unsigned char *at, int bytes)
{
    uint64_t value = 0;

    for (int i = 0; i < bytes; i++)
        value = value << 8 | at[i];
    return value;
}

_Static_assert(CORDON_CURSOR_BYTES == 2 * (8 + 8 + 4 + 4), "two digests and a place");

static void put_cursor(const struct page *page)
{
    struct cdn_packer *out = page->reader->out;
    const struct head *head = &page->heads[page->last];
    unsigned char bytes[CORDON_CURSOR_BYTES / 2];
    char text[CORDON_CURSOR_BYTES + 1];

    put_number(bytes, page->query_digest, 8);
    put_number(bytes + 8, page->ground_digest, 8);
    put_number(bytes + 16, page->last, 4);
    put_number(bytes + 20,
               page->newest ? head->begin - head->reach.high
                            : head->reach.low - head->begin,
               4);
    cdn_pack_str(out, cdn_hash_hex(text, bytes, sizeof bytes), CORDON_CURSOR_BYTES);
}

static cordon_status no_cursor(struct page *page)
{
    return cdn_error_set(
        page->reader->err, CORDON_E_INVALID,
        "cursor: '%.60s' is none; it is what the page before ended with",
        page->reader->query->cursor);
}

/* Bring every list to behind the edge that the page before ended with. */
static cordon_status take_cursor(struct page *page)
{
    const char *text = page->reader->query->cursor;
    unsigned char bytes[CORDON_CURSOR_BYTES / 2];
    struct cdn_reach *reach;
    struct rank after;
    uint32_t passed;

    if (!cdn_hash_from_hex(bytes, sizeof bytes, text))
        return no_cursor(page);
    if (take_number(bytes, 8) != page->query_digest)
        return cdn_error_set(page->reader->err, CORDON_E_INVALID,
                             "cursor: it is of another query; only the limit and the "
                             "properties may change from page to page");
    if (take_number(bytes + 8, 8) != page->ground_digest)
        return cdn_error_set(
            page->reader->err, CORDON_E_CONFLICT,
            "cursor: the graph is another than the page before was read "
            "from, or what is granted of it; begin anew, without a "
            "cursor");
    page->last = (uint32_t)take_number(bytes + 16, 4);
    passed = (uint32_t)take_number(bytes + 20, 4);
    if (page->last >= page->head_count)
        return no_cursor(page);
    reach = &page->heads[page->last].reach;
    if (!passed || passed > reach->high - reach->low)
        return no_cursor(page);
    if (!rank_of(page, reach,
                 page->newest ? reach->high - passed : reach->low + passed - 1, &after))
        return page->status;
    for (uint32_t i = 0; i < page->head_count && !page->status; i++)
        skip_to(page, &page->heads[i].reach, &after);
    return page->status;
}

/* ---- the page ---- */

static cordon_status open_heads(struct page *page)
{
    struct cdn_reader *reader = page->reader;
    uint32_t label = cdn_snapshot_label_of(reader->snapshot, reader->node);
    cordon_status status = CORDON_OK;

    page->heads = cdn_calloc((size_t)reader->list_count + 1, sizeof *page->heads);
    if (!page->heads)
        return cdn_error_nomem(reader->err);
    for (uint32_t i = 0; i < reader->list_count && !status; i++) {
        const struct cdn_read_list *list = &reader->lists[i];
        struct head *head = &page->heads[page->head_count];

        if (!list->followed || !cdn_read_list_of(list, label))
            continue;
        head->list = list;
        if (!cdn_reader_open(reader, list, reader->node, &head->reach, &status))
            return status; /* or it is stopped */
        head->begin = page->newest ? head->reach.high : head->reach.low;
        page->head_count++;
    }
    return status;
}

static cordon_status put_one(struct page *page, const struct head *head,
                             uint32_t position, uint32_t peer)
{
    struct cdn_reader *reader = page->reader;
    struct cdn_packer *out = reader->out;
    cordon_status status;

    cdn_pack_map(out, 5);
    cdn_pack_cstr(out, "type");
    cdn_pack_cstr(out, head->list->bound.relation->schema->type);
    cdn_pack_cstr(out, "direction");
    cdn_pack_cstr(out, head->list->bound.incoming ? "incoming" : "outgoing");
    cdn_pack_cstr(out, "node");
    status = cdn_read_put_node(reader, peer, false);
    if (!status)
        status = cdn_read_put_edge(reader, head->list, &head->reach, position);
    return status;
}

/* The next edge of a head, if it passes; false: the page ends before it. */
static bool take_one(struct page *page, uint32_t number)
{
    struct cdn_reader *reader = page->reader;
    struct head *head = &page->heads[number];
    uint32_t position = page->newest ? head->reach.high - 1 : head->reach.low;
    size_t mark = reader->out->length;
    uint64_t nodes = reader->nodes;
    uint32_t peer;

    if (!cdn_reader_edges(reader, 1))
        return false;
    if (cdn_reader_passes(reader, head->list, &head->reach, position, &peer,
                          &page->status)) {
        if (!cdn_reader_nodes(reader, 1))
            return false;
        page->status = put_one(page, head, position, peer);
        if (reader->out->failed) {
            reader->out->length = mark;
            reader->out->failed = false;
            reader->nodes = nodes;
            reader->stop = CDN_STOP_OUTPUT;
            return false;
        }
        page->count++;
    }
    if (page->status)
        return false;
    page->last = number;
    if (page->newest)
        head->reach.high--;
    else
        head->reach.low++;
    return true;
}

/* A page has to get further, or whoever asks for the next would ask for ever. */
static cordon_status too_little(struct page *page)
{
    struct cdn_reader *reader = page->reader;

    return cdn_error_set(
        reader->err, CORDON_E_INVALID,
        "%s: the limit is too low for one edge to be read; a page needs "
        "one edge and one more for each of its %u lists, a node for each "
        "edge, and room for what is shown of it",
        cdn_reader_stopped(reader), page->head_count);
}

static cordon_status write_page(struct page *page)
{
    struct cdn_reader *reader = page->reader;
    struct cdn_packer *out = reader->out;
    size_t size = out->size, at;
    bool further = false, more = false;
    const char *stopped;
    uint32_t next;

    cdn_pack_map(out, 5);
    cdn_pack_cstr(out, "generation");
    cdn_pack_int(out, (int64_t)reader->snapshot->generation);
    cdn_pack_cstr(out, "node");
    cdn_pack_map(out, 2);
    page->status = cdn_read_put_name(reader, reader->node);
    cdn_pack_cstr(out, "edges");
    at = cdn_read_put_count(out, false);
    out->size = size > TAIL ? size - TAIL : 0;
    if (!page->status && out->length > out->size)
        reader->stop = CDN_STOP_OUTPUT;
    while (!page->status && !reader->stop) {
        next = pick(page);
        more = next < page->head_count;
        if (!more || page->count == page->limit || !take_one(page, next))
            break;
        further = true;
    }
    out->size = size;
    stopped = cdn_reader_stopped(reader);
    if (page->status || reader->stop == CDN_STOP_CANCELLED)
        return page->status;
    if (stopped && !further)
        return too_little(page);
    cdn_read_set_count(out, at, (uint32_t)page->count);
    cdn_pack_cstr(out, "stopped");
    if (stopped)
        cdn_pack_cstr(out, stopped);
    else
        cdn_pack_nil(out);
    cdn_pack_cstr(out, "cursor");
    if (stopped || more)
        put_cursor(page);
    else
        cdn_pack_nil(out);
    return CORDON_OK;
}

cordon_status cdn_read_page(struct cdn_reader *reader)
{
    const cordon_query *query = reader->query;
    struct page page = {.reader = reader,
                        .newest = query->order == CORDON_ORDER_NEWEST,
                        .limit = query->limit ? query->limit : DEFAULT_LIMIT};
    cordon_status status;

    if (query->limit > CORDON_MAX_PAGE)
        return cdn_error_set(reader->err, CORDON_E_INVALID,
                             "limit: %u edges; a page has at most %d", query->limit,
                             CORDON_MAX_PAGE);
    status = cdn_reader_prepare(reader, query->properties != NULL);
    if (!status && cdn_reader_nodes(reader, 1))
        status = open_heads(&page);
    page.last = page.head_count;
    if (!status && reader->stop && reader->stop != CDN_STOP_CANCELLED)
        status = too_little(&page);
    if (!status && !reader->stop) {
        digest(&page);
        reader->hops = 1;
        if (query->cursor)
            status = take_cursor(&page);
    }
    if (!status && !reader->stop)
        status = write_page(&page);
    cdn_free(page.heads);
    return status;
}
