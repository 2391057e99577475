/* TLS by GnuTLS: what is loaded, checked and asked.
 *
 * A pair (certificates and key) is immutable.  A handshake uses the pair it was given for as
 * long as it lasts, and says nobody when it is done with it, so a pair that a reload replaced
 * is kept for LINGER_MS, which no handshake outlasts (the listener's limits), and freed by a
 * later reload or at the end. */
#include "server/tls.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <gnutls/x509.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"

#define FILE_MAX_BYTES   ((size_t)1 << 20)
#define MAX_CERTIFICATES 10
#define LINGER_MS        3600000
#define DAY_MS           ((int64_t)86400000)
#define SOON_MS          (14 * DAY_MS)

struct pair {
    struct pair *next; /* the one it replaced */
    int64_t replaced_ms;
    gnutls_pcert_st certificates[MAX_CERTIFICATES];
    unsigned count;
    gnutls_privkey_t key;
    int64_t begins_ms, ends_ms;
};

struct cdn_tls {
    char *certificate_file, *key_file;
    struct cdn_buf trust;
    _Atomic(struct pair *) pair;
};

static _Atomic(struct cdn_tls *) current;

/* ---- one pair ---- */

static void free_pair(struct pair *pair)
{
    for (unsigned i = 0; i < pair->count; i++)
        gnutls_pcert_deinit(&pair->certificates[i]);
    if (pair->key)
        gnutls_privkey_deinit(pair->key);
    cdn_free(pair);
}

static cordon_status refuse(cordon_error *err, const char *file, int code,
                            const char *what)
{
    if (code == GNUTLS_E_MEMORY_ERROR)
        return cdn_error_nomem(err);
    return cdn_error_set(err, CORDON_E_DATA, "%s: %s (%s)", file, what,
                         gnutls_strerror(code));
}

static gnutls_datum_t datum(const struct cdn_buf *text)
{
    return (gnutls_datum_t){text->data, (unsigned)text->length};
}

static cordon_status load_certificates(struct pair *pair, const char *file,
                                       cordon_error *err)
{
    struct cdn_buf text = {0};
    gnutls_x509_crt_t *list = NULL;
    unsigned count = 0;
    int code;
    cordon_status status = cdn_file_read(&text, file, FILE_MAX_BYTES, err);
    gnutls_datum_t data = datum(&text);

    if (status)
        goto out;
    code = text.length
               ? gnutls_x509_crt_list_import2(&list, &count, &data, GNUTLS_X509_FMT_PEM,
                                              GNUTLS_X509_CRT_LIST_FAIL_IF_UNSORTED)
               : GNUTLS_E_NO_CERTIFICATE_FOUND;
    if (code < 0) {
        status = refuse(err, file, code,
                        code == GNUTLS_E_CERTIFICATE_LIST_UNSORTED
                            ? "the server's certificate comes first, then each one's "
                              "issuer"
                            : "no certificate in PEM (-----BEGIN CERTIFICATE-----)");
        goto out;
    }
    if (count > MAX_CERTIFICATES) {
        status = cdn_error_set(err, CORDON_E_DATA, "%s: more than %d certificates",
                               file, MAX_CERTIFICATES);
        goto out;
    }
    pair->begins_ms = (int64_t)gnutls_x509_crt_get_activation_time(list[0]) * 1000;
    pair->ends_ms = (int64_t)gnutls_x509_crt_get_expiration_time(list[0]) * 1000;
    for (unsigned i = 0; i < count && !status; i++) {
        code = gnutls_pcert_import_x509(&pair->certificates[i], list[i], 0);
        if (code < 0)
            status = refuse(err, file, code, "a certificate cannot be used");
        else
            pair->count++;
    }
out:
    for (unsigned i = 0; i < count; i++)
        gnutls_x509_crt_deinit(list[i]);
    gnutls_free(list);
    cdn_buf_deinit(&text);
    return status;
}

static cordon_status load_key(struct pair *pair, const char *file, cordon_error *err)
{
    struct cdn_buf text = {0};
    int code;
    cordon_status status = cdn_file_read(&text, file, FILE_MAX_BYTES, err);
    gnutls_datum_t data = datum(&text);

    if (!status) {
        code = gnutls_privkey_init(&pair->key);
        if (code >= 0)
            code = gnutls_privkey_import_x509_raw(pair->key, &data, GNUTLS_X509_FMT_PEM,
                                                  NULL, 0);
        if (code == GNUTLS_E_DECRYPTION_FAILED)
            status = cdn_error_set(err, CORDON_E_DATA,
                                   "%s: the key is encrypted; a server needs it plain, "
                                   "in a file that only it can read",
                                   file);
        else if (code < 0)
            status = refuse(err, file, code, "no private key in PEM");
    }
    if (text.data)
        cdn_wipe(text.data, text.length);
    cdn_buf_deinit(&text);
    return status;
}

