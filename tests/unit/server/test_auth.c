#include "support/unit.h"

#include <pthread.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "server/auth.h"
#include "server/route.h"

#define MOST                                                                           \
    (CDN_RIGHT_EVALUATE | CDN_RIGHT_READ | CDN_RIGHT_AUTHOR | CDN_RIGHT_PROMOTE |      \
     CDN_RIGHT_KILL | CDN_RIGHT_AUDIT)

static char tokens[3][CDN_AUTH_TOKEN_BYTES + 1];
static char hashes[3][CDN_AUTH_HASH_BYTES + 1];

/* Two tokens, a certificate, and three peers: a user, a group, and a user in a group. */
static struct cdn_auth *table(void)
{
    struct cdn_auth *auth;

    for (int i = 0; i < 3; i++)
        cdn_auth_make_token(tokens[i], hashes[i]);
    const struct cdn_auth_entry entries[] = {
        {.name = "shop",
         .token_hash = hashes[0],
         .rights = CDN_RIGHT_EVALUATE,
         .principal = "analyst"},
        {.name = "admin", .token_hash = hashes[1], .rights = MOST},
        {.name = "till", .subject = "CN=till,O=Shop", .rights = CDN_RIGHT_READ},
        {.name = "both",
         .has_uid = true,
         .uid = 7,
         .has_gid = true,
         .gid = 70,
         .rights = CDN_RIGHT_KILL},
        {.name = "user", .has_uid = true, .uid = 7, .rights = CDN_RIGHT_AUDIT},
        {.name = "group", .has_gid = true, .gid = 90, .rights = CDN_RIGHT_AUTHOR},
    };
    ck_assert_int_eq(cdn_auth_new(&auth, entries, 6, NULL), CORDON_OK);
    return auth;
}

static bool ask_header(struct cdn_caller *out, const struct cdn_auth *auth,
                       const char *header)
{
    struct cdn_credentials shown = {.authorization = header};

    return cdn_auth_identify(out, auth, &shown);
}

static bool ask_token(struct cdn_caller *out, const struct cdn_auth *auth,
                      const char *scheme, const char *token)
{
    char header[700];

    snprintf(header, sizeof header, "%s%s", scheme, token);
    return ask_header(out, auth, header);
}

START_TEST(identify__knows_each_token_by_itself)
{
    struct cdn_auth *auth = table();
    struct cdn_caller caller;

    ck_assert(ask_token(&caller, auth, "Bearer ", tokens[0]));
    ck_assert_str_eq(caller.name, "shop");
    ck_assert_uint_eq(caller.rights, CDN_RIGHT_EVALUATE);
    ck_assert_str_eq(caller.principal, "analyst");
    ck_assert(ask_token(&caller, auth, "bEARER   ", tokens[1]));
    ck_assert_str_eq(caller.name, "admin");
    ck_assert_uint_eq(caller.rights, MOST);
    ck_assert_ptr_null(caller.principal);
    ck_assert(!cdn_auth_is_open(auth));
    cdn_auth_release(auth);
}
END_TEST

START_TEST(identify__refuses_every_other_header)
{
    struct cdn_auth *auth = table();
    struct cdn_caller caller;
    char long_one[2 * CDN_AUTH_MAX_TOKEN_BYTES];
    static const char *const headers[] = {
        "",       "Bearer",        "Bearer ",         "Bearer  ", "Basic YTpi",
        "bearer", "Bearer\tabcde", "Bearer cordon_a", "\xff\xfe", "Bearer \xc3\xa9",
    };

    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        ck_assert_msg(!ask_header(&caller, auth, headers[i]), "'%s'", headers[i]);
        ck_assert_uint_eq(caller.rights, 0);
        ck_assert_str_eq(caller.name, "anonymous");
    }
    ck_assert(!ask_token(&caller, auth, "Bearer ", tokens[2])); /* nobody's */
    ck_assert(
        !ask_token(&caller, auth, "Bearer ", hashes[0])); /* what is kept of one */
    ck_assert(!ask_token(&caller, auth, "", tokens[0]));
    memset(long_one, 'a', sizeof long_one - 1);
    long_one[sizeof long_one - 1] = '\0';
    ck_assert(!ask_token(&caller, auth, "Bearer ", long_one));
    cdn_auth_release(auth);
}
END_TEST

START_TEST(identify__refuses_a_token_changed_anywhere)
{
    struct cdn_auth *auth = table();
    struct cdn_caller caller;
    char text[CDN_AUTH_TOKEN_BYTES + 3];

    for (size_t i = 0; i < CDN_AUTH_TOKEN_BYTES; i++) {
        memcpy(text, tokens[1], CDN_AUTH_TOKEN_BYTES + 1);
        text[i] = text[i] == 'a' ? 'b' : 'a';
        ck_assert(!ask_token(&caller, auth, "Bearer ", text));
        memcpy(text, tokens[1], i);
        text[i] = '\0';
        ck_assert(!ask_token(&caller, auth, "Bearer ", text));
    }
    snprintf(text, sizeof text, "%s,", tokens[1]);
    ck_assert(!ask_token(&caller, auth, "Bearer ", text));
    snprintf(text, sizeof text, "%s ", tokens[1]);
    ck_assert(!ask_token(&caller, auth, "Bearer ", text));
    cdn_auth_release(auth);
}
END_TEST

