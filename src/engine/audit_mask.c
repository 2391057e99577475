/* Masks: one walk over the record with the set of pointers that lead on from here.
 *
 * The set is 64 bits, one a mask.  A value that no pointer leads into is copied as it stands;
 * so a record costs a walk over the maps on the way, and a copy.  Maps and arrays on the way
 * get headers of fixed width, as what they lose is known only behind them. */
#include "engine/audit_mask.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/pack.h"
#include "engine/audit_record.h"

/* ---- pointers ---- */

static cordon_status bad_path(cordon_error *err, const char *path, const char *why)
{
    return cdn_error_set(err, CORDON_E_INVALID, "the mask '%s' %s", path, why);
}

/* "~1" is a slash within a step, "~0" a tilde. */
static cordon_status split(struct cdn_audit_mask *mask, cordon_error *err)
{
    char *out = mask->steps;

    for (const char *at = mask->path; *at; at++) {
        if (*at == '/') {
            if (mask->step_count)
                *out++ = '\0';
            if (mask->step_count == CDN_AUDIT_MAX_STEPS)
                return bad_path(err, mask->path, "has too many steps; 24 are possible");
            mask->step_at[mask->step_count++] = (uint32_t)(out - mask->steps);
        } else if (!mask->step_count) {
            return bad_path(err, mask->path,
                            "is no JSON pointer; it begins with '/', as "
                            "/input/params/iban does");
        } else if (*at == '~') {
            at++;
            if (*at != '0' && *at != '1')
                return bad_path(err, mask->path,
                                "has a '~' that is neither '~0' (a tilde) nor '~1' (a "
                                "slash)");
            *out++ = *at == '0' ? '~' : '/';
        } else {
            *out++ = *at;
        }
    }
    *out = '\0';
    return CORDON_OK;
}

static cordon_status check_path(const struct cdn_audit_mask *mask, cordon_error *err)
{
    static const char *const maskable[] = {"input",        "result",      "error",
                                           "requested_by", "traceparent", "calls"};

    for (size_t i = 0; mask->step_count && i < sizeof maskable / sizeof *maskable;
         i++) {
        if (!strcmp(mask->steps, maskable[i]))
            return CORDON_OK;
    }
    return bad_path(
        err, mask->path,
        "leads to nothing that can be masked; that is below /input, /result, "
        "/error, /calls, /requested_by and /traceparent");
}

static cordon_status init_mask(struct cdn_audit_mask *out,
                               const cordon_audit_mask *given, cordon_error *err)
{
    cordon_status status;

    if (!given->path)
        return cdn_error_set(err, CORDON_E_INVALID, "a mask has no path");
    out->path = cdn_strdup(given->path);
    out->steps = cdn_alloc(strlen(given->path) + 1);
    out->with = given->with ? cdn_strdup(given->with) : NULL;
    if (!out->path || !out->steps || (given->with && !out->with))
        return cdn_error_nomem(err);
    status = split(out, err);
    return status ? status : check_path(out, err);
}

cordon_status cdn_audit_masks_init(struct cdn_audit_masks *out,
                                   const cordon_audit_mask *given, size_t count,
                                   cordon_error *err)
{
    cordon_status status = CORDON_OK;

    *out = (struct cdn_audit_masks){0};
    if (!count)
        return CORDON_OK;
    if (!given || count > CDN_AUDIT_MAX_MASKS)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "mask_count is %zu; give 0 to %d masks", count,
                             CDN_AUDIT_MAX_MASKS);
    out->items = cdn_calloc(count, sizeof *out->items);
    if (!out->items)
        return cdn_error_nomem(err);
    for (out->count = 0; out->count < count && !status; out->count++)
        status = init_mask(&out->items[out->count], &given[out->count], err);
    if (status)
        cdn_audit_masks_deinit(out);
    return status;
}

void cdn_audit_masks_deinit(struct cdn_audit_masks *masks)
{
    for (size_t i = 0; i < masks->count; i++) {
        cdn_free(masks->items[i].path);
        cdn_free(masks->items[i].steps);
        cdn_free(masks->items[i].with);
    }
    cdn_free(masks->items);
    *masks = (struct cdn_audit_masks){0};
}

