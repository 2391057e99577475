/* A schema from outside: whatever the text is, it is read within the sandbox's limits, and
 * is either a mapping whose every number holds, or refused with a message and a place. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sandbox/locate.h"
#include "import/mapping.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static uint32_t count_lines(const uint8_t *data, size_t size)
{
    uint32_t lines = 1;

    for (size_t i = 0; i < size; i++)
        lines += data[i] == '\n' || data[i] == '\r'; /* Lua counts both */
    return lines;
}

static void check_mapping(const struct cdn_mapping *mapping, bool changes)
{
    const struct cdn_schema *schema = &mapping->schema;
    bool edges = false;

    require(schema->label_count > 0);
    require(changes ||
            mapping->source_count >= schema->label_count + schema->relation_count);
    for (uint32_t i = 0; i < mapping->source_count; i++) {
        const struct cdn_mapping_source *source = &mapping->sources[i];
        uint32_t properties;

        require(source->edge || !edges); /* labels first */
        edges = source->edge;
        require(source->number <
                (edges ? schema->relation_count : schema->label_count));
        properties = edges ? schema->relations[source->number].property_count
                           : schema->labels[source->number].property_count;
        require(source->file_count > 0 && source->key != NULL);
        require(changes || source->change == CDN_MAPPING_ADD);
        require(!edges || source->change != CDN_MAPPING_UPDATE);
        require(source->change != CDN_MAPPING_DELETE || source->column_count <= edges);
        require(!edges || source->target != NULL);
        require(source->dialect.header == (source->name_count == 0));
        require(source->dialect.delimiter != source->dialect.quote);
        for (uint32_t c = 0; c < source->column_count; c++) {
            require(source->columns[c].property < properties);
            require(source->columns[c].format.unit_ms >= 0);
        }
    }
}

static void read(const uint8_t *data, size_t size, bool changes)
{
    struct cdn_mapping mapping;
    cordon_error err = {0};
    cordon_status status = (changes ? cdn_mapping_read_changes : cdn_mapping_read)(
        &mapping, (const char *)data, size, "schema.lua", &err);

    if (status == CORDON_OK) {
        check_mapping(&mapping, changes);
    } else {
        require(status == CORDON_E_DATA || status == CORDON_E_RULE);
        require(err.message[0] != '\0');
        require(!strcmp(err.file, "schema.lua"));
        require(err.line <= count_lines(data, size));
    }
    cdn_mapping_deinit(&mapping);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct cdn_step path[] = {
        {"labels", 0}, {"A", 0}, {"sources", 0}, {NULL, 2}};
    uint32_t lines = count_lines(data, size);

    read(data, size, false);
    read(data, size, true);
    for (size_t steps = 0; steps <= sizeof(path) / sizeof(path[0]); steps++)
        require(cdn_locate((const char *)data, size, path, steps) <= lines);
    return 0;
}
