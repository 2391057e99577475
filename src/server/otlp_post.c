/* One HTTP request to a collector.
 *
 * A handle of libcurl's is made once and used for every batch, so that the connection is kept.
 * CURLOPT_NOSIGNAL keeps it from touching the process's signals. */
#include "server/otlp_post.h"

#include <cordon/version.h>
#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"

#define TRACES_PATH "/v1/traces"

struct cdn_otlp_post {
    CURL *curl;
    struct curl_slist *headers;
    bool (*give_up)(void *ud);
    void *ud;
    struct cdn_otlp_answer *answer; /* of the request under way */
};

static void make_ready(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* ---- callbacks ---- */

/* More than there is room for is read and dropped. */
static size_t receive(char *bytes, size_t size, size_t count, void *ud)
{
    struct cdn_otlp_post *post = ud;
    struct cdn_otlp_answer *answer = post->answer;
    size_t room = sizeof answer->body - answer->bytes;
    size_t take = size * count < room ? size * count : room;

    memcpy(answer->body + answer->bytes, bytes, take);
    answer->bytes += take;
    return size * count;
}

static int progress(void *ud, curl_off_t down, curl_off_t so_far, curl_off_t up,
                    curl_off_t sent)
{
    struct cdn_otlp_post *post = ud;

    (void)down;
    (void)so_far;
    (void)up;
    (void)sent;
    return post->give_up(post->ud);
}

/* ---- opening ---- */

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);

    return length >= tail && !strcmp(text + length - tail, end);
}

/* Put the path that is meant behind the one that is there. */
static CURLUcode complete_path(CURLU *url)
{
    char path[1024];
    char *there = NULL;
    CURLUcode failure = curl_url_get(url, CURLUPART_PATH, &there, 0);
    size_t length;

    if (failure)
        return failure;
    length = strlen(there);
    while (length && there[length - 1] == '/')
        there[--length] = '\0';
    if (length + sizeof TRACES_PATH > sizeof path)
        failure = CURLUE_MALFORMED_INPUT;
    else if (ends_with(there, TRACES_PATH))
        failure = curl_url_set(url, CURLUPART_PATH, there, 0);
    else {
        (void)snprintf(path, sizeof path, "%s" TRACES_PATH, there);
        failure = curl_url_set(url, CURLUPART_PATH, path, 0);
    }
    curl_free(there);
    return failure;
}

/* The address, as libcurl reads it; its own word for what is wrong. */
static CURLUcode read_url(CURLU *url, char **scheme, const char *endpoint)
{
    CURLUcode failure =
        curl_url_set(url, CURLUPART_URL, endpoint, CURLU_NON_SUPPORT_SCHEME);

    if (!failure)
        failure = curl_url_get(url, CURLUPART_SCHEME, scheme, 0);
    return failure ? failure : complete_path(url);
}

static cordon_status set_url(struct cdn_otlp_post *post, const char *endpoint,
                             cordon_error *err)
{
    CURLU *url = curl_url();
    char *whole = NULL, *scheme = NULL;
    cordon_status status = CORDON_OK;
    CURLUcode failure;

    if (!url)
        return cdn_error_nomem(err);
    failure = read_url(url, &scheme, endpoint);
    if (failure && failure != CURLUE_OUT_OF_MEMORY)
        status = cdn_error_set(err, CORDON_E_INVALID,
                               "the collector's address '%s' is none (%s); as in "
                               "http://127.0.0.1:4318",
                               endpoint, curl_url_strerror(failure));
    else if (!failure && strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0)
        status =
            cdn_error_set(err, CORDON_E_INVALID,
                          "the collector's address '%s' is of the scheme '%s'; only "
                          "http and https are known",
                          endpoint, scheme);
    else if (failure || curl_url_get(url, CURLUPART_URL, &whole, 0) ||
             curl_easy_setopt(post->curl, CURLOPT_URL, whole))
        status = cdn_error_nomem(err);
    curl_free(whole);
    curl_free(scheme);
    curl_url_cleanup(url);
    return status;
}

