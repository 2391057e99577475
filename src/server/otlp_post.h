/* One HTTP request to a collector (home of curl/curl.h): bounded in time and in what is read of
 * the answer, no redirects, no protocol but http and https.
 *
 * Threads: one at a time; libcurl itself is made ready once a process, at the first open. */
#ifndef CDN_SERVER_OTLP_POST_H
#define CDN_SERVER_OTLP_POST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cordon/error.h>

#define CDN_OTLP_ANSWER_BYTES 4096
#define CDN_OTLP_ERROR_BYTES  256

struct cdn_otlp_post;

/* What came back. */
struct cdn_otlp_answer {
    unsigned status; /* of HTTP; 0: there was no answer, see `error` */
    uint32_t retry_after_s;
    size_t bytes;
    char body[CDN_OTLP_ANSWER_BYTES]; /* its beginning */
    char error[CDN_OTLP_ERROR_BYTES];
};

/* `headers` are "Name: value".  `give_up` is asked about once a second during a request.
 * Errors: CORDON_E_INVALID the endpoint or a header is none, CORDON_E_NOMEM. */
cordon_status cdn_otlp_post_open(struct cdn_otlp_post **out, const char *endpoint,
                                 const char *const *headers, size_t header_count,
                                 const char *ca_file, uint32_t timeout_ms,
                                 bool (*give_up)(void *ud), void *ud,
                                 cordon_error *err);
void cdn_otlp_post_close(struct cdn_otlp_post *post); /* accepts NULL */
void cdn_otlp_post_send(struct cdn_otlp_answer *out, struct cdn_otlp_post *post,
                        const void *body, size_t bytes);

#endif
