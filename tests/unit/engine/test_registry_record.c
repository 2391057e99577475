/* Keys and records: what is written is read back, and nothing else is. */
#include "support/unit.h"

#include "engine/registry_record.h"

/* ---- keys ---- */

START_TEST(names__are_words_that_begin_with_a_letter)
{
    static const char *const good[] = {"a", "_", "fan_out.v2-b", "Z9"};
    static const char *const bad[] = {"", "9a", "-a", ".a", "a b", "a/b", "\xc3\xa4"};
    char longest[CORDON_RULE_MAX_NAME_BYTES + 1];

    for (int i = 0; i < CDN_UNIT_COUNT(good); i++)
        ck_assert_msg(cdn_object_name_valid(good[i], strlen(good[i])), "%s", good[i]);
    for (int i = 0; i < CDN_UNIT_COUNT(bad); i++)
        ck_assert_msg(!cdn_object_name_valid(bad[i], strlen(bad[i])), "%s", bad[i]);
    ck_assert(!cdn_object_name_valid("a\0b", 3));
    memset(longest, 'x', sizeof(longest));
    ck_assert(cdn_object_name_valid(longest, sizeof(longest) - 1));
    ck_assert(!cdn_object_name_valid(longest, sizeof(longest)));
}
END_TEST

START_TEST(keys__are_read_back)
{
    unsigned char hash[CDN_CONTENT_HASH_BYTES], other[CDN_CONTENT_HASH_BYTES];
    char name[CORDON_RULE_MAX_NAME_BYTES + 1];
    struct cdn_key key = cdn_key_object("velocity");
    uint64_t sequence;
    uint32_t version;

    memset(hash, 0xab, sizeof(hash));
    memset(other, 0xac, sizeof(other));
    ck_assert(cdn_key_read_object(name, key.bytes, key.length));
    ck_assert_str_eq(name, "velocity");
    ck_assert(!cdn_key_read_object(name, key.bytes, 1));

    key = cdn_key_hash(hash, "velocity", 0x01020304);
    ck_assert(cdn_key_read_hash(name, &version, hash, key.bytes, key.length));
    ck_assert_str_eq(name, "velocity");
    ck_assert_uint_eq(version, 0x01020304);
    ck_assert(!cdn_key_read_hash(name, &version, other, key.bytes, key.length));
    for (size_t cut = 0; cut < key.length; cut++) {
        unsigned char *exact = cdn_unit_exact(key.bytes, cut);

        ck_assert(!cdn_key_read_hash(name, &version, hash, exact, cut));
        free(exact);
    }

    key = cdn_key_change(7);
    ck_assert(cdn_key_read_change(&sequence, key.bytes, key.length));
    ck_assert_uint_eq(sequence, 7);
    ck_assert(!cdn_key_read_untold(&sequence, key.bytes, key.length));
    key = cdn_key_untold(8);
    ck_assert(cdn_key_read_untold(&sequence, key.bytes, key.length));
    ck_assert_uint_eq(sequence, 8);
    ck_assert(!cdn_key_read_change(&sequence, key.bytes, key.length));
    key = cdn_key_changed("velocity", UINT64_MAX);
    ck_assert(cdn_key_read_changed(&sequence, "velocity", key.bytes, key.length));
    ck_assert_uint_eq(sequence, UINT64_MAX);
    ck_assert(!cdn_key_read_changed(&sequence, "velocit", key.bytes, key.length));
    ck_assert(!cdn_key_read_changed(&sequence, "velocity", key.bytes, key.length - 1));
}
END_TEST

static int order(struct cdn_key a, struct cdn_key b)
{
    size_t least = a.length < b.length ? a.length : b.length;
    int sign = memcmp(a.bytes, b.bytes, least);

    return sign ? sign : (a.length > b.length) - (a.length < b.length);
}

START_TEST(keys__sort_by_name_and_number)
{
    ck_assert_int_lt(order(cdn_key_version("a", 255), cdn_key_version("a", 256)), 0);
    ck_assert_int_lt(order(cdn_key_version("a", UINT32_MAX), cdn_key_version("a-b", 1)),
                     0);
    ck_assert_int_lt(order(cdn_key_change(255), cdn_key_change(256)), 0);
    ck_assert_int_lt(order(cdn_key_changed("a", UINT64_MAX), cdn_key_changed("aa", 1)),
                     0);
}
END_TEST

/* ---- records ---- */

