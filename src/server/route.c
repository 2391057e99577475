/* Routes: finding the one of a path.
 *
 * There are some fifty, so a walk over all of them costs less than the system calls of one
 * request; most part at their first different character.  A shape is matched against the
 * path as it was sent, and what its braces take is decoded afterwards: an encoded "/" in a
 * node's key is a character of the key. */
#include "server/route.h"

#include <string.h>

#include "server/exchange.h"
#include "server/host.h"
#include "server/pieces.h"
#include "server/server.h"

/* clang-format off */
const struct cdn_route *const cdn_route_pieces[] = {
    cdn_routes_batch,
    cdn_routes_config,
    cdn_routes_decisions,
    cdn_routes_evaluate,
    cdn_routes_graph,
    cdn_routes_health,
    cdn_routes_page,
    cdn_routes_proposals,
    cdn_routes_reload,
    cdn_routes_rollouts,
    cdn_routes_rules,
    cdn_routes_rules_change,
    cdn_routes_shadows,
    NULL,
};
/* clang-format on */

/* What the braces of a shape take of a path. */
struct span {
    const char *text;
    size_t bytes;
};

/* How much of `path` the braces take, whose shape goes on with `rest`: the segment, or what
 * of it stands before the verb that ends it.  0: it does not match. */
static size_t take(const char *path, const char *rest)
{
    size_t bytes = strcspn(path, "/");
    size_t verb = *rest == ':' ? strcspn(rest, "/") : 0;

    if (verb >= bytes)
        return verb ? 0 : bytes;
    return verb && memcmp(path + bytes - verb, rest, verb) != 0 ? 0 : bytes - verb;
}

/* Does the path match, and what do the braces take?  *count: how many there are. */
static bool match(struct span spans[CDN_ROUTE_MAX_ARGS], size_t *count,
                  const char *shape, const char *path)
{
    *count = 0;
    while (*shape) {
        if (*shape != '{') {
            if (*shape++ != *path++)
                return false;
            continue;
        }
        if (*count == CDN_ROUTE_MAX_ARGS)
            return false;
        shape = strchr(shape, '}') + 1;
        spans[*count].text = path;
        spans[*count].bytes = take(path, shape);
        if (!spans[*count].bytes)
            return false;
        path += spans[(*count)++].bytes;
    }
    return !*path;
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Is each "%" of a path followed by two digits that are not those of a NUL? */
static bool escapes_hold(const char *path)
{
    while ((path = strchr(path, '%'))) {
        int high = digit(path[1]);
        int low = high < 0 ? -1 : digit(path[2]);

        if (low < 0 || high + low == 0)
            return false;
        path += 3;
    }
    return true;
}

/* Into `out`, ended by a NUL; returns what is behind that.  The escapes hold, and none reaches
 * beyond a span: what ends one is no digit. */
static char *decode(char *out, const struct span *span)
{
    const char *end = span->text + span->bytes;

    for (const char *at = span->text; at < end; at++) {
        if (*at != '%') {
            *out++ = *at;
            continue;
        }
        *out++ = (char)(digit(at[1]) * 16 + digit(at[2]));
        at += 2;
    }
    *out = '\0';
    return out + 1;
}

/* False: memory ran out (x->path.failed). */
static bool take_args(struct cdn_exchange *x, const struct span *spans, size_t count)
{
    size_t bytes = 0;
    char *to;

    for (size_t i = 0; i < count; i++)
        bytes += spans[i].bytes + 1;
    cdn_buf_clear(&x->path);
    if (!cdn_buf_reserve(&x->path, bytes + 1))
        return false;
    to = (char *)x->path.data;
    for (size_t i = 0; i < count; i++) {
        x->args[i] = to;
        to = decode(to, &spans[i]);
    }
    return true;
}

/* The route of `piece`, if it has one. */
static const struct cdn_route *find_in(const struct cdn_route *piece,
                                       struct cdn_exchange *x, enum cdn_method method,
                                       const char *path, unsigned *allowed)
{
    struct span spans[CDN_ROUTE_MAX_ARGS];
    size_t count;

    for (const struct cdn_route *route = piece; route->path; route++) {
        if (!match(spans, &count, route->path, path))
            continue;
        if (route->method == method)
            return take_args(x, spans, count) ? route : NULL;
        *allowed |= 1u << route->method;
    }
    return NULL;
}

const struct cdn_route *cdn_route_find(struct cdn_exchange *x, enum cdn_method method,
                                       const char *path, unsigned *allowed)
{
    const struct cdn_route *more = x->host ? x->host->options->routes : NULL;
    const struct cdn_route *found = NULL;

    *allowed = 0;
    if (!escapes_hold(path)) /* whatever the method: nothing has such a path */
        return NULL;
    for (const struct cdn_route *const *piece = cdn_route_pieces; *piece && !found;
         piece++)
        found = find_in(*piece, x, method, path, allowed);
    return found || !more ? found : find_in(more, x, method, path, allowed);
}
