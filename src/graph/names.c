/* The names of `reads`: collected in any order, then sorted and numbered once.
 *
 * At most 64 kinds and 64 property names, so that a set of properties is one word and a
 * name is one small number in a rule's image.  Adding is a linear search: it happens
 * once a rule load, over a handful of names. */
#include "graph/names.h"

#include <stdlib.h>
#include <string.h>

static bool is_identifier(const char *name)
{
    size_t length = strnlen(name, CDN_SCHEMA_MAX_NAME + 1);

    if (length == 0 || length > CDN_SCHEMA_MAX_NAME)
        return false;
    for (size_t i = 0; i < length; i++) {
        char c = name[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';

        if (!letter && (i == 0 || c < '0' || c > '9'))
            return false;
    }
    return true;
}

static cordon_status check(const char *name, const char *what, cordon_error *err)
{
    if (is_identifier(name))
        return CORDON_OK;
    return cdn_error_set(
        err, CORDON_E_RULE,
        "'%.80s' is not a %s: letters, digits and '_', at most %d bytes", name, what,
        CDN_SCHEMA_MAX_NAME);
}

static struct cdn_name_kind *find_or_add_kind(struct cdn_names *names, const char *name)
{
    struct cdn_name_kind *kind;

    for (uint32_t i = 0; i < names->kind_count; i++)
        if (strcmp(names->kinds[i].name, name) == 0)
            return &names->kinds[i];
    if (names->kind_count == CDN_NAMES_MAX_KINDS)
        return NULL;
    kind = &names->kinds[names->kind_count++];
    memset(kind, 0, sizeof *kind);
    memcpy(kind->name, name, strlen(name) + 1);
    return kind;
}

/* -1: full. */
static int find_or_add_property(struct cdn_names *names, const char *name)
{
    for (uint32_t i = 0; i < names->property_count; i++)
        if (strcmp(names->properties[i], name) == 0)
            return (int)i;
    if (names->property_count == CDN_NAMES_MAX_PROPERTIES)
        return -1;
    memcpy(names->properties[names->property_count], name, strlen(name) + 1);
    return (int)names->property_count++;
}

cordon_status cdn_names_add(struct cdn_names *names, const char *kind,
                            const char *property, cordon_error *err)
{
    struct cdn_name_kind *entry;
    cordon_status status;
    int slot;

    status = check(kind, "label or edge type", err);
    if (status == CORDON_OK && property)
        status = check(property, "property name", err);
    if (status)
        return status;
    entry = find_or_add_kind(names, kind);
    if (!entry)
        return cdn_error_set(err, CORDON_E_RULE,
                             "reads declares more than %d labels and edge types",
                             CDN_NAMES_MAX_KINDS);
    if (!property)
        return CORDON_OK;
    slot = find_or_add_property(names, property);
    if (slot < 0)
        return cdn_error_set(err, CORDON_E_RULE,
                             "reads declares more than %d different properties",
                             CDN_NAMES_MAX_PROPERTIES);
    entry->properties |= UINT64_C(1) << slot;
    return CORDON_OK;
}

static int compare_kinds(const void *a, const void *b)
{
    const struct cdn_name_kind *left = a;
    const struct cdn_name_kind *right = b;

    return strcmp(left->name, right->name);
}

static int compare_properties(const void *a, const void *b)
{
    return strcmp(a, b);
}

cordon_status cdn_names_finish(struct cdn_names *names, cordon_error *err)
{
    char before[CDN_NAMES_MAX_PROPERTIES][CDN_SCHEMA_MAX_NAME + 1];
    uint32_t moved[CDN_NAMES_MAX_PROPERTIES] = {0};

    if (names->kind_count > CDN_NAMES_MAX_KINDS ||
        names->property_count > CDN_NAMES_MAX_PROPERTIES)
        return cdn_error_set(err, CORDON_E_RULE, "reads declares too many names");
    memcpy(before, names->properties, sizeof before);
    qsort(names->properties, names->property_count, sizeof names->properties[0],
          compare_properties);
    for (uint32_t i = 0; i < names->property_count; i++)
        for (uint32_t j = 0; j < names->property_count; j++)
            if (strcmp(before[i], names->properties[j]) == 0)
                moved[i] = j;
    for (uint32_t k = 0; k < names->kind_count; k++) {
        uint64_t bits = 0;

        for (uint32_t i = 0; i < names->property_count; i++)
            if (names->kinds[k].properties >> i & 1)
                bits |= UINT64_C(1) << moved[i];
        names->kinds[k].properties = bits;
    }
    qsort(names->kinds, names->kind_count, sizeof names->kinds[0], compare_kinds);
    return CORDON_OK;
}
