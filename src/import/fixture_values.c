/* What a fixture's values mean: by the importer's own parsers, so that what a fixture takes is
 * what a column takes. */
#include "import/fixture_values.h"

#include <stdio.h>
#include <string.h>

#include <cordon/value.h>

#include "codec/json_read.h"
#include "import/bag.h"
#include "snapshot/parse.h"

static cordon_status fault(const struct cdn_draft *draft, bool edge, const char *at,
                           const char *message)
{
    const struct cdn_fixture_draft *fixture =
        (const struct cdn_fixture_draft *)(const void *)draft;

    return cdn_fixture_fault(fixture->texts[edge], at, draft->err, "%s", message);
}

static const char *say(char out[CDN_DRAFT_SAY], const struct cdn_draft_value *value)
{
    (void)snprintf(out, CDN_DRAFT_SAY, "%.*s",
                   value->text.bytes > 60 ? 60 : (int)value->text.bytes,
                   value->text.text);
    return out;
}

/* What the text in quotes means. */
static cordon_status decode_text(struct cdn_cell *cell, struct cdn_buf *decoded,
                                 size_t *where, const char **why,
                                 const struct cdn_draft_value *value)
{
    struct cdn_json_fault json;
    struct cdn_buf pack = {0};
    cordon_value text;
    cordon_status status =
        cdn_json_read(&pack, value->text.text, value->text.bytes, &json);

    if (!status)
        status = cordon_value_parse(&text, pack.data, pack.length, NULL);
    if (!status) {
        *where = decoded->length;
        cell->as.string.bytes = text.length;
        cdn_buf_append(decoded, text.as.string, text.length);
    } else if (status != CORDON_E_NOMEM) {
        *why = "is not text as JSON writes it";
    }
    cdn_buf_deinit(&pack);
    return status == CORDON_E_NOMEM ? status : CORDON_OK;
}

static cordon_status decode_bag(struct cdn_cell *cell, struct cdn_buf *decoded,
                                size_t *where, const char **why,
                                char room[CDN_DRAFT_WHY],
                                const struct cdn_draft_value *value,
                                const struct cdn_property *property)
{
    struct cdn_buf pack = {0};
    cordon_status status =
        cdn_bag_parse(cell, &pack, room, CDN_DRAFT_WHY, property->nullable,
                      value->text.text, value->text.bytes);

    if (!status && *room) {
        *why = room;
    } else if (!status && !cell->null) {
        *where = decoded->length;
        cdn_buf_append(decoded, pack.data, pack.length);
    }
    cdn_buf_deinit(&pack);
    return status;
}

static cordon_status read_value(struct cdn_cell *cell, struct cdn_buf *decoded,
                                size_t *where, const char **why,
                                char room[CDN_DRAFT_WHY],
                                const struct cdn_draft_value *value,
                                const struct cdn_property *property)
{
    struct cdn_cell_format format = {.type = property->type,
                                     .nullable = property->nullable};
    struct cdn_word text = value->text;
    bool quoted = value->literal == CDN_LITERAL_STRING;

    if (property->type == CDN_COLUMN_BAG)
        return decode_bag(cell, decoded, where, why, room, value, property);
    if (property->type == CDN_COLUMN_STRING || property->type == CDN_COLUMN_TEXT) {
        if (quoted)
            return decode_text(cell, decoded, where, why, value);
    } else if (quoted && property->type == CDN_COLUMN_TIMESTAMP) {
        text = (struct cdn_word){text.text + 1, text.bytes - 2};
    } else if (quoted) {
        *why = property->type == CDN_COLUMN_BOOL
                   ? "is text, and the property is true or false"
                   : "is text, and the property is a number";
        return CORDON_OK;
    }
    if (value->literal == CDN_LITERAL_INTEGER && property->type == CDN_COLUMN_TIMESTAMP)
        format.unit_ms = 1;
    *why = cdn_parse_cell(cell, &format, text.text, text.bytes);
    return CORDON_OK;
}

const struct cdn_draft_reader cdn_fixture_reader = {
    .fault = fault,
    .read = read_value,
    .say = say,
    .no_time = "; it stands behind the target, such as 2026-11-24T10:00Z",
};
