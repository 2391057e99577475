/* Records to bytes and back: the table is in registry_record.h.
 *
 * Payloads are msgpack arrays, because a field's place then needs no bytes and a reader no
 * search.  A reader takes its fields in order from a cursor that remembers the first fault;
 * after a fault every further field reads as zero, so that a decoder is a plain list of
 * fields with one look at the end.  Whatever breaks an invariant that the rest of the
 * registry leans on is a fault too: a rollout without an active version, a version above the
 * newest, shares beyond the whole. */
#include "engine/registry_record.h"

#include <math.h>
#include <string.h>

#include "base/pack.h"
#include "base/utf8.h"

#define STANDING_FIELDS 11 /* and what is trusted less, if anything is */
#define VERSION_FIELDS  11
#define CHANGE_FIELDS   9

static const char wrong_shape[] = "it is not the array of fields such a record is";

/* ---- keys ---- */

static void put(struct cdn_key *key, const void *bytes, size_t count)
{
    memcpy(key->bytes + key->length, bytes, count);
    key->length += count;
}

static void put_number(struct cdn_key *key, uint64_t number, unsigned width)
{
    while (width-- > 0)
        key->bytes[key->length++] = (unsigned char)(number >> (8 * width));
}

static uint64_t get_number(const unsigned char *at, unsigned width)
{
    uint64_t number = 0;

    for (unsigned i = 0; i < width; i++)
        number = number << 8 | at[i];
    return number;
}

static struct cdn_key key_of(enum cdn_key_kind kind)
{
    return (struct cdn_key){.bytes = {(unsigned char)kind}, .length = 1};
}

/* No longer than a name may be: what takes names from outside checks them first. */
static void put_name(struct cdn_key *key, const char *name)
{
    put(key, name, strnlen(name, CORDON_RULE_MAX_NAME_BYTES));
}

struct cdn_key cdn_key_meta(void)
{
    return key_of(CDN_KEY_META);
}

struct cdn_key cdn_key_object(const char *name)
{
    struct cdn_key key = key_of(CDN_KEY_OBJECT);

    put_name(&key, name);
    return key;
}

static struct cdn_key key_of_version(enum cdn_key_kind kind, const char *name,
                                     uint32_t version)
{
    struct cdn_key key = key_of(kind);

    put_name(&key, name);
    put(&key, "", 1);
    put_number(&key, version, 4);
    return key;
}

struct cdn_key cdn_key_version(const char *name, uint32_t version)
{
    return key_of_version(CDN_KEY_VERSION, name, version);
}

struct cdn_key cdn_key_runs(const char *name, uint32_t version)
{
    return key_of_version(CDN_KEY_RUNS, name, version);
}

struct cdn_key cdn_key_text(const unsigned char hash[CDN_CONTENT_HASH_BYTES])
{
    struct cdn_key key = key_of(CDN_KEY_TEXT);

    put(&key, hash, CDN_CONTENT_HASH_BYTES);
    return key;
}

struct cdn_key cdn_key_hash(const unsigned char hash[CDN_CONTENT_HASH_BYTES],
                            const char *name, uint32_t version)
{
    struct cdn_key key = key_of(CDN_KEY_HASH);

    put(&key, hash, CDN_CONTENT_HASH_BYTES);
    if (name) {
        put_name(&key, name);
        put(&key, "", 1);
        put_number(&key, version, 4);
    }
    return key;
}

static struct cdn_key key_of_sequence(enum cdn_key_kind kind, uint64_t sequence)
{
    struct cdn_key key = key_of(kind);

    put_number(&key, sequence, 8);
    return key;
}

struct cdn_key cdn_key_change(uint64_t sequence)
{
    return key_of_sequence(CDN_KEY_CHANGE, sequence);
}

struct cdn_key cdn_key_untold(uint64_t sequence)
{
    return key_of_sequence(CDN_KEY_UNTOLD, sequence);
}

struct cdn_key cdn_key_changed(const char *name, uint64_t sequence)
{
    struct cdn_key key = key_of(CDN_KEY_CHANGED);

