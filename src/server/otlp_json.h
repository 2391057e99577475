/* A batch of spans as an ExportTraceServiceRequest in OTLP's JSON encoding: identifiers are
 * hexadecimal, 64-bit integers are text, enumerations are numbers. */
#ifndef CDN_SERVER_OTLP_JSON_H
#define CDN_SERVER_OTLP_JSON_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "server/span_ring.h"

/* Append the request; out->failed says that memory ran out. */
void cdn_otlp_json(struct cdn_buf *out, const char *service,
                   const struct cdn_span *spans, size_t count);

/* How many of them an ExportTraceServiceResponse says were refused; 0 where it is none. */
uint64_t cdn_otlp_rejected(const char *response, size_t bytes);

#endif
