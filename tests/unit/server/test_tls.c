/* A server's certificate: what is taken and refused, reloads, and handshakes over a pair of
 * sockets with clients that show certificates of all kinds. */
#include "support/unit.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <time.h>

#include <gnutls/x509.h>

#include "base/alloc.h"
#include "server/tls.h"

#define DAY ((time_t)86400)

static char folder[256], certificate[300], key[300], authority[300];

/* ---- certificates ---- */

static void fine(int code)
{
    ck_assert_msg(code >= 0, "%s", gnutls_strerror(code));
}

/* One of a key's own, or of an issuer's. */
struct party {
    gnutls_x509_privkey_t key;
    gnutls_x509_crt_t crt;
};

static struct party party_new(const char *name, const struct party *issuer,
                              const char *purpose, time_t begins, time_t ends)
{
    static unsigned char serial;
    struct party party;
    const char *fault;

    fine(gnutls_x509_privkey_init(&party.key));
    fine(gnutls_x509_privkey_generate(party.key, GNUTLS_PK_ECDSA,
                                      GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1),
                                      0));
    fine(gnutls_x509_crt_init(&party.crt));
    serial++;
    fine(gnutls_x509_crt_set_version(party.crt, 3));
    fine(gnutls_x509_crt_set_serial(party.crt, &serial, 1));
    fine(gnutls_x509_crt_set_dn(party.crt, name, &fault));
    fine(gnutls_x509_crt_set_activation_time(party.crt, begins));
    fine(gnutls_x509_crt_set_expiration_time(party.crt, ends));
    fine(gnutls_x509_crt_set_key(party.crt, party.key));
    fine(gnutls_x509_crt_set_basic_constraints(party.crt, issuer == NULL, -1));
    if (purpose)
        fine(gnutls_x509_crt_set_key_purpose_oid(party.crt, purpose, 0));
    fine(gnutls_x509_crt_sign2(party.crt, issuer ? issuer->crt : party.crt,
                               issuer ? issuer->key : party.key, GNUTLS_DIG_SHA256, 0));
    return party;
}

static void party_free(struct party *party)
{
    gnutls_x509_crt_deinit(party->crt);
    gnutls_x509_privkey_deinit(party->key);
}

static void write_bytes(const char *path, const void *bytes, size_t count, bool append)
{
    int fd = open(path, O_WRONLY | O_CREAT | (append ? O_APPEND : O_TRUNC), 0600);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, bytes, count), (ssize_t)count);
    close(fd);
}

static void write_text(const char *path, const char *text)
{
    write_bytes(path, text, strlen(text), false);
}

static void write_certificate(const char *path, const struct party *party, bool append)
{
    gnutls_datum_t text;

    fine(gnutls_x509_crt_export2(party->crt, GNUTLS_X509_FMT_PEM, &text));
    write_bytes(path, text.data, text.size, append);
    gnutls_free(text.data);
}

static void write_key(const char *path, const struct party *party)
{
    gnutls_datum_t text;

    fine(gnutls_x509_privkey_export2(party->key, GNUTLS_X509_FMT_PEM, &text));
    write_bytes(path, text.data, text.size, false);
    gnutls_free(text.data);
}

/* ---- a server's files ---- */

static struct party ca, server;

static void set_up(void)
{
    time_t now = time(NULL);

    cdn_unit_folder(folder, sizeof folder);
    snprintf(certificate, sizeof certificate, "%s/server.pem", folder);
    snprintf(key, sizeof key, "%s/server.key", folder);
    snprintf(authority, sizeof authority, "%s/ca.pem", folder);
    ca = party_new("CN=ca", NULL, NULL, now - DAY, now + 300 * DAY);
    server = party_new("CN=localhost", &ca, GNUTLS_KP_TLS_WWW_SERVER, now - DAY,
                       now + 100 * DAY);
    write_certificate(certificate, &server, false);
    write_key(key, &server);
    write_certificate(authority, &ca, false);
}

static void tear_down(void)
{
    party_free(&ca);
    party_free(&server);
    unlink(certificate);
    unlink(key);
    unlink(authority);
    rmdir(folder);
}

