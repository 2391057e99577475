/* Graphs in requests, and cursors, from outside.  The first byte says which.
 *
 *   - A value that msgpack makes of the input becomes a graph whose every invariant holds, inferred
 *     or of the bank's schema, or is refused with a message.
 *   - A cursor, and what else of a query is text, leads to a page that can be read, or is refused;
 *     and the next page to another, until there are no more. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cordon.h>

#include "snapshot/snapshot.h"
#include "support/fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static cordon_snapshot *bank(void)
{
    static cordon_snapshot *snapshot;

    if (!snapshot)
        snapshot = cdn_fixture_bank_open();
    return snapshot;
}

static cordon_engine *engine(void)
{
    static cordon_engine *made;

    if (!made) {
        require(!cordon_engine_new(&made, NULL, NULL));
        require(!cordon_engine_set_snapshot(made, bank(), NULL));
    }
    return made;
}

static void make_graph(const uint8_t *data, size_t size, const cordon_snapshot *schema)
{
    cordon_inline_options options = CORDON_INLINE_OPTIONS_INIT;
    cordon_snapshot *snapshot;
    cordon_value value;
    cordon_error err;
    uint64_t findings = 0;
    cordon_status status;

    if (cordon_value_parse(&value, data, size, NULL))
        return;
    options.schema = schema;
    status = cordon_snapshot_from_value(&snapshot, &value, &options, &err);
    if (status) {
        require(status == CORDON_E_DATA && !snapshot && err.message[0]);
        return;
    }
    require(!cdn_snapshot_verify(snapshot, NULL, NULL, &findings, &err) && !findings);
    cordon_snapshot_release(snapshot);
}

/* The next text of the input, up to a newline. */
static char *take_text(const uint8_t **at, const uint8_t *end)
{
    const uint8_t *stop = *at < end ? memchr(*at, '\n', (size_t)(end - *at)) : NULL;
    size_t bytes = (size_t)((stop ? stop : end) - *at);
    char *text = malloc(bytes + 1);

    require(text != NULL);
    memcpy(text, *at, bytes);
    text[bytes] = '\0';
    *at = stop ? stop + 1 : end;
    return text;
}

static bool read_page(const cordon_query *query, char cursor[CORDON_CURSOR_BYTES + 1])
{
    static unsigned char room[1 << 16];
    cordon_read read = CORDON_READ_INIT;
    cordon_value page, edges, next;
    cordon_builder out;
    cordon_error err;
    cordon_status status;

    cordon_builder_init(&out, room, sizeof room);
    status = cordon_graph_neighbourhood(&out, engine(), &read, query, &err);
    if (status) {
        require(err.message[0] && !out.length);
        require(status == CORDON_E_INVALID || status == CORDON_E_NOTFOUND ||
                status == CORDON_E_CONFLICT);
        return false;
    }
    require(cordon_builder_ok(&out));
    require(!cordon_value_parse(&page, room, out.length, NULL));
    require(cordon_value_get(&edges, &page, "edges") && edges.length <= query->limit);
    require(cordon_value_get(&next, &page, "cursor"));
    if (next.type == CORDON_NIL)
        return false;
    require(next.length == CORDON_CURSOR_BYTES);
    memcpy(cursor, next.as.string, CORDON_CURSOR_BYTES);
    cursor[CORDON_CURSOR_BYTES] = '\0';
    return true;
}

static void read_pages(const uint8_t *data, size_t size)
{
    const uint8_t *at = data, *end = data + size;
    char *given = take_text(&at, end), *key = take_text(&at, end);
    char *property = take_text(&at, end), *compare = take_text(&at, end);
    char *text = take_text(&at, end);
    cordon_condition where = {property, compare, {.type = CORDON_STRING}};
    cordon_query query = CORDON_QUERY_INIT;
    char cursor[CORDON_CURSOR_BYTES + 1];
    int pages = 0;

    where.value.length = (uint32_t)strlen(text);
    where.value.as.string = text;
    query.label = "Account";
    query.key = key;
    query.limit = 1 + (uint32_t)(size % 3);
    query.order = size & 1 ? CORDON_ORDER_OLDEST : CORDON_ORDER_NEWEST;
    query.cursor = *given ? given : NULL;
    query.where = &where;
    query.where_count = *property ? 1 : 0;
    for (; read_page(&query, cursor); query.cursor = cursor)
        require(++pages < 100); /* the bank's longest list is shorter */
    free(given);
    free(key);
    free(property);
    free(compare);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    switch (data[0] % 3) {
    case 0:
        make_graph(data + 1, size - 1, NULL);
        break;
    case 1:
        make_graph(data + 1, size - 1, bank());
        break;
    default:
        read_pages(data + 1, size - 1);
    }
    return 0;
}