START_TEST(runs__are_read_back_and_nothing_else_is)
{
    static const struct {
        const char *bytes;
        size_t count;
    } bad[] = {
        {"", 0},          {"\x91", 1},         {"\x91\xff", 2}, {"\x92\x01\x02", 3},
        {"\x91\xa1x", 3}, {"\x91\x01\x01", 3}, {"\x01", 1}};
    static const uint64_t counts[] = {0, 1, 12345, INT64_MAX};
    uint64_t runs;

    for (int i = 0; i < CDN_UNIT_COUNT(counts); i++) {
        struct cdn_buf payload = {0};

        cdn_record_put_runs(&payload, counts[i]);
        ck_assert_ptr_null(cdn_record_get_runs(&runs, payload.data, payload.length));
        ck_assert_uint_eq(runs, counts[i]);
        cdn_buf_deinit(&payload);
    }
    for (int i = 0; i < CDN_UNIT_COUNT(bad); i++) {
        unsigned char *exact = cdn_unit_exact(bad[i].bytes, bad[i].count);

        ck_assert_ptr_nonnull(cdn_record_get_runs(&runs, exact, bad[i].count));
        free(exact);
    }
}
END_TEST

static cordon_standing a_standing(void)
{
    return (cordon_standing){
        .kind = CORDON_OBJECT_RULE,
        .state = CORDON_STANDING_ACTIVE,
        .active = 2,
        .previous = 1,
        .newest = 4,
        .revision = 9,
        .variant_count = 2,
        .variants = {{3, CORDON_VARIANT_ARM, 2500}, {4, CORDON_VARIANT_ARM, 7500}},
        .shadow_count = 1,
        .shadows = {{1, 10}},
        .guarded = true,
        .guard = {100, 0.1, 0.2, 1.5, 0.3},
        .evidence = "errors 0.2 \xc3\xa4"};
}

/* The same, some of it trusted less. */
static cordon_standing a_trusted_standing(void)
{
    cordon_standing standing = a_standing();

    standing.trust_count = 2;
    standing.trusts[0] = (cordon_trust){0, CORDON_WALL_INPROC, true, 7};
    standing.trusts[1] = (cordon_trust){4, CORDON_WALL_CONTAINER, false, 9};
    return standing;
}

static struct cdn_version_record a_version(void)
{
    return (struct cdn_version_record){.kind = CORDON_OBJECT_SET,
                                       .source_hash = {1, 2, 3},
                                       .source_bytes = 100,
                                       .has_cases = true,
                                       .cases_hash = {4, 5},
                                       .cases_bytes = 7,
                                       .time_ms = -5,
                                       .sequence = 3,
                                       .file = "rules/a.lua",
                                       .author = "ann",
                                       .reason = "why"};
}

static cordon_change_record a_change(void)
{
    return (cordon_change_record){.time_ms = 1795487340000,
                                  .action = CORDON_ACTION_PROMOTE,
                                  .kind = CORDON_OBJECT_RULE,
                                  .name = "velocity",
                                  .from = 1,
                                  .to = 4,
                                  .author = "ann",
                                  .reason = "why",
                                  .details = "canary 4"};
}

/* Each kind of record, written and read, by number. */
static void put_kind(struct cdn_buf *out, int kind)
{
    cordon_standing standing = kind == 4 ? a_trusted_standing() : a_standing();
    struct cdn_version_record version = a_version();
    cordon_change_record change = a_change();

    if (kind == 0)
        cdn_record_put_meta(out, 77);
    else if (kind == 1 || kind == 4)
        cdn_record_put_standing(out, &standing);
    else if (kind == 2)
        cdn_record_put_version(out, &version);
    else
        cdn_record_put_change(out, &change);
}

static const char *get_kind(int kind, const void *bytes, size_t size)
{
    cordon_standing standing = {0};
    struct cdn_version_record version;
    cordon_change_record change;
    uint64_t format, sequence;

    if (kind == 0)
        return cdn_record_get_meta(&format, &sequence, bytes, size);
    if (kind == 1 || kind == 4)
        return cdn_record_get_standing(&standing, bytes, size);
    if (kind == 2)
        return cdn_record_get_version(&version, bytes, size);
    return cdn_record_get_change(&change, bytes, size);
}