static cordon_status add_header(struct cdn_otlp_post *post, const char *header,
                                cordon_error *err)
{
    struct curl_slist *longer;
    const char *colon = strchr(header, ':');

    if (!colon || colon == header || header[strcspn(header, "\r\n")])
        return cdn_error_set(
            err, CORDON_E_INVALID,
            "a header for the collector must be one line, 'Name: value'");
    longer = curl_slist_append(post->headers, header);
    if (!longer)
        return cdn_error_nomem(err);
    post->headers = longer;
    return CORDON_OK;
}

static cordon_status set_headers(struct cdn_otlp_post *post, const char *const *headers,
                                 size_t count, cordon_error *err)
{
    cordon_status status = add_header(post, "Content-Type: application/json", err);

    for (size_t i = 0; !status && i < count; i++)
        status = add_header(post, headers[i], err);
    if (status)
        return status;
    return curl_easy_setopt(post->curl, CURLOPT_HTTPHEADER, post->headers)
               ? cdn_error_nomem(err)
               : CORDON_OK;
}

static cordon_status set_options(struct cdn_otlp_post *post, const char *ca_file,
                                 uint32_t timeout_ms, cordon_error *err)
{
    CURL *curl = post->curl;
    unsigned failed = 0;

    failed |= curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    failed |= curl_easy_setopt(curl, CURLOPT_POST, 1L);
    failed |= curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    failed |= curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    failed |= curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    failed |= curl_easy_setopt(curl, CURLOPT_USERAGENT, "cordon/" CORDON_VERSION);
    failed |= curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive);
    failed |= curl_easy_setopt(curl, CURLOPT_WRITEDATA, post);
    failed |= curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, progress);
    failed |= curl_easy_setopt(curl, CURLOPT_XFERINFODATA, post);
    failed |= curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    if (ca_file)
        failed |= curl_easy_setopt(curl, CURLOPT_CAINFO, ca_file);
    return failed ? cdn_error_nomem(err) : CORDON_OK;
}

cordon_status cdn_otlp_post_open(struct cdn_otlp_post **out, const char *endpoint,
                                 const char *const *headers, size_t header_count,
                                 const char *ca_file, uint32_t timeout_ms,
                                 bool (*give_up)(void *ud), void *ud, cordon_error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct cdn_otlp_post *post = cdn_calloc(1, sizeof *post);
    cordon_status status;

    *out = NULL;
    if (!post)
        return cdn_error_nomem(err);
    pthread_once(&once, make_ready);
    post->give_up = give_up;
    post->ud = ud;
    post->curl = curl_easy_init();
    status =
        post->curl ? set_options(post, ca_file, timeout_ms, err) : cdn_error_nomem(err);
    if (!status)
        status = set_url(post, endpoint, err);
    if (!status)
        status = set_headers(post, headers, header_count, err);
    if (status) {
        cdn_otlp_post_close(post);
        return status;
    }
    *out = post;
    return CORDON_OK;
}

void cdn_otlp_post_close(struct cdn_otlp_post *post)
{
    if (!post)
        return;
    curl_easy_cleanup(post->curl);
    curl_slist_free_all(post->headers);
    cdn_free(post);
}

void cdn_otlp_post_send(struct cdn_otlp_answer *out, struct cdn_otlp_post *post,
                        const void *body, size_t bytes)
{
    curl_off_t after = 0;
    long status = 0;
    CURLcode failure;

    out->status = 0;
    out->retry_after_s = 0;
    out->bytes = 0;
    out->error[0] = '\0';
    post->answer = out;
    curl_easy_setopt(post->curl, CURLOPT_POSTFIELDS, (const char *)body);
    curl_easy_setopt(post->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)bytes);
    failure = curl_easy_perform(post->curl);
    post->answer = NULL;
    if (failure) {
        (void)snprintf(out->error, sizeof out->error, "%s",
                       curl_easy_strerror(failure));
        return;
    }
    if (!curl_easy_getinfo(post->curl, CURLINFO_RESPONSE_CODE, &status) && status > 0)
        out->status = (unsigned)status;
    if (!curl_easy_getinfo(post->curl, CURLINFO_RETRY_AFTER, &after) && after > 0)
        out->retry_after_s = after < 3600 ? (uint32_t)after : 3600;
}