static struct cdn_tls *opened(const char *client_ca)
{
    struct cdn_tls *tls;
    cordon_error err = {0};

    ck_assert_msg(!cdn_tls_open(&tls, certificate, key, client_ca, &err), "%s",
                  err.message);
    return tls;
}

/* Opening fails so, with a message that names the file. */
static void refused(cordon_status status, const char *file, const char *text)
{
    struct cdn_tls *tls;
    cordon_error err = {0};

    ck_assert_int_eq(cdn_tls_open(&tls, certificate, key, authority, &err), status);
    ck_assert_ptr_null(tls);
    ck_assert_msg(strstr(err.message, file) && strstr(err.message, text),
                  "\"%s\" does not say \"%s\" of %s", err.message, text, file);
}

/* What a handshake would be given; returns how many certificates. */
static unsigned retrieved(gnutls_pcert_st **certificates, gnutls_privkey_t *private_key)
{
    unsigned count = 0;

    if (cdn_tls_retrieve(NULL, NULL, 0, NULL, 0, certificates, &count, private_key))
        return 0;
    return count;
}

/* Is it the server's? */
static bool is_of(const gnutls_pcert_st *shown, const struct party *party)
{
    gnutls_datum_t wanted;
    bool same;

    fine(gnutls_x509_crt_export2(party->crt, GNUTLS_X509_FMT_DER, &wanted));
    same = shown->cert.size == wanted.size &&
           !memcmp(shown->cert.data, wanted.data, wanted.size);
    gnutls_free(wanted.data);
    return same;
}

START_TEST(open__takes_a_certificate_and_those_behind_it)
{
    gnutls_pcert_st *certificates;
    gnutls_privkey_t private_key;
    struct cdn_tls *tls;

    ck_assert_uint_eq(retrieved(&certificates, &private_key), 0);
    tls = opened(NULL);
    ck_assert_ptr_null(cdn_tls_trust(tls));
    ck_assert_uint_eq(retrieved(&certificates, &private_key), 1);
    ck_assert(is_of(&certificates[0], &server));
    cdn_tls_close(tls);
    ck_assert_uint_eq(retrieved(&certificates, &private_key), 0);

    write_certificate(certificate, &ca, true);
    tls = opened(authority);
    ck_assert_ptr_nonnull(strstr(cdn_tls_trust(tls), "-----BEGIN CERTIFICATE-----"));
    ck_assert_uint_eq(retrieved(&certificates, &private_key), 2);
    ck_assert(is_of(&certificates[0], &server) && is_of(&certificates[1], &ca));
    cdn_tls_close(tls);
    cdn_tls_close(NULL);
}
END_TEST

START_TEST(open__refuses_what_is_no_certificate)
{
    unlink(certificate);
    refused(CORDON_E_NOTFOUND, certificate, "");
    write_text(certificate, "");
    refused(CORDON_E_DATA, certificate, "no certificate in PEM");
    write_text(certificate, "-----BEGIN CERTIFICATE-----\nAAAA\n"
                            "-----END CERTIFICATE-----\n");
    refused(CORDON_E_DATA, certificate, "no certificate in PEM");
    write_certificate(certificate, &ca, false);
    write_certificate(certificate, &server, true);
    refused(CORDON_E_DATA, certificate, "the server's certificate comes first");
}
END_TEST

START_TEST(open__refuses_every_truncation_of_a_certificate)
{
    gnutls_datum_t text;
    const unsigned char *last;

    fine(gnutls_x509_crt_export2(server.crt, GNUTLS_X509_FMT_PEM, &text));
    last = memmem(text.data, text.size, "-----END", 8);
    ck_assert_ptr_nonnull(last);
    for (size_t size = 0; size <= (size_t)(last - text.data); size++) {
        write_bytes(certificate, text.data, size, false);
        refused(CORDON_E_DATA, certificate, "no certificate in PEM");
    }
    gnutls_free(text.data);
}
END_TEST

