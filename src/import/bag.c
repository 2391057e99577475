/* JSON as json_read.h reads it, with a bound on its size, and null as a null. */
#include "import/bag.h"

#include <stdio.h>

#include "codec/json_read.h"

static cordon_status refuse(char *why, size_t size, const struct cdn_json_fault *fault)
{
    char place[48] = "";

    if (fault->line > 1)
        snprintf(place, sizeof(place), " (its line %u, character %u)", fault->line,
                 fault->column);
    else if (fault->line)
        snprintf(place, sizeof(place), " (character %u)", fault->column);
    snprintf(why, size, "is not JSON for a bag: %s%s", fault->text, place);
    return CORDON_OK;
}

cordon_status cdn_bag_parse(struct cdn_cell *out, struct cdn_buf *pack, char *why,
                            size_t why_size, bool nullable, const char *text,
                            size_t bytes)
{
    struct cdn_json_fault fault;
    cordon_status status;

    why[0] = '\0';
    out->null = true;
    cdn_buf_clear(pack);
    if (bytes > CDN_BAG_MAX_BYTES) {
        snprintf(why, why_size, "has %zu bytes; a bag has at most %zu", bytes,
                 CDN_BAG_MAX_BYTES);
        return CORDON_OK;
    }
    if (bytes) {
        status = cdn_json_read(pack, text, bytes, &fault);
        if (status == CORDON_E_NOMEM)
            return status;
        if (status)
            return refuse(why, why_size, &fault);
        out->null = pack->length == 1 && pack->data[0] == 0xc0; /* nil */
    }
    if (out->null && !nullable)
        snprintf(why, why_size, "is %s, and the property is not nullable",
                 bytes ? "null" : "empty");
    out->as.string.text = (const char *)pack->data;
    out->as.string.bytes = pack->length;
    return CORDON_OK;
}