/* ---- walking ---- */

struct walk {
    const struct cdn_audit_masks *masks;
    struct cdn_packer packer;
    struct cdn_buf *out;
    uint64_t hit;    /* the masks that met something */
    bool calls_gone; /* `calls` were left out for what others met */
};

static const char *step_of(const struct cdn_audit_mask *mask, uint32_t depth)
{
    return mask->steps + mask->step_at[depth];
}

/* Of the masks in `set`, those whose step at this depth is `name`, or any. */
static uint64_t narrow(const struct walk *walk, uint64_t set, uint32_t depth,
                       const struct cdn_audit_text *name)
{
    uint64_t left = 0;

    for (size_t i = 0; i < walk->masks->count; i++) {
        const struct cdn_audit_mask *mask = &walk->masks->items[i];

        if (set >> i & 1 && depth < mask->step_count &&
            (!strcmp(step_of(mask, depth), "*") ||
             cdn_audit_text_is(name, step_of(mask, depth))))
            left |= UINT64_C(1) << i;
    }
    return left;
}

/* Of those, the first that ends here; -1: none. */
static int ends_here(const struct walk *walk, uint64_t set, uint32_t depth)
{
    for (size_t i = 0; i < walk->masks->count; i++) {
        if (set >> i & 1 && walk->masks->items[i].step_count == depth)
            return (int)i;
    }
    return -1;
}

/* A header whose count is filled in later; returns where. */
static size_t header(struct walk *walk, bool map)
{
    const unsigned char bytes[5] = {map ? 0xdf : 0xdd, 0, 0, 0, 0};
    size_t at = walk->out->length;

    cdn_pack_raw(&walk->packer, bytes, sizeof bytes);
    return at;
}

static void fill_in(struct walk *walk, size_t at, uint32_t count)
{
    if (walk->out->failed)
        return;
    for (int i = 0; i < 4; i++)
        walk->out->data[at + 1 + (size_t)i] = (unsigned char)(count >> (24 - 8 * i));
}

static bool copy(struct walk *walk, const unsigned char **at, const unsigned char *end)
{
    const unsigned char *from = *at;

    if (!cdn_audit_value_skip(at, end))
        return false;
    cdn_pack_raw(&walk->packer, from, (size_t)(*at - from));
    return true;
}

static void stand_in(struct walk *walk, int mask)
{
    const char *with = walk->masks->items[mask].with;

    walk->hit |= UINT64_C(1) << mask;
    if (with)
        cdn_pack_cstr(&walk->packer, with);
}

/* Is what came before `calls` masked, and `calls` nobody's business?  It stands behind. */
static bool calls_tell(const struct walk *walk)
{
    bool met = false;

    for (size_t i = 0; i < walk->masks->count; i++) {
        const char *first = step_of(&walk->masks->items[i], 0);

        if (!strcmp(first, "calls"))
            return false;
        met = met || (walk->hit >> i & 1 && strcmp(first, "requested_by") != 0 &&
                      strcmp(first, "traceparent") != 0);
    }
    return met;
}

static bool walk_value(struct walk *walk, uint64_t set, uint32_t depth,
                       const unsigned char **at, const unsigned char *end);

static bool walk_map(struct walk *walk, uint64_t set, uint32_t depth, uint32_t pairs,
                     uint32_t *kept, const unsigned char **at, const unsigned char *end)
{
    bool ok = true;

    for (*kept = 0; ok && pairs; pairs--) {
        const unsigned char *from = *at;
        struct cdn_audit_text name = {"", 0};
        cordon_value key;
        uint64_t left;
        int mask;

        if (!cdn_unpack_head(&key, at, end) || key.type == CORDON_ARRAY ||
            key.type == CORDON_MAP)
            return false;
        if (key.type == CORDON_STRING)
            name = (struct cdn_audit_text){key.as.string, key.length};
        if (!depth && cdn_audit_text_is(&name, "calls") && calls_tell(walk)) {
            walk->calls_gone = true;
            ok = cdn_audit_value_skip(at, end);
            continue;
        }
        left = narrow(walk, set, depth, &name);
        mask = ends_here(walk, left, depth + 1);
        if (mask >= 0 && !walk->masks->items[mask].with) {
            stand_in(walk, mask);
            ok = cdn_audit_value_skip(at, end);
            continue;
        }
        ++*kept;
        cdn_pack_raw(&walk->packer, from, (size_t)(*at - from));
        ok = walk_value(walk, left, depth + 1, at, end);
    }
    return ok;
}