/* Is the key the certificate's?  By what both say of the public one. */
static cordon_status check_pair(const struct pair *pair, const struct cdn_tls *tls,
                                cordon_error *err)
{
    unsigned char ids[2][64];
    size_t bytes[2] = {sizeof ids[0], sizeof ids[1]};
    gnutls_pubkey_t public = NULL;
    int code = gnutls_pubkey_init(&public);

    if (code >= 0)
        code = gnutls_pubkey_import_privkey(public, pair->key, 0, 0);
    if (code >= 0)
        code = gnutls_pubkey_get_key_id(public, GNUTLS_KEYID_USE_SHA256, ids[0],
                                        &bytes[0]);
    if (code >= 0)
        code = gnutls_pubkey_get_key_id(pair->certificates[0].pubkey,
                                        GNUTLS_KEYID_USE_SHA256, ids[1], &bytes[1]);
    if (public)
        gnutls_pubkey_deinit(public);
    if (code < 0)
        return refuse(err, tls->key_file, code, "the key cannot be used");
    if (bytes[0] != bytes[1] || memcmp(ids[0], ids[1], bytes[0]) != 0)
        return cdn_error_set(err, CORDON_E_DATA,
                             "%s is not the key of the certificate in %s; the "
                             "server's own comes first there",
                             tls->key_file, tls->certificate_file);
    return CORDON_OK;
}

static cordon_status load_pair(struct pair **out, const struct cdn_tls *tls,
                               cordon_error *err)
{
    struct pair *pair = cdn_calloc(1, sizeof *pair);
    cordon_status status;

    *out = NULL;
    if (!pair)
        return cdn_error_nomem(err);
    status = load_certificates(pair, tls->certificate_file, err);
    if (!status)
        status = load_key(pair, tls->key_file, err);
    if (!status)
        status = check_pair(pair, tls, err);
    if (status)
        free_pair(pair);
    else
        *out = pair;
    return status;
}

/* ---- the whole ---- */

static cordon_status load_trust(struct cdn_tls *tls, const char *file,
                                cordon_error *err)
{
    gnutls_x509_trust_list_t list = NULL;
    cordon_status status = cdn_file_read(&tls->trust, file, FILE_MAX_BYTES, err);
    gnutls_datum_t data = datum(&tls->trust);
    int code;

    if (status)
        return status;
    code = gnutls_x509_trust_list_init(&list, 0);
    if (code >= 0)
        code = gnutls_x509_trust_list_add_trust_mem(list, &data, NULL,
                                                    GNUTLS_X509_FMT_PEM, 0, 0);
    if (list)
        gnutls_x509_trust_list_deinit(list, 1);
    if (code <= 0)
        return refuse(err, file, code ? code : GNUTLS_E_NO_CERTIFICATE_FOUND,
                      "no certificates of authorities in PEM");
    return CORDON_OK;
}

cordon_status cdn_tls_open(struct cdn_tls **out, const char *certificate,
                           const char *key, const char *client_ca, cordon_error *err)
{
    struct cdn_tls *tls = cdn_calloc(1, sizeof *tls), *none = NULL;
    struct pair *pair = NULL;
    cordon_status status = CORDON_OK;

    *out = NULL;
    if (!tls)
        return cdn_error_nomem(err);
    tls->certificate_file = cdn_strdup(certificate);
    tls->key_file = cdn_strdup(key);
    if (!tls->certificate_file || !tls->key_file)
        status = cdn_error_nomem(err);
    if (!status && client_ca)
        status = load_trust(tls, client_ca, err);
    if (!status)
        status = load_pair(&pair, tls, err);
    atomic_init(&tls->pair, pair);
    if (!status && !atomic_compare_exchange_strong(&current, &none, tls))
        status = cdn_error_set(err, CORDON_E_EXISTS,
                               "another server of this process has TLS");
    if (status) {
        cdn_tls_close(tls);
        return status;
    }
    *out = tls;
    return CORDON_OK;
}

