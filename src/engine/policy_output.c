/* What of a result is handed over: `output` without the fields that a role may not see.
 *
 * The result lies encoded in the outcome.  Fields are dropped in place: what stays moves up,
 * the table's head is written anew, and what follows in the result moves up behind it, so
 * that result and views are as if the rule had never returned the rest.  Two passes over
 * the output's bytes, no memory beyond it.
 *
 * The rule's own word on the fields, `returns`, was checked when the result was taken. */
#include <string.h>

#include "base/pack.h"
#include "engine/policy.h"
#include "rule/outcome.h"

static bool may_see(const struct cdn_role *role, const cordon_value *key)
{
    uint32_t low = 0, high = role->output_count;

    if (key->type != CORDON_STRING)
        return false;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        const char *name = role->output[middle];
        size_t bytes = strlen(name);
        size_t least = bytes < key->length ? bytes : key->length;
        int order = memcmp(name, key->as.string, least);

        if (!order && bytes == key->length)
            return true;
        if (order < 0 || (!order && bytes < key->length))
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

/* The entry of a map at *at: its key, and *at behind its value. */
static bool step(cordon_value *key, const unsigned char **at, const unsigned char *end)
{
    return cdn_unpack_head(key, at, end) && cdn_unpack_skip(at, end);
}

/* Bytes of a map's head with so many entries. */
static size_t head_bytes(uint32_t count)
{
    return count < 16 ? 1 : count <= UINT16_MAX ? 3 : 5;
}

/* What is behind `from` in the result moves to `to`, and the views with it. */
static void close_gap(cordon_outcome *outcome, unsigned char *to, unsigned char *from)
{
    unsigned char *end = outcome->result + outcome->result_bytes;
    size_t gap = (size_t)(from - to);
    cordon_value *const later[] = {&outcome->updated_nodes, &outcome->new_edges};

    memmove(to, from, (size_t)(end - from));
    outcome->result_bytes -= gap;
    for (size_t i = 0; i < sizeof later / sizeof later[0]; i++) {
        if (later[i]->end != end)
            continue; /* there is none in this result */
        if (later[i]->as.items >= from)
            later[i]->as.items -= gap;
        later[i]->end -= gap;
    }
}

/* The table that begins at `head`, of `count` entries, without what the role may not see.
 * Returns its new end; *kept: how many entries are left. */
static unsigned char *drop_fields(unsigned char *head, uint32_t count,
                                  const unsigned char *end, const struct cdn_role *role,
                                  uint32_t *kept)
{
    const unsigned char *first = head + head_bytes(count);
    const unsigned char *at = first;
    struct cdn_packer packer;
    unsigned char *to;
    cordon_value key;

    *kept = 0;
    for (uint32_t i = 0; i < count && step(&key, &at, end); i++)
        *kept += may_see(role, &key);
    cdn_pack_init(&packer, head, head_bytes(*kept));
    to = head + head_bytes(*kept);
    at = first;
    for (uint32_t i = 0; i < count; i++) {
        const unsigned char *entry = at;

        if (!step(&key, &at, end))
            break;
        if (!may_see(role, &key))
            continue;
        memmove(to, entry, (size_t)(at - entry));
        to += at - entry;
    }
    cdn_pack_map(&packer, *kept); /* last: the old head is shorter than no new one */
    return to;
}

void cdn_output_filter(cordon_outcome *outcome, const struct cdn_role *role)
{
    unsigned char *end = outcome->result + outcome->result_bytes;
    const unsigned char *at;
    unsigned char *head, *behind, *to;
    cordon_value value;
    uint32_t kept = 0;

    if (role->every_output || outcome->output.type == CORDON_NIL ||
        outcome->output.end != end)
        return;
    if (outcome->output.type == CORDON_MAP) {
        size_t before = (size_t)(outcome->output.as.items - outcome->result) -
                        head_bytes(outcome->output.length);

        head = outcome->result + before;
    } else {
        cordon_value key;

        /* not a table: found again by its key, which no scalar's view points to */
        at = outcome->result;
        if (!cdn_unpack_head(&value, &at, end))
            return;
        for (;;) {
            if (!cdn_unpack_head(&key, &at, end))
                return;
            if (key.length == strlen("output") &&
                !memcmp(key.as.string, "output", key.length))
                break;
            if (!cdn_unpack_skip(&at, end))
                return;
        }
        head = outcome->result + (at - outcome->result);
    }
    at = head;
    if (!cdn_unpack_skip(&at, end))
        return;
    behind = outcome->result + (at - outcome->result);
    if (outcome->output.type == CORDON_MAP) {
        to = drop_fields(head, outcome->output.length, end, role, &kept);
    } else {
        to = head + 1;
        *head = 0xc0; /* nil */
    }
    close_gap(outcome, to, behind);
    at = head;
    cdn_unpack_head(&outcome->output, &at, outcome->result + outcome->result_bytes);
}