START_TEST(identify__takes_the_strongest_that_was_shown)
{
    struct cdn_auth *auth = table();
    struct cdn_caller caller;
    char header[80];
    struct cdn_credentials shown = {
        .subject = "CN=till,O=Shop", .has_peer = true, .uid = 7, .gid = 90};

    ck_assert(cdn_auth_identify(&caller, auth, &shown));
    ck_assert_str_eq(caller.name, "till");
    snprintf(header, sizeof header, "Bearer %s", tokens[0]);
    shown.authorization = header;
    ck_assert(cdn_auth_identify(&caller, auth, &shown));
    ck_assert_str_eq(caller.name, "shop");
    shown.authorization = "Bearer wrong"; /* the others do not make up for it */
    ck_assert(!cdn_auth_identify(&caller, auth, &shown));
    ck_assert_uint_eq(caller.rights, 0);
    shown.authorization = NULL;
    shown.subject = "CN=till,O=Shopper";
    shown.has_peer = false;
    ck_assert(cdn_auth_identify(&caller, auth, &shown));
    ck_assert_str_eq(caller.name, "anonymous");
    ck_assert_uint_eq(caller.rights, 0);
    cdn_auth_release(auth);
}
END_TEST

START_TEST(identify__takes_the_first_peer_that_fits)
{
    struct cdn_auth *auth = table();
    static const struct {
        uid_t uid;
        gid_t gid;
        const char *name;
    } rows[] = {{7, 70, "both"},  {7, 71, "user"},      {7, 90, "user"},
                {8, 90, "group"}, {8, 70, "anonymous"}, {0, 0, "anonymous"}};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cdn_credentials shown = {
            .has_peer = true, .uid = rows[i].uid, .gid = rows[i].gid};
        struct cdn_caller caller;

        ck_assert(cdn_auth_identify(&caller, auth, &shown));
        ck_assert_str_eq(caller.name, rows[i].name);
        ck_assert_int_eq(caller.rights == 0, !strcmp(caller.name, "anonymous"));
        shown.has_peer = false;
        ck_assert(cdn_auth_identify(&caller, auth, &shown));
        ck_assert_uint_eq(caller.rights, 0);
    }
    cdn_auth_release(auth);
}
END_TEST

START_TEST(identify__allows_all_where_nobody_is_configured)
{
    struct cdn_auth *auth;
    struct cdn_credentials nothing = {0};
    struct cdn_caller caller;

    ck_assert_int_eq(cdn_auth_new(&auth, NULL, 0, NULL), CORDON_OK);
    ck_assert(cdn_auth_is_open(auth));
    ck_assert(cdn_auth_identify(&caller, auth, &nothing));
    ck_assert_uint_eq(caller.rights, MOST);
    ck_assert_str_eq(caller.name, "anonymous");
    /* who takes himself for somebody is not made nobody in silence */
    ck_assert(!ask_header(&caller, auth, "Bearer cordon_x"));
    ck_assert_uint_eq(caller.rights, 0);
    cdn_auth_release(auth);
}
END_TEST

