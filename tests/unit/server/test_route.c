/* Finding the route of a path. */
#include "support/unit.h"

#include <string.h>

#include "base/alloc.h"
#include "server/exchange.h"
#include "server/route.h"

/* The route's template, "" for none; arguments lie in x. */
static const char *find(struct cdn_exchange *x, enum cdn_method method,
                        const char *path, unsigned *allowed)
{
    size_t bytes = strlen(path) + 1;
    char *copy = cdn_unit_exact(path, bytes);
    const struct cdn_route *route = cdn_route_find(x, method, copy, allowed);

    free(copy);
    return route ? route->path : "";
}

static const struct {
    enum cdn_method method;
    const char *path;
    const char *route;
    const char *args[2];
} found[] = {
    {CDN_METHOD_GET, "/healthz", "/healthz", {NULL, NULL}},
    {CDN_METHOD_POST, "/v1/evaluate", "/v1/evaluate", {NULL, NULL}},
    {CDN_METHOD_POST,
     "/v1/evaluate/velocity",
     "/v1/evaluate/{rule}",
     {"velocity", NULL}},
    {CDN_METHOD_POST, "/v1/evaluate/a%2Fb%20c", "/v1/evaluate/{rule}", {"a/b c", NULL}},
    {CDN_METHOD_POST, "/v1/evaluate/%c3%A9", "/v1/evaluate/{rule}", {"\xc3\xa9", NULL}},
    {CDN_METHOD_POST, "/v1/sets/s:evaluate", "/v1/sets/{set}:evaluate", {"s", NULL}},
    /* the verb is what ends the segment: what stands before it may have its own */
    {CDN_METHOD_POST,
     "/v1/sets/a:evaluate:evaluate",
     "/v1/sets/{set}:evaluate",
     {"a:evaluate", NULL}},
};

START_TEST(find__gives_the_route_and_its_arguments)
{
    struct cdn_exchange x = {0};
    unsigned allowed;

    ck_assert_str_eq(find(&x, found[_i].method, found[_i].path, &allowed),
                     found[_i].route);
    for (size_t i = 0; i < 2; i++) {
        if (found[_i].args[i])
            ck_assert_str_eq(x.args[i], found[_i].args[i]);
        else
            ck_assert_ptr_null(x.args[i]);
    }
    cdn_exchange_deinit(&x);
}
END_TEST

static const char *const missing[] = {
    "",
    "/healthz/",
    "/Healthz",
    "/healthz%20",
    "/v1/evaluate/",
    "/v1/evaluate//",
    "/v1/evaluate/a/b",
    "/v1/evaluate/a%00b",
    "/v1/evaluate/a%",
    "/v1/evaluate/a%4",
    "/v1/evaluate/a%zz",
    "/v1/sets/:evaluate",
    "/v1/sets/a:evaluat",
    "/v1/sets/a:evaluate/",
    "/v1/sets/a",
};

START_TEST(find__says_where_there_is_none)
{
    struct cdn_exchange x = {0};
    unsigned allowed;

    ck_assert_str_eq(find(&x, CDN_METHOD_POST, missing[_i], &allowed), "");
    cdn_exchange_deinit(&x);
}
END_TEST

START_TEST(find__says_which_methods_a_path_has)
{
    struct cdn_exchange x = {0};
    unsigned allowed;

    ck_assert_str_eq(find(&x, CDN_METHOD_DELETE, "/healthz", &allowed), "");
    ck_assert_uint_eq(allowed, 1u << CDN_METHOD_GET);
    ck_assert_str_eq(find(&x, (enum cdn_method)0, "/v1/evaluate/x", &allowed), "");
    ck_assert_uint_eq(allowed, 1u << CDN_METHOD_POST);
    ck_assert_str_eq(find(&x, CDN_METHOD_GET, "/none", &allowed), "");
    ck_assert_uint_eq(allowed, 0);
    /* nor has a path that cannot be decoded any, though its shape is known */
    ck_assert_str_eq(find(&x, CDN_METHOD_PUT, "/v1/rules/a%00b", &allowed), "");
    ck_assert_uint_eq(allowed, 0);
    ck_assert_str_eq(find(&x, CDN_METHOD_GET, "/v1/evaluate/a%zz", &allowed), "");
    ck_assert_uint_eq(allowed, 0);
    cdn_exchange_deinit(&x);
}
END_TEST

/* What the table itself promises: names of its own, and one route a method and path. */
START_TEST(table__has_no_route_twice)
{
    for (const struct cdn_route *const *p = cdn_route_pieces; *p; p++) {
        for (const struct cdn_route *a = *p; a->path; a++) {
            ck_assert_msg(a->handle && a->operation && a->summary && a->method &&
                              a->place,
                          "%s lacks something", a->path);
            for (const struct cdn_route *const *q = cdn_route_pieces; *q; q++) {
                for (const struct cdn_route *b = *q; b->path; b++) {
                    if (a == b)
                        continue;
                    ck_assert_msg(strcmp(a->operation, b->operation) != 0, "%s twice",
                                  a->operation);
                    ck_assert_msg(a->method != b->method ||
                                      strcmp(a->path, b->path) != 0,
                                  "%s twice", a->path);
                }
            }
        }
    }
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(find__survives_every_allocation_failure)
{
    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_exchange x = {0};
        unsigned allowed;
        const struct cdn_route *route =
            cdn_route_find(&x, CDN_METHOD_POST, "/v1/evaluate/velocity", &allowed);

        ck_assert(!route == cdn_failalloc_fired());
        ck_assert(x.path.failed == cdn_failalloc_fired());
        cdn_exchange_deinit(&x);
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("route");

    CDN_UNIT_LOOP(s, find__gives_the_route_and_its_arguments, 0, CDN_UNIT_COUNT(found));
    CDN_UNIT_LOOP(s, find__says_where_there_is_none, 0, CDN_UNIT_COUNT(missing));
    CDN_UNIT_CASE(s, find__says_which_methods_a_path_has);
    CDN_UNIT_CASE(s, table__has_no_route_twice);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, find__survives_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