    put_name(&key, name);
    put(&key, "", 1);
    put_number(&key, sequence, 8);
    return key;
}

bool cdn_object_name_valid(const char *name, size_t bytes)
{
    if (!bytes || bytes > CORDON_RULE_MAX_NAME_BYTES)
        return false;
    for (size_t i = 0; i < bytes; i++) {
        char c = name[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';

        if (!letter && !(i && ((c >= '0' && c <= '9') || c == '-' || c == '.')))
            return false;
    }
    return true;
}

static bool read_name(char name[CORDON_RULE_MAX_NAME_BYTES + 1],
                      const unsigned char *at, size_t bytes)
{
    if (!cdn_object_name_valid((const char *)at, bytes))
        return false;
    memcpy(name, at, bytes);
    name[bytes] = '\0';
    return true;
}

bool cdn_key_read_object(char name[CORDON_RULE_MAX_NAME_BYTES + 1], const void *key,
                         size_t bytes)
{
    const unsigned char *at = key;

    return bytes > 1 && at[0] == CDN_KEY_OBJECT && read_name(name, at + 1, bytes - 1);
}

bool cdn_key_read_hash(char name[CORDON_RULE_MAX_NAME_BYTES + 1], uint32_t *version,
                       const unsigned char hash[CDN_CONTENT_HASH_BYTES],
                       const void *key, size_t bytes)
{
    const unsigned char *at = key;
    const size_t front = 1 + CDN_CONTENT_HASH_BYTES;
    const size_t back = 1 + sizeof(uint32_t);

    if (bytes <= front + back || at[0] != CDN_KEY_HASH ||
        memcmp(at + 1, hash, CDN_CONTENT_HASH_BYTES) != 0 || at[bytes - back] ||
        !read_name(name, at + front, bytes - front - back))
        return false;
    *version = (uint32_t)get_number(at + bytes - 4, 4);
    return *version > 0;
}

static bool read_sequence(uint64_t *sequence, enum cdn_key_kind kind, const void *key,
                          size_t bytes)
{
    const unsigned char *at = key;

    if (bytes != 1 + sizeof(uint64_t) || at[0] != (unsigned char)kind)
        return false;
    *sequence = get_number(at + 1, 8);
    return *sequence > 0;
}

bool cdn_key_read_change(uint64_t *sequence, const void *key, size_t bytes)
{
    return read_sequence(sequence, CDN_KEY_CHANGE, key, bytes);
}

bool cdn_key_read_untold(uint64_t *sequence, const void *key, size_t bytes)
{
    return read_sequence(sequence, CDN_KEY_UNTOLD, key, bytes);
}

bool cdn_key_read_changed(uint64_t *sequence, const char *name, const void *key,
                          size_t bytes)
{
    const unsigned char *at = key;
    size_t length = strlen(name);

    if (bytes != 1 + length + 1 + sizeof(uint64_t) || at[0] != CDN_KEY_CHANGED ||
        memcmp(at + 1, name, length + 1) != 0)
        return false;
    *sequence = get_number(at + bytes - 8, 8);
    return *sequence > 0;
}

bool cdn_record_line_valid(const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
            return false;
    return cdn_utf8_valid(text, bytes);
}

/* ---- words ---- */

const char *cordon_object_state_str(cordon_object_state state)
{
    switch (state) {
#define STATE_WORD(name, number, word)                                                 \
    case CORDON_STANDING_##name:                                                       \
        return word;
        CORDON_STANDING_MAP(STATE_WORD)
#undef STATE_WORD
    }
    return "unknown";
}

const char *cordon_object_kind_str(cordon_object_kind kind)
{
    return kind == CORDON_OBJECT_SET ? "set" : "rule";
}

const char *cordon_action_str(cordon_action action)
{
    switch (action) {
#define ACTION_WORD(name, number, word)                                                \
    case CORDON_ACTION_##name:                                                         \
        return word;
        CORDON_ACTION_MAP(ACTION_WORD)
#undef ACTION_WORD
    }
    return "unknown";
}

/* ---- writing ---- */

static void put_hash(struct cdn_packer *packer, const unsigned char *hash)
{
    cdn_pack_str(packer, (const char *)hash, CDN_CONTENT_HASH_BYTES);
}

void cdn_record_put_meta(struct cdn_buf *out, uint64_t sequence)
{
    struct cdn_packer packer;

    cdn_pack_init_buf(&packer, out);
    cdn_pack_array(&packer, 2);
    cdn_pack_int(&packer, CDN_REGISTRY_FORMAT);
    cdn_pack_int(&packer, (int64_t)sequence);
}

void cdn_record_put_standing(struct cdn_buf *out, const cordon_standing *standing)
{
    const cordon_guard *guard = &standing->guard;
    struct cdn_packer packer;

    cdn_pack_init_buf(&packer, out);
    cdn_pack_array(&packer, STANDING_FIELDS + (standing->trust_count > 0));
    cdn_pack_int(&packer, (int64_t)standing->kind);
    cdn_pack_int(&packer, (int64_t)standing->state);
    cdn_pack_int(&packer, standing->active);
    cdn_pack_int(&packer, standing->previous);
    cdn_pack_int(&packer, standing->newest);
    cdn_pack_int(&packer, (int64_t)standing->revision);
    cdn_pack_array(&packer, standing->variant_count);
    for (uint32_t i = 0; i < standing->variant_count; i++) {
        cdn_pack_array(&packer, 3);
        cdn_pack_int(&packer, standing->variants[i].version);
        cdn_pack_int(&packer, (int64_t)standing->variants[i].kind);
        cdn_pack_int(&packer, standing->variants[i].share);
    }
    cdn_pack_array(&packer, standing->shadow_count);
    for (uint32_t i = 0; i < standing->shadow_count; i++) {
        cdn_pack_array(&packer, 2);
        cdn_pack_int(&packer, standing->shadows[i].version);
        cdn_pack_int(&packer, standing->shadows[i].sample);
    }
    cdn_pack_bool(&packer, standing->guarded);
    cdn_pack_array(&packer, 5);
    cdn_pack_int(&packer, (int64_t)guard->min_samples);
    cdn_pack_double(&packer, guard->max_error_rate);
    cdn_pack_double(&packer, guard->max_limit_rate);
    cdn_pack_double(&packer, guard->max_p99_ratio);
    cdn_pack_double(&packer, guard->max_drift);
    cdn_pack_cstr(&packer, standing->evidence);
    if (!standing->trust_count)
        return;
    cdn_pack_array(&packer, standing->trust_count);
    for (uint32_t i = 0; i < standing->trust_count; i++) {
        const cordon_trust *trust = &standing->trusts[i];

        cdn_pack_array(&packer, 4);
        cdn_pack_int(&packer, trust->version);
        cdn_pack_int(&packer, (int64_t)trust->wall);
        cdn_pack_bool(&packer, trust->quarantined);
        cdn_pack_int(&packer, (int64_t)trust->sequence);
    }
}

void cdn_record_put_version(struct cdn_buf *out,
                            const struct cdn_version_record *version)
{
    struct cdn_packer packer;

    cdn_pack_init_buf(&packer, out);
    cdn_pack_array(&packer, VERSION_FIELDS);
    cdn_pack_int(&packer, (int64_t)version->kind);
    put_hash(&packer, version->source_hash);
    cdn_pack_int(&packer, (int64_t)version->source_bytes);
    cdn_pack_bool(&packer, version->has_cases);
    put_hash(&packer, version->cases_hash);
    cdn_pack_int(&packer, (int64_t)version->cases_bytes);
    cdn_pack_int(&packer, version->time_ms);
    cdn_pack_int(&packer, (int64_t)version->sequence);
    cdn_pack_cstr(&packer, version->file);
    cdn_pack_cstr(&packer, version->author);
    cdn_pack_cstr(&packer, version->reason);
}

void cdn_record_put_change(struct cdn_buf *out, const cordon_change_record *change)
{
    struct cdn_packer packer;

    cdn_pack_init_buf(&packer, out);
    cdn_pack_array(&packer, CHANGE_FIELDS);
    cdn_pack_int(&packer, change->time_ms);
    cdn_pack_int(&packer, (int64_t)change->action);
    cdn_pack_int(&packer, (int64_t)change->kind);
    cdn_pack_cstr(&packer, change->name);
    cdn_pack_int(&packer, change->from);
    cdn_pack_int(&packer, change->to);
    cdn_pack_cstr(&packer, change->author);
    cdn_pack_cstr(&packer, change->reason);
    cdn_pack_cstr(&packer, change->details);
}

void cdn_record_put_runs(struct cdn_buf *out, uint64_t runs)
{
    struct cdn_packer packer;

    cdn_pack_init_buf(&packer, out);
    cdn_pack_array(&packer, 1);
    cdn_pack_int(&packer, runs > INT64_MAX ? INT64_MAX : (int64_t)runs);
}

/* ---- reading ---- */

struct cursor {
    const unsigned char *at;
    const unsigned char *end;
    const char *fault; /* the first; NULL: none */
};

static void spoil(struct cursor *cursor, const char *fault)
{
    if (!cursor->fault)
        cursor->fault = fault;
}

static cordon_value take(struct cursor *cursor, cordon_type type)
{
    cordon_value value = {.type = CORDON_NIL};

    if (cursor->fault)
        return (cordon_value){.type = CORDON_NIL};
    if (!cdn_unpack_head(&value, &cursor->at, cursor->end) || value.type != type) {
        spoil(cursor, "a field is missing or of another type");
        return (cordon_value){.type = CORDON_NIL};
    }
    return value;
}

static uint32_t take_array(struct cursor *cursor, uint32_t most)
{
    cordon_value value = take(cursor, CORDON_ARRAY);

    if (value.length > most)
        spoil(cursor, "it has more of something than there can be");
    return cursor->fault ? 0 : value.length;
}

static void take_fields(struct cursor *cursor, uint32_t count)
{
    if (take_array(cursor, count) != count)
        spoil(cursor, wrong_shape);
}

static uint64_t take_number(struct cursor *cursor, uint64_t least, uint64_t most)
{
    cordon_value value = take(cursor, CORDON_INTEGER);

    if (cursor->fault)
        return 0;
    if (value.as.integer < 0 || (uint64_t)value.as.integer < least ||
        (uint64_t)value.as.integer > most) {
        spoil(cursor, "a number is out of bounds");
        return 0;
    }
    return (uint64_t)value.as.integer;
}

static uint32_t take_version(struct cursor *cursor, uint32_t least)
{
    return (uint32_t)take_number(cursor, least, UINT32_MAX);
}

static int64_t take_time(struct cursor *cursor)
{
    cordon_value value = take(cursor, CORDON_INTEGER);

    return cursor->fault ? 0 : value.as.integer;
}

static bool take_bool(struct cursor *cursor)
{
    cordon_value value = take(cursor, CORDON_BOOLEAN);

    return !cursor->fault && value.as.boolean;
}

static double take_rate(struct cursor *cursor, double most)
{
    cordon_value value = take(cursor, CORDON_NUMBER);

    if (cursor->fault)
        return 0;
    if (!(value.as.number >= 0 && value.as.number <= most)) {
        spoil(cursor, "a rate is out of bounds");
        return 0;
    }
    return value.as.number;
}

static void take_line(struct cursor *cursor, char *out, size_t size)
{
    cordon_value value = take(cursor, CORDON_STRING);

    out[0] = '\0';
    if (cursor->fault)
        return;
    if (value.length >= size || !cdn_record_line_valid(value.as.string, value.length)) {
        spoil(cursor, "a text is too long, or not one line of UTF-8");
        return;
    }
    memcpy(out, value.as.string, value.length);
    out[value.length] = '\0';
}

static void take_hash(struct cursor *cursor, unsigned char *out)
{
    cordon_value value = take(cursor, CORDON_STRING);

    memset(out, 0, CDN_CONTENT_HASH_BYTES);
    if (cursor->fault)
        return;
    if (value.length == CDN_CONTENT_HASH_BYTES)
        memcpy(out, value.as.string, CDN_CONTENT_HASH_BYTES);
    else
        spoil(cursor, "a hash has another length");
}

static const char *finish(struct cursor *cursor)
{
    if (cursor->at != cursor->end)
        spoil(cursor, "something follows its fields");
    return cursor->fault;
}

static struct cursor cursor_of(const void *bytes, size_t size)
{
    const unsigned char *at = bytes;

    return (struct cursor){.at = at, .end = at + size};
}

const char *cdn_record_get_meta(uint64_t *format, uint64_t *sequence, const void *bytes,
                                size_t size)
{
    struct cursor cursor = cursor_of(bytes, size);
    uint32_t count = take_array(&cursor, UINT32_MAX);

    *sequence = 0;
    *format = take_number(&cursor, 1, INT64_MAX);
    if (*format != CDN_REGISTRY_FORMAT)
        return cursor.fault; /* what follows is not ours to judge */
    if (count != 2)
        spoil(&cursor, wrong_shape);
    *sequence = take_number(&cursor, 0, INT64_MAX);
    return finish(&cursor);
}

const char *cdn_record_get_runs(uint64_t *runs, const void *bytes, size_t size)
{
    struct cursor cursor = cursor_of(bytes, size);

    take_fields(&cursor, 1);
    *runs = take_number(&cursor, 0, INT64_MAX);
    return finish(&cursor);
}

static void take_variants(struct cursor *cursor, cordon_standing *out)
{
    uint64_t whole = 0;

    out->variant_count = take_array(cursor, CORDON_REGISTRY_MAX_VARIANTS);
    for (uint32_t i = 0; i < out->variant_count && !cursor->fault; i++) {
        cordon_rollout_variant *variant = &out->variants[i];

        take_fields(cursor, 3);
        variant->version = take_version(cursor, 1);
        variant->kind = (cordon_variant)take_number(cursor, CORDON_VARIANT_CANARY,
                                                    CORDON_VARIANT_ARM);
        variant->share = (uint32_t)take_number(cursor, 1, CORDON_WHOLE);
        whole += variant->share;
        if (variant->version > out->newest || variant->version == out->active)
            spoil(cursor, "a variant's version cannot be one");
    }
    if (whole > CORDON_WHOLE)
        spoil(cursor, "the variants' shares are more than the whole");
}

static void take_shadows(struct cursor *cursor, cordon_standing *out)
{
    out->shadow_count = take_array(cursor, CORDON_REGISTRY_MAX_SHADOWS);
    for (uint32_t i = 0; i < out->shadow_count && !cursor->fault; i++) {
        take_fields(cursor, 2);
        out->shadows[i].version = take_version(cursor, 1);
        out->shadows[i].sample = (uint32_t)take_number(cursor, 1, CORDON_WHOLE);
        if (out->shadows[i].version > out->newest)
            spoil(cursor, "a shadow's version does not exist");
    }
}

static void take_trusts(struct cursor *cursor, cordon_standing *out)
{
    out->trust_count = take_array(cursor, CORDON_REGISTRY_MAX_TRUSTS);
    if (!out->trust_count)
        spoil(cursor, "nothing is trusted less, and that is told");
    for (uint32_t i = 0; i < out->trust_count && !cursor->fault; i++) {
        cordon_trust *trust = &out->trusts[i];

        take_fields(cursor, 4);
        trust->version = take_version(cursor, 0);
        trust->wall =
            (cordon_wall)take_number(cursor, CORDON_WALL_INPROC, CORDON_WALL_MICROVM);
        trust->quarantined = take_bool(cursor);
        trust->sequence = take_number(cursor, 1, INT64_MAX);
        if (trust->version > out->newest ||
            (i && trust->version <= out->trusts[i - 1].version))
            spoil(cursor, "what is trusted less is not in order");
        if (!trust->quarantined && trust->wall == CORDON_WALL_INPROC)
            spoil(cursor, "a version is trusted less, and not by how much");
    }
    if (out->kind != CORDON_OBJECT_RULE)
        spoil(cursor, "a set cannot be trusted less");
}

const char *cdn_record_get_standing(cordon_standing *out, const void *bytes,
                                    size_t size)
{
    struct cursor cursor = cursor_of(bytes, size);
    uint32_t fields = take_array(&cursor, STANDING_FIELDS + 1);

    if (fields < STANDING_FIELDS)
        spoil(&cursor, wrong_shape);
    out->kind =
        (cordon_object_kind)take_number(&cursor, CORDON_OBJECT_RULE, CORDON_OBJECT_SET);
    out->state = (cordon_object_state)take_number(&cursor, CORDON_STANDING_INACTIVE,
                                                  CORDON_STANDING_KILLED);
    out->active = take_version(&cursor, 0);
    out->previous = take_version(&cursor, 0);
    out->newest = take_version(&cursor, 1);
    out->revision = take_number(&cursor, 1, INT64_MAX);
    if (out->active > out->newest || out->previous > out->newest ||
        (out->state == CORDON_STANDING_INACTIVE) != (out->active == 0))
        spoil(&cursor, "its versions do not agree with each other");
    take_variants(&cursor, out);
    take_shadows(&cursor, out);
    if (!out->active && (out->variant_count || out->shadow_count))
        spoil(&cursor, "it has a rollout, but no active version");
    out->guarded = take_bool(&cursor);
    take_fields(&cursor, 5);
    out->guard.min_samples = take_number(&cursor, 0, INT64_MAX);
    out->guard.max_error_rate = take_rate(&cursor, 1);
    out->guard.max_limit_rate = take_rate(&cursor, 1);
    out->guard.max_p99_ratio = take_rate(&cursor, HUGE_VAL);
    out->guard.max_drift = take_rate(&cursor, 1);
    take_line(&cursor, out->evidence, sizeof(out->evidence));
    out->trust_count = 0;
    if (fields > STANDING_FIELDS)
        take_trusts(&cursor, out);
    return finish(&cursor);
}

const char *cdn_record_get_version(struct cdn_version_record *out, const void *bytes,
                                   size_t size)
{
    struct cursor cursor = cursor_of(bytes, size);

    take_fields(&cursor, VERSION_FIELDS);
    out->kind =
        (cordon_object_kind)take_number(&cursor, CORDON_OBJECT_RULE, CORDON_OBJECT_SET);
    take_hash(&cursor, out->source_hash);
    out->source_bytes = take_number(&cursor, 0, CORDON_RULE_MAX_SOURCE_BYTES);
    out->has_cases = take_bool(&cursor);
    take_hash(&cursor, out->cases_hash);
    out->cases_bytes = take_number(&cursor, 0, CORDON_REGISTRY_MAX_CASES_BYTES);
    out->time_ms = take_time(&cursor);
    out->sequence = take_number(&cursor, 1, INT64_MAX);
    take_line(&cursor, out->file, sizeof(out->file));
    take_line(&cursor, out->author, sizeof(out->author));
    take_line(&cursor, out->reason, sizeof(out->reason));
    return finish(&cursor);
}

const char *cdn_record_get_change(cordon_change_record *out, const void *bytes,
                                  size_t size)
{
    struct cursor cursor = cursor_of(bytes, size);

    take_fields(&cursor, CHANGE_FIELDS);
    out->time_ms = take_time(&cursor);
    out->action =
        (cordon_action)take_number(&cursor, CORDON_ACTION_PUSH, CORDON_ACTION_TRIP);
    out->kind =
        (cordon_object_kind)take_number(&cursor, CORDON_OBJECT_RULE, CORDON_OBJECT_SET);
    take_line(&cursor, out->name, sizeof(out->name));
    out->from = take_version(&cursor, 0);
    out->to = take_version(&cursor, 0);
    take_line(&cursor, out->author, sizeof(out->author));
    take_line(&cursor, out->reason, sizeof(out->reason));
    take_line(&cursor, out->details, sizeof(out->details));
    return finish(&cursor);
}