START_TEST(new__says_which_entry_is_wrong_and_why)
{
    static const char hash[] =
        "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF";
    static const struct {
        struct cdn_auth_entry entry;
        const char *says;
    } rows[] = {
        {{.name = NULL, .token_hash = hash, .rights = 1}, "is no name"},
        {{.name = "", .token_hash = hash, .rights = 1}, "is no name"},
        {{.name = "a b", .token_hash = hash, .rights = 1}, "'a b' is no name"},
        {{.name = "a\nb", .token_hash = hash, .rights = 1}, "'a\\x0ab' is no name"},
        {{.name = "anonymous", .token_hash = hash, .rights = 1}, "is no name"},
        {{.name = "0123456789012345678901234567890123456789012345678901234567890123"
                  "4",
          .token_hash = hash,
          .rights = 1},
         "1 to 64"},
        {{.name = "x", .rights = 1}, "one of a token's hash"},
        {{.name = "x", .token_hash = hash, .has_uid = true, .rights = 1},
         "one of a token's hash"},
        {{.name = "x", .token_hash = hash, .subject = "CN=a", .rights = 1},
         "one of a token's hash"},
        {{.name = "x", .token_hash = "0011", .rights = 1}, "64 hexadecimal"},
        {{.name = "x",
          .token_hash =
              "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeffa",
          .rights = 1},
         "64 hexadecimal"},
        {{.name = "x",
          .token_hash =
              "g0112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
          .rights = 1},
         "64 hexadecimal"},
        {{.name = "x", .subject = "till", .rights = 1}, "CN=shop"},
        {{.name = "x", .token_hash = hash}, "no rights"},
        {{.name = "x", .token_hash = hash, .rights = 64}, "no rights"},
        {{.name = "x", .token_hash = hash, .rights = 1, .principal = ""},
         "principal is empty"},
        {{.name = "x", .token_hash = hash, .rights = 1}, "is that of entry 1, 'first'"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct cdn_auth_entry entries[] = {
            {.name = "first", .token_hash = hash, .rights = 1}, rows[i].entry};
        struct cdn_auth *auth = (struct cdn_auth *)(uintptr_t)1;
        cordon_error err;

        ck_assert_int_eq(cdn_auth_new(&auth, entries, 2, &err), CORDON_E_INVALID);
        ck_assert_ptr_null(auth);
        ck_assert_msg(strstr(err.message, rows[i].says) != NULL, "%zu: %s", i,
                      err.message);
        ck_assert_msg(strstr(err.message, "entry 2") != NULL, "%zu: %s", i,
                      err.message);
    }
}
END_TEST

START_TEST(token__is_its_hash_and_never_the_same)
{
    char token[CDN_AUTH_TOKEN_BYTES + 1], hash[CDN_AUTH_HASH_BYTES + 1];
    char other[CDN_AUTH_TOKEN_BYTES + 1], other_hash[CDN_AUTH_HASH_BYTES + 1];
    char again[CDN_AUTH_HASH_BYTES + 1];
    unsigned char bytes[CDN_CONTENT_HASH_BYTES];

    cdn_auth_make_token(token, hash);
    cdn_auth_make_token(other, other_hash);
    ck_assert_uint_eq(strlen(token), CDN_AUTH_TOKEN_BYTES);
    ck_assert_uint_eq(strspn(token + 7, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRST"
                                        "UVWXYZ0123456789-_"),
                      CDN_AUTH_TOKEN_BYTES - 7);
    ck_assert_int_eq(strncmp(token, "cordon_", 7), 0);
    ck_assert_str_ne(token, other);
    ck_assert_str_ne(hash, other_hash);
    cdn_hash_content(bytes, token, strlen(token));
    ck_assert_str_eq(hash, cdn_hash_hex(again, bytes, sizeof bytes));
}
END_TEST

START_TEST(right__has_a_word_each)
{
    for (unsigned bit = 1; bit <= CDN_RIGHT_AUDIT; bit <<= 1) {
        const char *word = cdn_auth_right_word(bit);

        ck_assert_ptr_nonnull(word);
        ck_assert_uint_eq(cdn_auth_right(word, strlen(word)), bit);
        ck_assert_uint_eq(cdn_auth_right(word, strlen(word) - 1), 0);
    }
    ck_assert_ptr_null(cdn_auth_right_word(0));
    ck_assert_ptr_null(cdn_auth_right_word(3));
    ck_assert_uint_eq(cdn_auth_right("EVALUATE", 8), 0);
    ck_assert_uint_eq(cdn_auth_right("", 0), 0);
}
END_TEST

static void *use(void *shared)
{
    for (int i = 0; i < 1000; i++) {
        struct cdn_auth *auth = cdn_auth_retain(shared);
        struct cdn_caller caller;

        if (!ask_token(&caller, auth, "Bearer ", tokens[1]))
            return shared;
        cdn_auth_release(auth);
    }
    cdn_auth_release(shared); /* each thread has one of its own */
    return NULL;
}

START_TEST(release__frees_it_with_the_last_user)
{
    struct cdn_auth *auth = table();
    pthread_t threads[4];
    void *failed;

    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, use, cdn_auth_retain(auth)),
                         0);
    cdn_auth_release(auth);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], &failed);
        ck_assert_ptr_null(failed);
    }
    cdn_auth_release(NULL);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(new__survives_every_allocation_failure)
{
    const struct cdn_auth_entry entry = {
        .name = "x", .has_uid = true, .rights = 1, .principal = "p"};

    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_auth *auth;
        cordon_status status = cdn_auth_new(&auth, &entry, 1, NULL);

        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        ck_assert_int_eq(auth == NULL, status != CORDON_OK);
        cdn_auth_release(auth);
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("auth");

    CDN_UNIT_CASE(s, identify__knows_each_token_by_itself);
    CDN_UNIT_CASE(s, identify__refuses_every_other_header);
    CDN_UNIT_CASE(s, identify__refuses_a_token_changed_anywhere);
    CDN_UNIT_CASE(s, identify__takes_the_strongest_that_was_shown);
    CDN_UNIT_CASE(s, identify__takes_the_first_peer_that_fits);
    CDN_UNIT_CASE(s, identify__allows_all_where_nobody_is_configured);
    CDN_UNIT_CASE(s, new__says_which_entry_is_wrong_and_why);
    CDN_UNIT_CASE(s, token__is_its_hash_and_never_the_same);
    CDN_UNIT_CASE(s, right__has_a_word_each);
    CDN_UNIT_CASE(s, release__frees_it_with_the_last_user);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, new__survives_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