/* One's own issuer may stand behind it ever so often; a chain of so many is no server's. */
START_TEST(open__refuses_more_certificates_than_a_chain_has)
{
    struct party chain[11];
    time_t now = time(NULL);

    for (int i = 0; i < 11; i++)
        chain[i] =
            party_new("CN=link", i ? &chain[i - 1] : NULL, NULL, now - DAY, now + DAY);
    for (int i = 10; i >= 0; i--)
        write_certificate(certificate, &chain[i], i < 10);
    write_key(key, &chain[10]);
    refused(CORDON_E_DATA, certificate, "");
    for (int i = 0; i < 11; i++)
        party_free(&chain[i]);
}
END_TEST

START_TEST(open__refuses_a_key_that_does_not_fit)
{
    gnutls_datum_t text;

    unlink(key);
    refused(CORDON_E_NOTFOUND, key, "");
    write_text(key, "not a key");
    refused(CORDON_E_DATA, key, "no private key in PEM");
    write_key(key, &ca);
    refused(CORDON_E_DATA, key, "is not the key of the certificate");
    fine(gnutls_x509_privkey_export2_pkcs8(server.key, GNUTLS_X509_FMT_PEM, "secret",
                                           GNUTLS_PKCS_PBES2_AES_256, &text));
    write_bytes(key, text.data, text.size, false);
    gnutls_free(text.data);
    refused(CORDON_E_DATA, key, "the key is encrypted");
}
END_TEST

START_TEST(open__refuses_authorities_that_are_none)
{
    write_text(authority, "nobody");
    refused(CORDON_E_DATA, authority, "no certificates of authorities in PEM");
    unlink(authority);
    refused(CORDON_E_NOTFOUND, authority, "");
}
END_TEST

START_TEST(open__is_one_at_a_time)
{
    struct cdn_tls *tls = opened(NULL), *other;
    gnutls_pcert_st *certificates;
    gnutls_privkey_t private_key;

    ck_assert_int_eq(cdn_tls_open(&other, certificate, key, NULL, NULL),
                     CORDON_E_EXISTS);
    ck_assert_ptr_null(other);
    ck_assert_uint_eq(retrieved(&certificates, &private_key), 1);
    cdn_tls_close(tls);
    tls = opened(NULL);
    cdn_tls_close(tls);
}
END_TEST

START_TEST(reload__is_for_the_next_handshake)
{
    time_t now = time(NULL);
    struct party next = party_new("CN=localhost", &ca, GNUTLS_KP_TLS_WWW_SERVER,
                                  now - DAY, now + 200 * DAY);
    gnutls_pcert_st *before, *after;
    gnutls_privkey_t before_key, after_key;
    struct cdn_tls *tls = opened(NULL);
    cordon_error err;

    ck_assert_uint_eq(retrieved(&before, &before_key), 1);
    write_certificate(certificate, &next, false);
    /* the key is still the old one's: nothing changes */
    ck_assert_int_eq(cdn_tls_reload(tls, &err), CORDON_E_DATA);
    ck_assert_ptr_nonnull(strstr(err.message, key));
    ck_assert_uint_eq(retrieved(&after, &after_key), 1);
    ck_assert_ptr_eq(after, before);
    write_key(key, &next);
    ck_assert_int_eq(cdn_tls_reload(tls, &err), CORDON_OK);
    ck_assert_uint_eq(retrieved(&after, &after_key), 1);
    ck_assert(is_of(&after[0], &next));
    /* a handshake that began before goes on with what it was given */
    ck_assert(is_of(&before[0], &server));
    cdn_tls_close(tls);
    party_free(&next);
}
END_TEST