static bool walk_array(struct walk *walk, uint64_t set, uint32_t depth, uint32_t count,
                       const unsigned char **at, const unsigned char *end)
{
    for (uint32_t i = 0; i < count; i++) {
        char digits[16];
        struct cdn_audit_text name = {digits, 0};
        uint64_t left;
        int mask;

        name.bytes = (size_t)snprintf(digits, sizeof digits, "%u", i);
        left = narrow(walk, set, depth, &name);
        mask = ends_here(walk, left, depth + 1);
        if (mask >= 0 && !walk->masks->items[mask].with) {
            stand_in(walk, mask);
            cdn_pack_nil(&walk->packer);
            if (!cdn_audit_value_skip(at, end))
                return false;
        } else if (!walk_value(walk, left, depth + 1, at, end)) {
            return false;
        }
    }
    return true;
}

/* Recursion is as deep as the longest pointer. */
static bool walk_value(struct walk *walk, uint64_t set, uint32_t depth,
                       const unsigned char **at, const unsigned char *end)
{
    int mask = ends_here(walk, set, depth);
    cordon_value value;
    const unsigned char *from = *at;
    uint32_t count;
    size_t place;
    bool ok;

    if (mask >= 0) {
        stand_in(walk, mask);
        return cdn_audit_value_skip(at, end);
    }
    if (!set)
        return copy(walk, at, end);
    if (!cdn_unpack_head(&value, at, end))
        return false;
    if (value.type != CORDON_MAP && value.type != CORDON_ARRAY) {
        cdn_pack_raw(&walk->packer, from, (size_t)(*at - from));
        return true;
    }
    place = header(walk, value.type == CORDON_MAP);
    count = value.length;
    ok = value.type == CORDON_MAP
             ? walk_map(walk, set, depth, value.length, &count, at, end)
             : walk_array(walk, set, depth, value.length, at, end);
    fill_in(walk, place, count);
    return ok;
}

/* "erased" or "masked": the paths that met something. */
static uint32_t list(struct walk *walk, bool erased)
{
    uint32_t count = 0;

    for (size_t i = 0; i < walk->masks->count; i++)
        count += walk->hit >> i & 1 && !walk->masks->items[i].with == erased;
    count += erased && walk->calls_gone;
    if (!count)
        return 0;
    cdn_pack_cstr(&walk->packer, erased ? "erased" : "masked");
    cdn_pack_array(&walk->packer, count);
    for (size_t i = 0; i < walk->masks->count; i++) {
        if (walk->hit >> i & 1 && !walk->masks->items[i].with == erased)
            cdn_pack_cstr(&walk->packer, walk->masks->items[i].path);
    }
    if (erased && walk->calls_gone)
        cdn_pack_cstr(&walk->packer, "/calls");
    return 1;
}

cordon_status cdn_audit_masks_apply(struct cdn_buf *out,
                                    const struct cdn_audit_masks *masks,
                                    const void *record, size_t bytes, cordon_error *err)
{
    struct walk walk = {.masks = masks, .out = out};
    const unsigned char *at = record;
    const unsigned char *end = at + bytes;
    uint64_t all = masks->count < 64 ? (UINT64_C(1) << masks->count) - 1 : UINT64_MAX;
    uint32_t pairs, kept;
    size_t place;

    cdn_pack_init_buf(&walk.packer, out);
    if (!cdn_audit_map_begin(&at, end, &pairs))
        return cdn_error_set(err, CORDON_E_DATA, "not a record of a decision");
    place = header(&walk, true);
    if (!walk_map(&walk, all, 0, pairs, &kept, &at, end))
        return cdn_error_set(err, CORDON_E_DATA, "not a record of a decision");
    kept += list(&walk, true);
    kept += list(&walk, false);
    fill_in(&walk, place, kept);
    if (!out->failed)
        return CORDON_OK;
    out->failed = false;
    return cdn_error_nomem(err);
}