void cdn_tls_close(struct cdn_tls *tls)
{
    struct cdn_tls *mine = tls;
    struct pair *pair;

    if (!tls)
        return;
    (void)atomic_compare_exchange_strong(&current, &mine, NULL);
    pair = atomic_load(&tls->pair);
    while (pair) {
        struct pair *next = pair->next;

        free_pair(pair);
        pair = next;
    }
    cdn_buf_deinit(&tls->trust);
    cdn_free(tls->certificate_file);
    cdn_free(tls->key_file);
    cdn_free(tls);
}

cordon_status cdn_tls_reload(struct cdn_tls *tls, cordon_error *err)
{
    int64_t now_ms = cdn_clock_wall_ms();
    struct pair *pair, *last;
    cordon_status status = load_pair(&pair, tls, err);

    if (status)
        return status;
    pair->next = atomic_load(&tls->pair);
    pair->next->replaced_ms = now_ms;
    atomic_store_explicit(&tls->pair, pair, memory_order_release);
    /* what no handshake can have any more */
    last = pair->next;
    while (last->next && now_ms - last->next->replaced_ms < LINGER_MS)
        last = last->next;
    for (pair = last->next, last->next = NULL; pair;) {
        struct pair *next = pair->next;

        free_pair(pair);
        pair = next;
    }
    return CORDON_OK;
}

bool cdn_tls_warning(char out[CDN_TLS_WARNING_BYTES], const struct cdn_tls *tls,
                     int64_t now_ms)
{
    const struct pair *pair = atomic_load(&tls->pair);
    int64_t left_ms = pair->ends_ms - now_ms;

    if (left_ms < 0)
        snprintf(out, CDN_TLS_WARNING_BYTES,
                 "the certificate in %s has ended; clients will refuse it",
                 tls->certificate_file);
    else if (pair->begins_ms > now_ms)
        snprintf(out, CDN_TLS_WARNING_BYTES,
                 "the certificate in %s does not hold yet; clients will refuse it",
                 tls->certificate_file);
    else if (left_ms < SOON_MS)
        snprintf(out, CDN_TLS_WARNING_BYTES, "the certificate in %s ends in %lld days",
                 tls->certificate_file, (long long)(left_ms / DAY_MS));
    return left_ms < SOON_MS || pair->begins_ms > now_ms;
}

const char *cdn_tls_trust(const struct cdn_tls *tls)
{
    return (const char *)tls->trust.data;
}

/* ---- in a connection ---- */

int cdn_tls_retrieve(gnutls_session_t session, const gnutls_datum_t *authorities,
                     int authority_count, const gnutls_pk_algorithm_t *algorithms,
                     int algorithm_count, gnutls_pcert_st **certificates,
                     unsigned *count, gnutls_privkey_t *key)
{
    struct cdn_tls *tls = atomic_load_explicit(&current, memory_order_acquire);
    struct pair *pair =
        tls ? atomic_load_explicit(&tls->pair, memory_order_acquire) : NULL;

    (void)session;
    (void)authorities;
    (void)authority_count;
    (void)algorithms;
    (void)algorithm_count;
    if (!pair)
        return -1;
    *certificates = pair->certificates;
    *count = pair->count;
    *key = pair->key;
    return 0;
}

bool cdn_tls_subject(char *out, size_t size, gnutls_session_t session)
{
    static unsigned char client[] = GNUTLS_KP_TLS_WWW_CLIENT;
    gnutls_typed_vdata_st purpose = {GNUTLS_DT_KEY_PURPOSE_OID, client, 0};
    unsigned faults = 1, count = 0;
    const gnutls_datum_t *shown = gnutls_certificate_get_peers(session, &count);
    gnutls_x509_crt_t certificate = NULL;
    gnutls_datum_t name = {NULL, 0};
    bool known = false;

    if (!shown || !count ||
        gnutls_certificate_verify_peers(session, &purpose, 1, &faults) < 0 || faults)
        return false;
    if (gnutls_x509_crt_init(&certificate) < 0)
        return false;
    if (gnutls_x509_crt_import(certificate, &shown[0], GNUTLS_X509_FMT_DER) >= 0 &&
        gnutls_x509_crt_get_dn3(certificate, &name, 0) >= 0 && name.size < size &&
        !memchr(name.data, '\0', name.size)) {
        memcpy(out, name.data, name.size);
        out[name.size] = '\0';
        known = name.size > 0;
    }
    gnutls_free(name.data);
    gnutls_x509_crt_deinit(certificate);
    return known;
}