START_TEST(warning__tells_when_a_certificate_does_not_hold)
{
    static const struct {
        time_t begins, ends; /* from now */
        const char *text;    /* NULL: there is nothing to tell */
    } cases[] = {
        {-DAY, 100 * DAY, NULL},
        {-DAY, 15 * DAY, NULL},
        {-DAY, 5 * DAY + 3600, "ends in 5 days"},
        {-10 * DAY, -DAY, "has ended"},
        {DAY, 100 * DAY, "does not hold yet"},
    };
    char text[CDN_TLS_WARNING_BYTES] = "";
    time_t now = time(NULL);
    struct party party = party_new("CN=localhost", &ca, NULL, now + cases[_i].begins,
                                   now + cases[_i].ends);
    struct cdn_tls *tls;

    write_certificate(certificate, &party, false);
    write_key(key, &party);
    tls = opened(NULL);
    ck_assert_int_eq(cdn_tls_warning(text, tls, (int64_t)now * 1000),
                     cases[_i].text != NULL);
    if (cases[_i].text)
        ck_assert_msg(strstr(text, certificate) && strstr(text, cases[_i].text), "%s",
                      text);
    cdn_tls_close(tls);
    party_free(&party);
}
END_TEST

/* ---- handshakes ---- */

struct end {
    gnutls_session_t session;
    gnutls_certificate_credentials_t credentials;
    int fd;
};

static void end_init(struct end *end, unsigned flags, int fd)
{
    fine(gnutls_init(&end->session, flags | GNUTLS_NONBLOCK));
    fine(gnutls_certificate_allocate_credentials(&end->credentials));
    fine(gnutls_priority_set_direct(end->session, CDN_TLS_PRIORITIES, NULL));
    gnutls_transport_set_int(end->session, fd);
    end->fd = fd;
}

static void end_deinit(struct end *end)
{
    gnutls_deinit(end->session);
    gnutls_certificate_free_credentials(end->credentials);
    close(end->fd);
}

/* Both sides in turns until neither has more to do; false: one gave up. */
static bool shake_hands(struct end *one, struct end *other)
{
    int codes[2] = {GNUTLS_E_AGAIN, GNUTLS_E_AGAIN};
    struct end *ends[2] = {one, other};

    for (int turn = 0; turn < 1000 && (codes[0] || codes[1]); turn++) {
        int at = turn % 2;

        if (codes[at])
            codes[at] = gnutls_handshake(ends[at]->session);
        if (codes[at] < 0 && gnutls_error_is_fatal(codes[at]))
            return false;
    }
    return !codes[0] && !codes[1];
}

