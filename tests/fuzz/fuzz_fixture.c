/* A fixture from outside: whatever the text is, it becomes a graph whose every invariant holds,
 * or is refused with a message and a place in it. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "import/fixture.h"
#include "import/mapping.h"
#include "snapshot/snapshot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char SCHEMA[] =
    "return { labels = { Account = { file = 'a.csv', key = { column = 'id', type = "
    "'int64' },\n"
    "  properties = { country = 'string?', opened = 'timestamp?', bag = 'bag?' } } },\n"
    "  edges = { { type = 'transfer', from = 'Account', to = 'Account', file = "
    "'e.csv',\n"
    "    source = 's', target = 't', time = 'at', properties = { amount = 'float64?' } "
    "} "
    "} }\n";

static void require(bool condition)
{
    if (!condition)
        abort();
}

static uint32_t count_lines(const uint8_t *data, size_t size)
{
    uint32_t lines = 1;

    for (size_t i = 0; i < size; i++)
        lines += data[i] == '\n';
    return lines;
}

static void check(const struct cdn_schema *schema,
                  const struct cdn_fixture_parts *parts, uint32_t lines)
{
    cordon_snapshot *snapshot;
    cordon_error err;
    cordon_status status =
        cdn_fixture_read(&snapshot, schema, &parts->nodes, &parts->edges, &err);
    uint64_t findings = 0;

    if (status) {
        require(status == CORDON_E_DATA && !snapshot);
        require(err.message[0] && !strcmp(err.file, "f.graph"));
        require(err.line <= lines);
        return;
    }
    require(!cdn_snapshot_verify(snapshot, NULL, NULL, &findings, &err) && !findings);
    cordon_snapshot_release(snapshot);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct cdn_fixture_text whole = {(const char *)data, size, "f.graph", 1, 1};
    uint32_t lines = count_lines(data, size);
    struct cdn_fixture_parts parts;
    struct cdn_mapping mapping;
    cordon_error err;

    if (cdn_fixture_split(&parts, &whole, &err)) {
        require(err.message[0] && err.line <= lines);
        parts = (struct cdn_fixture_parts){.nodes = whole, .edges = whole};
        parts.edges.bytes = 0;
    }
    if (!parts.nodes.file)
        parts.nodes.file = "f.graph";
    if (!parts.edges.file)
        parts.edges.file = "f.graph";
    check(NULL, &parts, lines);
    require(!cdn_mapping_read(&mapping, SCHEMA, strlen(SCHEMA), "schema", &err));
    check(&mapping.schema, &parts, lines);
    cdn_mapping_deinit(&mapping);
    return 0;
}