START_TEST(record__is_read_back)
{
    struct cdn_version_record version = {0}, given = a_version();
    cordon_standing standing = {0}, stood = a_standing();
    cordon_change_record change = {0}, changed = a_change();
    struct cdn_buf buf = {0};
    uint64_t format, sequence;

    put_kind(&buf, 0);
    ck_assert_ptr_null(cdn_record_get_meta(&format, &sequence, buf.data, buf.length));
    ck_assert_uint_eq(sequence, 77);
    cdn_buf_clear(&buf);
    put_kind(&buf, 1);
    ck_assert_ptr_null(cdn_record_get_standing(&standing, buf.data, buf.length));
    ck_assert_mem_eq(&standing, &stood, sizeof(standing));
    cdn_buf_clear(&buf);
    put_kind(&buf, 4);
    stood = a_trusted_standing();
    ck_assert_ptr_null(cdn_record_get_standing(&standing, buf.data, buf.length));
    ck_assert_mem_eq(&standing, &stood, sizeof(standing));
    cdn_buf_clear(&buf);
    put_kind(&buf, 2);
    ck_assert_ptr_null(cdn_record_get_version(&version, buf.data, buf.length));
    ck_assert_mem_eq(&version, &given, sizeof(version));
    cdn_buf_clear(&buf);
    put_kind(&buf, 3);
    ck_assert_ptr_null(cdn_record_get_change(&change, buf.data, buf.length));
    ck_assert_mem_eq(&change, &changed, sizeof(change));
    cdn_buf_deinit(&buf);
}
END_TEST

START_TEST(record__refuses_every_truncation_and_what_follows)
{
    for (int kind = 0; kind < 5; kind++) {
        struct cdn_buf buf = {0};

        put_kind(&buf, kind);
        for (size_t cut = 0; cut < buf.length; cut++) {
            unsigned char *exact = cdn_unit_exact(buf.data, cut);

            ck_assert_ptr_nonnull(get_kind(kind, exact, cut));
            free(exact);
        }
        cdn_buf_append(&buf, "\xc0", 1);
        ck_assert_ptr_nonnull(get_kind(kind, buf.data, buf.length));
        cdn_buf_deinit(&buf);
    }
}
END_TEST

/* Standings that no registry writes. */
static cordon_standing impossible(int which)
{
    cordon_standing standing = a_trusted_standing();

    switch (which) {
    case 0:
        standing.active = 5;
        break; /* above the newest */
    case 1:
        standing.previous = 5;
        break;
    case 2:
        standing.active = 0;
        break; /* active without a version */
    case 3:
        standing.state = CORDON_STANDING_INACTIVE;
        break;
    case 4:
        standing.variants[0].version = 5;
        break;
    case 5:
        standing.variants[0].version = 2;
        break; /* the active one */
    case 6:
        standing.variants[0].share = 2501;
        break; /* more than the whole */
    case 7:
        standing.variants[0].share = 0;
        break;
    case 8:
        standing.variants[0].kind = CORDON_VARIANT_SHADOW;
        break;
    case 9:
        standing.shadows[0].version = 5;
        break;
    case 10:
        standing.shadows[0].sample = 10001;
        break;
    case 11:
        standing.guard.max_error_rate = 1.1;
        break;
    case 12:
        standing.guard.max_drift = -0.1;
        break;
    case 13:
        standing.newest = 0;
        break;
    case 14:
        standing.revision = 0;
        break;
    case 15:
        standing.evidence[3] = '\n';
        break;
    case 16:
        standing.evidence[0] = (char)0xff;
        break;
    case 17:
        standing.kind = (cordon_object_kind)3;
        break;
    case 18:
        standing.trusts[1].version = 5;
        break;
    case 19:
        standing.trusts[0].version = 4;
        break; /* twice the same */
    case 20:
        standing.trusts[1].wall = (cordon_wall)4;
        break;
    case 21:
        standing.trusts[0].quarantined = false;
        break; /* and without a wall */
    case 22:
        standing.trusts[0].sequence = 0;
        break;
    case 23:
        standing.kind = CORDON_OBJECT_SET;
        break;
    default:
        standing.state = (cordon_object_state)5;
        break;
    }
    return standing;
}

START_TEST(standing__refuses_what_cannot_be)
{
    cordon_standing standing = impossible(_i), found = {0};
    struct cdn_buf buf = {0};

    cdn_record_put_standing(&buf, &standing);
    ck_assert_ptr_nonnull(cdn_record_get_standing(&found, buf.data, buf.length));
    cdn_buf_deinit(&buf);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("registry_record");

    CDN_UNIT_CASE(s, names__are_words_that_begin_with_a_letter);
    CDN_UNIT_CASE(s, keys__are_read_back);
    CDN_UNIT_CASE(s, keys__sort_by_name_and_number);
    CDN_UNIT_CASE(s, runs__are_read_back_and_nothing_else_is);
    CDN_UNIT_CASE(s, record__is_read_back);
    CDN_UNIT_CASE(s, record__refuses_every_truncation_and_what_follows);
    CDN_UNIT_LOOP(s, standing__refuses_what_cannot_be, 0, 25);
    return s;
}

CDN_UNIT_MAIN(suite)
