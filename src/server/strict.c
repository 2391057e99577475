/* One walk over the headers, which libmicrohttpd bounds, and what was seen of them. */
#include "server/strict.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

struct seen {
    unsigned lengths, codings, hosts, tokens;
    const char *fault;      /* of any header */
    const char *coding;     /* Transfer-Encoding */
    const char *compressed; /* Content-Encoding */
};

static bool is(const char *name, size_t bytes, const char *wanted)
{
    return bytes == strlen(wanted) && !strncasecmp(name, wanted, bytes);
}

static enum MHD_Result look(void *cls, enum MHD_ValueKind kind, const char *name,
                            size_t name_bytes, const char *value, size_t value_bytes)
{
    struct seen *seen = cls;

    (void)kind;
    if (!value)
        value = "";
    for (size_t i = 0; i < value_bytes; i++)
        if (((unsigned char)value[i] < 0x20 && value[i] != '\t') || value[i] == 0x7f)
            seen->fault = "a header has control characters in its value";
    for (size_t i = 0; i < name_bytes; i++)
        if (!isalnum((unsigned char)name[i]) && !strchr("!#$%&'*+-.^_`|~", name[i]))
            seen->fault = "a header's name has characters that no name has";
    if (!name_bytes)
        seen->fault = "a header has no name";
    if (is(name, name_bytes, "Content-Length")) {
        seen->lengths++;
        if (!value_bytes || value_bytes > 18 ||
            strspn(value, "0123456789") != value_bytes)
            seen->fault = "Content-Length is no number";
    } else if (is(name, name_bytes, "Transfer-Encoding")) {
        seen->codings++;
        seen->coding = value;
    } else if (is(name, name_bytes, "Content-Encoding")) {
        seen->compressed = value;
    } else if (is(name, name_bytes, "Host")) {
        seen->hosts++;
    } else if (is(name, name_bytes, "Authorization")) {
        seen->tokens++;
    }
    return MHD_YES;
}

/* What about the message is not to be trusted; NULL: nothing. */
static const char *fault_of(const struct seen *seen, const char *version)
{
    bool old = !strcmp(version, "HTTP/1.0");

    if (seen->fault)
        return seen->fault;
    if (seen->lengths > 1)
        return "Content-Length is there twice";
    if (seen->codings && seen->lengths)
        return "Content-Length beside Transfer-Encoding";
    if (seen->codings > 1)
        return "Transfer-Encoding is there twice";
    if (seen->codings && old)
        return "HTTP/1.0 has no Transfer-Encoding";
    if (seen->hosts > 1 || (!seen->hosts && !old))
        return "one Host is wanted";
    if (seen->tokens > 1)
        return "Authorization is there twice";
    return NULL;
}

bool cdn_strict_check(struct cdn_exchange *x, struct MHD_Connection *connection,
                      const char *version)
{
    struct seen seen = {0};
    const char *fault;

    (void)MHD_get_connection_values_n(connection, MHD_HEADER_KIND, look, &seen);
    fault = fault_of(&seen, version);
    if (strcmp(version, "HTTP/1.1") != 0 && strcmp(version, "HTTP/1.0") != 0)
        cdn_exchange_problem(x, 505, "version", "HTTP/1.1 is spoken here");
    else if (fault)
        cdn_exchange_problem(x, 400, "message", "%s", fault);
    else if (seen.coding && strcasecmp(seen.coding, "chunked") != 0)
        cdn_exchange_problem(x, 501, "transfer-coding",
                             "chunked is the one transfer coding that is understood");
    else if (seen.compressed && *seen.compressed &&
             strcasecmp(seen.compressed, "identity") != 0) {
        cdn_exchange_problem(x, 415, "content-coding",
                             "a body comes as it is, in no Content-Encoding");
        cdn_exchange_set_header(x, "Accept-Encoding", "identity");
    } else {
        return true;
    }
    cdn_exchange_set_header(x, "Connection", "close");
    return false;
}

bool cdn_strict_query(const char *query)
{
    for (; *query; query++)
        if (*query == '%' &&
            (!isxdigit((unsigned char)query[1]) || !isxdigit((unsigned char)query[2]) ||
             (query[1] == '0' && query[2] == '0')))
            return false;
    return true;
}