/* What the server knows of a client that shows `party`, or nothing; "": nobody. */
static const char *seen(const struct party *party, size_t room)
{
    static char subject[256];
    struct cdn_tls *tls = opened(authority);
    gnutls_datum_t trust = {(unsigned char *)(uintptr_t)cdn_tls_trust(tls),
                            (unsigned)strlen(cdn_tls_trust(tls))};
    struct end here, there;
    int fds[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    end_init(&here, GNUTLS_SERVER, fds[0]);
    end_init(&there, GNUTLS_CLIENT | GNUTLS_FORCE_CLIENT_CERT, fds[1]);
    gnutls_certificate_set_retrieve_function2(here.credentials, cdn_tls_retrieve);
    fine(gnutls_certificate_set_x509_trust_mem(here.credentials, &trust,
                                               GNUTLS_X509_FMT_PEM));
    gnutls_certificate_server_set_request(here.session, GNUTLS_CERT_REQUEST);
    if (party) {
        gnutls_x509_crt_t crt = party->crt;

        fine(gnutls_certificate_set_x509_key(there.credentials, &crt, 1, party->key));
    }
    fine(
        gnutls_credentials_set(here.session, GNUTLS_CRD_CERTIFICATE, here.credentials));
    fine(gnutls_credentials_set(there.session, GNUTLS_CRD_CERTIFICATE,
                                there.credentials));
    ck_assert(shake_hands(&here, &there));
    if (!cdn_tls_subject(subject, room, here.session))
        subject[0] = '\0';
    end_deinit(&here);
    end_deinit(&there);
    cdn_tls_close(tls);
    return subject;
}

START_TEST(subject__is_of_a_client_that_an_authority_knows)
{
    time_t now = time(NULL);
    struct party till = party_new("CN=till,O=Shop", &ca, GNUTLS_KP_TLS_WWW_CLIENT,
                                  now - DAY, now + DAY);

    ck_assert_str_eq(seen(&till, 256), "CN=till,O=Shop");
    ck_assert_str_eq(seen(&till, sizeof "CN=till,O=Shop"), "CN=till,O=Shop");
    ck_assert_str_eq(seen(&till, sizeof "CN=till,O=Shop" - 1), "");
    ck_assert_str_eq(seen(NULL, 256), "");
    party_free(&till);
}
END_TEST

START_TEST(subject__is_of_nobody_else)
{
    time_t now = time(NULL);
    struct party stranger =
        party_new("CN=ca", NULL, NULL, now - DAY, now + DAY); /* of the same name */
    const struct {
        const struct party *issuer;
        const char *purpose;
        time_t begins, ends;
    } cases[] = {
        {&stranger, GNUTLS_KP_TLS_WWW_CLIENT, -DAY, DAY},
        {&ca, GNUTLS_KP_TLS_WWW_SERVER, -DAY, DAY},
        {&ca, GNUTLS_KP_TLS_WWW_CLIENT, -2 * DAY, -DAY},
        {&ca, GNUTLS_KP_TLS_WWW_CLIENT, DAY, 2 * DAY},
        {NULL, GNUTLS_KP_TLS_WWW_CLIENT, -DAY, DAY},
    };

    for (int i = 0; i < CDN_UNIT_COUNT(cases); i++) {
        struct party party = party_new("CN=till", cases[i].issuer, cases[i].purpose,
                                       now + cases[i].begins, now + cases[i].ends);

        ck_assert_msg(!*seen(&party, 256), "case %d is let in", i);
        party_free(&party);
    }
    party_free(&stranger);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(open__survives_every_allocation_failure)
{
    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_tls *tls;
        gnutls_pcert_st *certificates;
        gnutls_privkey_t private_key;
        cordon_status status = cdn_tls_open(&tls, certificate, key, authority, NULL);

        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        ck_assert_uint_eq(retrieved(&certificates, &private_key), status ? 0 : 1);
        cdn_tls_close(tls);
    }
}
END_TEST

START_TEST(reload__survives_every_allocation_failure)
{
    struct cdn_tls *tls = opened(NULL);

    CDN_UNIT_FAILALLOC(nth)
    {
        gnutls_pcert_st *certificates;
        gnutls_privkey_t private_key;
        cordon_status status = cdn_tls_reload(tls, NULL);

        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        ck_assert_uint_eq(retrieved(&certificates, &private_key), 1);
        ck_assert(is_of(&certificates[0], &server));
    }
    cdn_tls_close(tls);
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("tls");

    CDN_UNIT_CASE_IN(s, open__takes_a_certificate_and_those_behind_it, set_up,
                     tear_down);
    CDN_UNIT_CASE_IN(s, open__refuses_what_is_no_certificate, set_up, tear_down);
    CDN_UNIT_CASE_IN(s, open__refuses_every_truncation_of_a_certificate, set_up,
                     tear_down);
    CDN_UNIT_CASE_IN(s, open__refuses_more_certificates_than_a_chain_has, set_up,
                     tear_down);
    CDN_UNIT_CASE_IN(s, open__refuses_a_key_that_does_not_fit, set_up, tear_down);
    CDN_UNIT_CASE_IN(s, open__refuses_authorities_that_are_none, set_up, tear_down);
    CDN_UNIT_CASE_IN(s, open__is_one_at_a_time, set_up, tear_down);
    CDN_UNIT_CASE_IN(s, reload__is_for_the_next_handshake, set_up, tear_down);
    TCase *warnings = tcase_create("warning__tells_when_a_certificate_does_not_hold");
    tcase_add_checked_fixture(warnings, set_up, tear_down);
    tcase_add_loop_test(warnings, warning__tells_when_a_certificate_does_not_hold, 0,
                        5);
    suite_add_tcase(s, warnings);
    CDN_UNIT_CASE_IN(s, subject__is_of_a_client_that_an_authority_knows, set_up,
                     tear_down);
    CDN_UNIT_CASE_IN(s, subject__is_of_nobody_else, set_up, tear_down);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE_IN(s, open__survives_every_allocation_failure, set_up, tear_down);
    CDN_UNIT_CASE_IN(s, reload__survives_every_allocation_failure, set_up, tear_down);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
